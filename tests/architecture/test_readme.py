"""The README's map leads to what is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"`((?:services|shared|deploy|tests)/[\w./-]*)`")


def test_every_place_the_readme_names_is_there() -> None:
    named = PLACE.findall((ROOT / "README.md").read_text())
    assert len(named) > 20
    assert [place for place in named if not (ROOT / place).exists()] == []
