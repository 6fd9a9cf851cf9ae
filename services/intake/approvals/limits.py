"""Who approves what, by kind, category, place and amount: a table in a file of the office.

`GUANJIA_APPROVALS_FILE` names it. The first row that fits counts; what none fits goes by the limits
of the settings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

from services.intake.approvals.messages import (
    LIMITS_ORDER_WRONG,
    LIMITS_PLACE_UNKNOWN,
    LIMITS_ROW_WRONG,
    LIMITS_UNIT_WRONG,
    LIMITS_UNREADABLE,
    LIMITS_WORD_UNKNOWN,
)
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import LABELS, Area, Category, Kind, Need
from shared.documents import Document
from shared.errors import Invalid, Problem
from shared.money import parse_amount, parse_quantity
from shared.sheets import Column, Columns, RefusedRow, Row, open_sheet
from shared.text import fold_text
from shared.towns import parse_town, parse_village

EVERYTHING = "全部"
MONEY, THINGS = "元", "件"
W = TypeVar("W", Kind, Category)
_SPLIT = re.compile(r"[\s、;,/|]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """Inclusive: up to `opens` it opens by itself, up to each other one that level approves. Above
    `city` the joint meeting decides."""

    opens: int
    village: int
    town: int
    city: int

    def find_level(self, quantity: int) -> ApprovalLevel | None:
        """None: nobody has to approve it."""
        if quantity <= self.opens:
            return None
        if quantity <= self.village:
            return "village"
        return "town" if quantity <= self.town else "city"


@dataclass(frozen=True, slots=True)
class LimitRow:
    """area_codes: of towns and villages; empty is the whole city. is_money: else of things."""

    kinds: frozenset[Kind]
    categories: frozenset[Category]
    area_codes: frozenset[str]
    is_money: bool
    limits: Limits

    def fits(self, kind: Kind, category: Category, need: Need, area: Area) -> bool:
        is_there = not self.area_codes or bool(
            self.area_codes & {area.town_code, area.village_code or ""}
        )
        is_that = kind in self.kinds and category in self.categories
        return is_that and is_there and need.is_money == self.is_money


@dataclass(frozen=True, slots=True)
class ApprovalTable:
    rows: tuple[LimitRow, ...] = ()

    def find(self, kind: Kind, category: Category, need: Need, area: Area) -> Limits | None:
        return next((row.limits for row in self.rows if row.fits(kind, category, need, area)), None)


# --- the file -------------------------------------------------------------------------------------


def _parse_words(words: type[W], text: str, field: str) -> frozenset[W]:
    labels = {LABELS[word]: word for word in words}
    labels |= {label.removeprefix("民生"): word for label, word in labels.items()}
    names = [name for name in _SPLIT.split(fold_text(text)) if name]
    if EVERYTHING in names:
        return frozenset(words)
    for name in names:
        if name not in labels:
            raise LIMITS_WORD_UNKNOWN.invalid(field, word=name, labels="、".join(labels))
    return frozenset(labels[name] for name in names)


def _parse_places(text: str, field: str) -> frozenset[str]:
    """By name or code; villages by code."""
    names = [name for name in _SPLIT.split(fold_text(text)) if name]
    return frozenset(parse_place(name, field) for name in names if name not in (EVERYTHING, "全市"))


def parse_place(name: str, field: str) -> str:
    try:
        return parse_village(name) if name.isdigit() and len(name) > 9 else parse_town(name)
    except Invalid:
        raise LIMITS_PLACE_UNKNOWN.invalid(field, name=name) from None


def _parse_unit(text: str, field: str) -> bool:
    folded = fold_text(text)
    if folded not in (MONEY, THINGS):
        raise LIMITS_UNIT_WRONG.invalid(field)
    return folded == MONEY


COLUMNS = Columns(
    (
        Column("kinds", "类型", partial(_parse_words, Kind)),
        Column("categories", "诉求类别", partial(_parse_words, Category)),
        Column("area_codes", "地区 镇街", _parse_places),
        Column("is_money", "计量", _parse_unit, required=True),
        Column("opens", "直接公开", required=True),
        Column("village", "村级", required=True),
        Column("town", "镇级", required=True),
        Column("city", "市级", required=True),
    )
)


@cache
def load_approvals(file: Path | None = None) -> ApprovalTable:
    """Of this file; empty without one. Raises Invalid with everything that is wrong."""
    if file is None:
        return ApprovalTable()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise LIMITS_UNREADABLE.invalid(reason=error.strerror or type(error).__name__) from None
    return read_approvals(content)


def read_approvals(content: bytes) -> ApprovalTable:
    """Raises Invalid."""
    rows: list[LimitRow] = []
    problems: list[Problem] = []
    for row in open_sheet(content).find_table(COLUMNS):
        if isinstance(row, RefusedRow):
            problems.extend(_place(row.line, row.problems))
        elif isinstance(row, Row):
            try:
                rows.append(_make_row(row.values))
            except Invalid as error:
                problems.extend(_place(row.line, error.problems))
    if problems:
        raise Invalid(*problems)
    return ApprovalTable(tuple(rows))


def _make_row(values: Document) -> LimitRow:
    """Raises Invalid."""
    is_money = values["is_money"]
    limits = Limits(
        **{name: _parse_limit(values[name], name, is_money=is_money) for name in _LEVELS}
    )
    if not limits.opens <= limits.village <= limits.town <= limits.city:
        raise LIMITS_ORDER_WRONG.invalid("city")
    return LimitRow(
        kinds=values.get("kinds") or frozenset(Kind),
        categories=values.get("categories") or frozenset(Category),
        area_codes=values.get("area_codes") or frozenset(),
        is_money=is_money,
        limits=limits,
    )


_LEVELS = ("opens", "village", "town", "city")


def _parse_limit(text: str, field: str, *, is_money: bool) -> int:
    """0: nothing of it."""
    if fold_text(text) == "0":
        return 0
    return parse_amount(text, field) if is_money else parse_quantity(text, field)


def _place(line: int, problems: tuple[Problem, ...]) -> Iterator[Problem]:
    return (
        LIMITS_ROW_WRONG.problem(each.field, line=line, zh=each.zh, en=each.en) for each in problems
    )
