"""The balances of the program before, as its 科目余额表 has them: one row for an account of a fund.

Money and net assets are taken over, whose sums must agree within each fund and in all. A row of an
account that has sub-accounts (1002 beside 100201) is their sum, and is not added to them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from services.audit.beginning import messages
from services.audit.model.beginning import OpeningBalance
from shared.errors import Invalid, Problem
from shared.money import format_yuan, parse_amount
from shared.sheets import (
    ABSENT_WORDS,
    Column,
    Columns,
    RefusedRow,
    Row,
    TotalRow,
    make_code_parser,
    open_sheet,
)
from shared.sheets.messages import TOTAL_DIFFERENT

MONEY = ("1001", "1002", "1009")
NET_ASSETS = ("3101", "3102")
CODE_LENGTH = 4
"""What follows are sub-accounts."""
PROBLEMS_MAX = 20
_ZERO = ABSENT_WORDS | frozenset({"0", "0.0", "0.00"})


def _parse_side(text: str, field: str) -> int:
    return parse_amount(text, field)


COLUMNS = Columns(
    (
        Column("fund_id", "基金 基金编号", make_code_parser("基金"), required=True),
        Column("code", "科目编码 科目代码 科目编号", make_code_parser("科目编码"), required=True),
        Column(
            "debit",
            "借方余额 期末借方 期末借方余额 借方",
            _parse_side,
            required=True,
            may_be_empty=True,
            absent=_ZERO,
            single=True,
        ),
        Column(
            "credit",
            "贷方余额 期末贷方 期末贷方余额 贷方",
            _parse_side,
            required=True,
            may_be_empty=True,
            absent=_ZERO,
            single=True,
        ),
    )
)


@dataclass(slots=True)
class _Sums:
    """By fund, in fen."""

    assets: Counter[str] = field(default_factory=Counter)
    net: Counter[str] = field(default_factory=Counter)
    debit: int = 0
    credit: int = 0

    def add(self, row: Row) -> Iterator[Problem]:
        fund, code = row.text("fund_id"), row.text("code")
        debit, credit = _find_sides(row)
        self.debit += debit
        self.credit += credit
        if not debit and not credit:
            return
        group = code[:CODE_LENGTH]
        if group in MONEY:
            yield from _check_side(code, debit, credit, ("借方", "the debit"))
            self.assets[fund] += debit
        elif group in NET_ASSETS:
            yield from _check_side(code, credit, debit, ("贷方", "the credit"))
            self.net[fund] += credit
        else:
            yield messages.ACCOUNT_NOT_TAKEN.problem("code", code=code)

    def check_total(self, row: TotalRow) -> Iterator[Problem]:
        for name, counted in (("debit", self.debit), ("credit", self.credit)):
            if (text := row.texts.get(name, "")) and parse_amount(text, name) != counted:
                values = {"stated": text, "counted": format_yuan(counted)}
                yield TOTAL_DIFFERENT.problem(name, **values)

    def check_funds(self) -> Iterator[Problem]:
        for fund in sorted(self.assets.keys() | self.net.keys()):
            if self.assets[fund] != self.net[fund]:
                yield messages.FUND_UNBALANCED.problem(
                    "fund_id",
                    id=fund,
                    assets=format_yuan(self.assets[fund]),
                    net=format_yuan(self.net[fund]),
                )


def read_balances(content: bytes) -> list[OpeningBalance]:
    """Raises Invalid, which names each row that is wrong."""
    sums, problems = _Sums(), list[Problem]()
    table = list(open_sheet(content).find_table(COLUMNS))
    accounts = defaultdict[str, list[Row]](list)
    for row in table:
        if isinstance(row, Row):
            accounts[row.text("fund_id")].append(row)
    for row in table:
        match row:
            case Row() if leaves := _find_leaves(row, accounts[row.text("fund_id")]):
                flaws = list(_check_sum(row, leaves))
            case TotalRow():
                flaws = list(sums.check_total(row))
            case RefusedRow():
                flaws = list(row.problems)
            case Row():
                flaws = list(sums.add(row))
        problems += [_place(each, row.line) for each in flaws]
    problems += sums.check_funds()
    if problems:
        raise Invalid(*problems[:PROBLEMS_MAX])
    return [
        OpeningBalance(fund_id=fund, balance_fen=fen) for fund, fen in sorted(sums.assets.items())
    ]


def _find_leaves(row: Row, accounts: Sequence[Row]) -> list[Row]:
    """Its sub-accounts that have none themselves. accounts: of its fund."""
    below = [each for each in accounts if _is_below(each, row)]
    return [each for each in below if not any(_is_below(other, each) for other in below)]


def _is_below(row: Row, other: Row) -> bool:
    code, upper = row.text("code"), other.text("code")
    return code != upper and code.startswith(upper)


def _check_sum(row: Row, leaves: Sequence[Row]) -> Iterator[Problem]:
    """What a bank owes may stand against what it has: the two sides are compared as one."""
    debit, credit = _find_sides(row)
    counted = sum(own - other for own, other in map(_find_sides, leaves))
    if counted != debit - credit:
        stated, summed = format_yuan(debit - credit), format_yuan(counted)
        yield messages.SUM_DIFFERS.problem(
            "code", code=row.text("code"), stated=stated, counted=summed
        )


def _find_sides(row: Row) -> tuple[int, int]:
    """Debit and credit, in fen."""
    debit, credit = (int(str(row.values.get(name, 0))) for name in ("debit", "credit"))
    return debit, credit


def _check_side(code: str, own: int, other: int, side: tuple[str, str]) -> Iterator[Problem]:
    if other or not own:
        yield messages.SIDE_WRONG.problem("code", code=code, side=side[0], side_en=side[1])


def _place(problem: Problem, line: int) -> Problem:
    """With the line of the sheet before it."""
    zh, en = f"第 {line} 行：{problem.zh}", f"line {line}: {problem.en}"
    return replace(problem, zh=zh, en=en)
