"""The file of the catalogue: read by the one reader of sheets, checked before it counts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from shared.catalogue.messages import (
    CATALOGUE_UNREADABLE,
    ROW_WRONG,
    SUBSTITUTE_UNKNOWN,
    WORD_AMBIGUOUS,
)
from shared.catalogue.reading import Catalogue, Entry, Unit, find_conflicts
from shared.contracts.values import LABELS, Category
from shared.errors import Invalid, Problem
from shared.sheets import Column, Columns, RefusedRow, Row, open_sheet, parse_folded
from shared.sheets.messages import WORD_UNKNOWN
from shared.text import fold_text

PACKAGED = Path(__file__).parent / "items.csv"
_LIST = re.compile(r"[\s、;,/|]+")
_CATEGORIES = {LABELS[category]: category for category in Category}


def _parse_list(text: str, _: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in _LIST.split(fold_text(text)) if word))


def _parse_category(text: str, field: str) -> Category:
    category = _CATEGORIES.get(fold_text(text))
    if category is None:
        names = ", ".join(Category)
        raise WORD_UNKNOWN.invalid(field, label="类别", labels="、".join(_CATEGORIES), names=names)
    return category


COLUMNS = Columns(
    (
        Column("item", "物品 名称", parse_folded, required=True, may_be_empty=True),
        Column("unit", "单位", parse_folded, required=True),
        Column("category", "类别", _parse_category),
        Column("synonyms", "别名 俗称", _parse_list),
        Column("unit_synonyms", "单位别名", _parse_list),
        Column("substitutes", "可替代 替代品", _parse_list),
    )
)


@cache
def load_catalogue(file: Path | None = None) -> Catalogue:
    """Of this file, or the one that is installed. Raises Invalid with everything that is wrong."""
    try:
        content = (file or PACKAGED).read_bytes()
    except OSError as error:
        raise CATALOGUE_UNREADABLE.invalid(reason=error.strerror or type(error).__name__) from None
    return read_catalogue(content)


def read_catalogue(content: bytes) -> Catalogue:
    """Raises Invalid."""
    rows = list(open_sheet(content).find_table(COLUMNS))
    refused = [row for row in rows if isinstance(row, RefusedRow)]
    if refused:
        raise Invalid(*(_place(row.line, problem) for row in refused for problem in row.problems))
    entries = tuple(_read_entry(row) for row in _list_rows(rows) if "item" in row.values)
    units = tuple(_read_unit(row) for row in _list_rows(rows) if "item" not in row.values)
    if problems := tuple(_find_problems(entries)):
        raise Invalid(*problems)
    return Catalogue(entries, units)


def _list_rows(rows: Sequence[object]) -> Iterator[Row]:
    return (row for row in rows if isinstance(row, Row))


def _place(line: int, problem: Problem) -> Problem:
    wrong = ROW_WRONG.problem(line=line, zh=problem.zh, en=problem.en)
    return replace(wrong, code=problem.code)


def _read_entry(row: Row) -> Entry:
    category = row.values.get("category")
    return Entry(
        name=row.text("item"),
        unit=row.text("unit"),
        category=category if isinstance(category, Category) else None,
        synonyms=_split_words(row, "synonyms"),
        unit_synonyms=_split_words(row, "unit_synonyms"),
        substitutes=_split_words(row, "substitutes"),
    )


def _read_unit(row: Row) -> Unit:
    return Unit(row.text("unit"), _split_words(row, "unit_synonyms"))


def _split_words(row: Row, name: str) -> tuple[str, ...]:
    words = row.values.get(name, ())
    assert isinstance(words, tuple)
    return words


def _find_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    for word, owner, other in find_conflicts(entries):
        yield WORD_AMBIGUOUS.problem("synonyms", word=word, owner=owner, other=other)
    names = {entry.name for entry in entries}
    for entry in entries:
        for word in entry.substitutes:
            if word not in names:
                yield SUBSTITUTE_UNKNOWN.problem("substitutes", word=word, item=entry.name)
