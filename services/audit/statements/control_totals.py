"""Totals that somebody published beside the rows, per list, day or both, held against the rows.

A sheet of them has the amount, and beside it whose total it is: 对账单 the list, 日期 the day in
China, 笔数 how many. What is empty is not compared.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.audit.statements.layout import split_pairs
from shared.contracts.values import CHINA
from shared.errors import Invalid
from shared.moments import parse_moment
from shared.money import parse_amount, parse_quantity
from shared.sheets import Column, Columns, RefusedRow, Row, TotalRow, open_sheet

COLUMNS = (
    Column("statement", "对账单 名单 文件 渠道"),
    Column("day", "日期 到账日期", parse_moment),
    Column("count", "笔数 件数", parse_quantity, single=True),
    Column(
        "amount",
        "金额 金额(元) 合计 合计金额",
        parse_amount,
        required=True,
        may_be_empty=True,
        single=True,
    ),
)


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """line: of the sheet. statement, day: empty and None where the total is of all of them."""

    line: int
    statement: str
    day: date | None
    count: int | None
    amount_fen: int


@dataclass(frozen=True, slots=True)
class TotalDifference:
    """count, amount_fen: of the rows."""

    total: ControlTotal
    count: int
    amount_fen: int


def read_control_totals(content: bytes, columns: Sequence[str] = ()) -> list[ControlTotal]:
    """columns: `ours=theirs`. Rows without an amount are titles. Raises Invalid."""
    totals: list[ControlTotal] = []
    for row in open_sheet(content).find_table(Columns(COLUMNS, mapping=split_pairs(columns))):
        match row:
            case RefusedRow():
                raise Invalid(*row.problems)
            case Row() if "amount" in row.values:
                totals.append(_make_total(row))
            case Row() | TotalRow():
                pass
    return totals


def _make_total(row: Row) -> ControlTotal:
    moment, count, amount = (row.values.get(name) for name in ("day", "count", "amount"))
    assert isinstance(amount, int)
    return ControlTotal(
        row.line,
        row.text("statement"),
        _find_day(moment) if isinstance(moment, datetime) else None,
        count if isinstance(count, int) else None,
        amount,
    )


Key = tuple[str, date | None]


@dataclass(slots=True)
class RowSums:
    """Of the rows of all files: by list, by day, by both, and in all."""

    counts: Counter[Key] = field(default_factory=Counter)
    sums: Counter[Key] = field(default_factory=Counter)

    def add(self, statement: str, received_at: datetime, amount_fen: int) -> None:
        day = _find_day(received_at)
        for key in ((statement, day), (statement, None), ("", day), ("", None)):
            self.counts[key] += 1
            self.sums[key] += amount_fen

    def compare(self, totals: Iterable[ControlTotal]) -> Iterator[TotalDifference]:
        """Those that the rows do not come to."""
        for total in totals:
            key = (total.statement, total.day)
            count, amount_fen = self.counts[key], self.sums[key]
            if amount_fen != total.amount_fen or total.count not in (None, count):
                yield TotalDifference(total, count, amount_fen)


def _find_day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()
