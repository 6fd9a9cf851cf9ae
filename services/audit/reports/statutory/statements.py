"""资产负债表 and 业务活动表 of a month, counted from the log and checked against each other.

All expenses stand in the unrestricted column; what restricted funds spent is moved there by row 40
(限定性净资产转为非限定性净资产), as the standard's instructions ask.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.audit.ledger.accounts import Chart
from services.audit.ledger.published import day_of
from services.audit.reports.disclosure.figures import Period
from services.audit.reports.statutory.accounts import (
    OPENINGS,
    StatutoryError,
    StatutoryLeg,
    StatutoryReader,
)
from shared.contracts.ledger import LedgerEntry

Row = tuple[str, int, tuple[str, ...]]
"""A row of a statement: its words, its number, the accounts that it sums."""

INCOME: tuple[Row, ...] = (
    ("其中：捐赠收入", 1, ("4101",)),
    ("会费收入", 2, ("4201",)),
    ("提供服务收入", 3, ("4301",)),
    ("商品销售收入", 4, ("4501",)),
    ("政府补助收入", 5, ("4401",)),
    ("投资收益", 6, ("4601",)),
    ("其他收入", 9, ("4901",)),
)
EXPENSES: tuple[Row, ...] = (
    ("（一）业务活动成本", 12, ("5101",)),
    ("（二）管理费用", 21, ("5201",)),
    ("（三）筹资费用", 24, ("5301",)),
    ("（四）其他费用", 28, ("5401",)),
)
ASSETS: tuple[Row, ...] = (
    ("货币资金", 1, ("1001", "1002", "1009")),
    ("短期投资", 2, ("1101",)),
    ("应收款项", 3, ("1111", "1121", "1122")),
    ("预付账款", 4, ("1141",)),
    ("存货", 8, ("1201",)),
)
LIABILITIES: tuple[Row, ...] = (
    ("短期借款", 61, ("2101",)),
    ("应付款项", 62, ("2201", "2202", "2209")),
    ("应付工资", 63, ("2204",)),
    ("应交税金", 65, ("2206",)),
    ("预收账款", 66, ("2203",)),
)
NET_ASSETS = {False: "3101", True: "3102"}
_PLACED = frozenset(
    code
    for rows in (INCOME, EXPENSES, ASSETS, LIABILITIES)
    for _, _, codes in rows
    for code in codes
) | frozenset(NET_ASSETS.values())

Sums = Counter[tuple[str, bool]]
"""By account and whether of a restricted fund: debits less credits, in fen."""


@dataclass(slots=True)
class Statements:
    """opening: what the year began with. before: of the year, before the month. month: its own."""

    period: Period
    opening: Sums = field(default_factory=Counter)
    before: Sums = field(default_factory=Counter)
    month: Sums = field(default_factory=Counter)

    # --- 业务活动表 ---

    def sum_income(self, row: Row, *, restricted: bool, of_year: bool) -> int:
        return -self._sum(row, self._list_moved(of_year=of_year), restricted)

    def sum_expense(self, row: Row, *, of_year: bool) -> int:
        moved = self._list_moved(of_year=of_year)
        return self._sum(row, moved, False) + self._sum(row, moved, True)

    def count_release(self, *, of_year: bool) -> int:
        """Row 40: what restricted funds spent, and what was moved out of them."""
        moved = self._list_moved(of_year=of_year)
        spent = sum(self._sum(row, moved, True) for row in EXPENSES)
        return spent + sum(sums[NET_ASSETS[True], True] for sums in moved)

    def sum_change(self, *, restricted: bool, of_year: bool) -> int:
        """Row 45."""
        income = sum(self.sum_income(row, restricted=restricted, of_year=of_year) for row in INCOME)
        released = self.count_release(of_year=of_year)
        if restricted:
            return income - released
        return income - sum(self.sum_expense(row, of_year=of_year) for row in EXPENSES) + released

    # --- 资产负债表 ---

    def sum_balance(self, row: Row, *, at_end: bool) -> int:
        """Of assets; of liabilities it is negative."""
        sums = (self.opening, self.before, self.month) if at_end else (self.opening,)
        return self._sum(row, sums, False) + self._sum(row, sums, True)

    def sum_net_assets(self, *, restricted: bool, at_end: bool) -> int:
        opening = -self.opening[NET_ASSETS[restricted], restricted]
        return opening + (self.sum_change(restricted=restricted, of_year=True) if at_end else 0)

    def check(self) -> None:
        """That assets are liabilities and net assets: StatutoryError else."""
        for at_end in (False, True):
            assets = sum(self.sum_balance(row, at_end=at_end) for row in ASSETS)
            owed = -sum(self.sum_balance(row, at_end=at_end) for row in LIABILITIES)
            owned = sum(self.sum_net_assets(restricted=each, at_end=at_end) for each in NET_ASSETS)
            if assets != owed + owned:
                raise StatutoryError(
                    f"资产 {assets} 分不等于负债 {owed} 分加净资产 {owned} 分 "
                    f"assets {assets} are not liabilities {owed} and net assets {owned}"
                )

    def _list_moved(self, *, of_year: bool) -> tuple[Sums, ...]:
        return (self.before, self.month) if of_year else (self.month,)

    @staticmethod
    def _sum(row: Row, sums: Iterable[Sums], restricted: bool) -> int:
        return sum(each[code, restricted] for each in sums for code in row[2])


def count_statements(entries: Iterable[LedgerEntry], month: Period, chart: Chart) -> Statements:
    """Of one year's log, by the day of entry; what comes after the month is not read."""
    reader, statements = StatutoryReader(chart), Statements(month)
    for entry in entries:
        day = day_of(entry["recorded_at"])
        if day >= month.end:
            break
        sums = _choose_sums(statements, entry, day)
        for leg in reader.read(entry):
            sums[_place(leg), leg.restricted] += leg.debit_fen
    statements.check()
    return statements


def _choose_sums(statements: Statements, entry: LedgerEntry, day: date) -> Sums:
    if entry["kind"] in OPENINGS:
        return statements.opening
    return statements.month if day in statements.period else statements.before


def _place(leg: StatutoryLeg) -> str:
    if leg.item not in _PLACED:
        raise StatutoryError(
            f"科目代码 {leg.code} {leg.title} 不在报表项目中 the code {leg.code} is in no statement"
        )
    return leg.item
