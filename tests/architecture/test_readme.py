"""The README and the documents lead to what is there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.repository_files import files, text_of

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"`((?:services|shared|deploy|tests|docs|\.ci)/[\w./-]*)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
# Written from the code, with the places as they are then: `tests/system/test_docs.py` compares it.
GENERATED = {"docs/data.md"}
GUIDES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/how-to").glob("*.md"))
CODE = re.compile(r"`([^`\n]+)`")
NAME = re.compile(r"\b(?:[a-z]+_[a-z_]*[a-z]|[A-Z]+_[A-Z_]*[A-Z]|(?:[A-Z][a-z]+){2,})\b")
"""`snake_case`, `UPPER_CASE` and `CamelCase`: what is a name of the code and no word."""
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


@cache
def list_words() -> frozenset[str]:
    """Of everything that is no document: names, and the names of files."""
    sources = [file for file in files() if file.suffix != ".md"]
    words = {word for file in sources for word in re.findall(r"\w+", text_of(file))}
    return frozenset(words | {file.stem for file in sources})


def list_names(text: str) -> set[str]:
    """Names of the code in a text; of variables `tests/system/test_docs.py` knows."""
    found = {name for code in CODE.findall(text) for name in NAME.findall(code)}
    return {name for name in found if not name.startswith("GUANJIA_")}


@pytest.mark.parametrize("guide", GUIDES)
def test_every_name_of_a_guide_is_in_the_code(guide: str) -> None:
    missing = list_names((ROOT / guide).read_text(encoding="utf-8")) - list_words()
    assert not missing, "it has another name by now, or is gone: follow the guide once"


def test_a_name_is_told_from_a_word() -> None:
    text = "Take `InboundText` to `execute_text`, `GUANJIA_DIGEST_S` in `Duty`, `ROWS_MAX`, `max`."
    assert list_names(text) == {"InboundText", "execute_text", "ROWS_MAX"}
