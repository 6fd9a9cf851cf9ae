"""The README and the documents lead to what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"`((?:services|shared|deploy|tests|docs|\.ci)/[\w./-]*)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
# Written from the code, with the places as they are then: `tests/system/test_docs.py` compares it.
GENERATED = {"docs/data.md"}
DOCUMENTS = [
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("tests/**/*.md"))
    if path.relative_to(ROOT).as_posix() not in GENERATED
]


def list_links(document: str) -> list[str]:
    """Those that lead to files of the repository."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [link for link in LINK.findall(text) if "://" not in link]


def test_every_place_the_readme_names_is_there() -> None:
    named = PLACE.findall((ROOT / "README.md").read_text())
    assert len(named) > 20
    assert [place for place in named if not (ROOT / place).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_place_and_link_of_a_document_is_there(document: str) -> None:
    places = PLACE.findall((ROOT / document).read_text(encoding="utf-8"))
    assert [place for place in places if not (ROOT / place).exists()] == []
    folder = (ROOT / document).parent
    assert [link for link in list_links(document) if not (folder / link).exists()] == []
