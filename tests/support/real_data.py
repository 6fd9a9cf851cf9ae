"""The real data that tests may read: not in the repository, so they skip where it is absent."""

import os
from pathlib import Path

import pytest


def real_data(name: str) -> Path:
    """`GUANJIA_DATA`, or `../shared/data` beside the checkout. Skips when it is not there."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("GUANJIA_DATA") or beside) / name
    if not path.exists():
        pytest.skip(f"no real data: set GUANJIA_DATA to a folder with {name}")
    return path
