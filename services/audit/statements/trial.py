"""What a statement would enter, read to its end; nothing is sent, and no books are asked."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

from services.audit.model.statement_files import DaySum, StatedKind
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.files import Check, check_row
from services.audit.statements.layout import Layout
from services.audit.statements.messages import BALANCE_BROKEN
from services.audit.statements.passed_over import (
    PassedOverColumn,
    find_amount_problem,
    find_passed_over_columns,
)
from services.audit.statements.reading import Gift, read_statement
from shared.contracts.events import BankLineStated
from shared.contracts.values import CHINA
from shared.errors import Problem
from shared.sheets import RefusedRow
from shared.sheets.messages import TOTAL_DIFFERENT

SUM_PROBLEMS = frozenset({TOTAL_DIFFERENT.code, BALANCE_BROKEN.code})
SHOWN_MAX = 10_000
"""Gifts that can be shown; the others are counted."""


def name_stated(stated: BankLineStated) -> StatedKind:
    if stated.undone:
        return "reversed"
    if stated.own_kind:
        return stated.own_kind if stated.fund_id else "asked"
    if not stated.memo:
        return "asked"
    return "paid" if stated.direction == "paid" else "returned"


@dataclass(frozen=True, slots=True)
class Sum:
    """Of the rows of one kind."""

    rows: int
    amount_fen: int


@dataclass(slots=True)
class Trial:
    """Of one file. rows: how many are gifts, and their sum. funds: the sum of each. first, last: of
    the moments of its rows. payments: rows that a payment order, or a question to finance, comes
    of. balances: opening and closing, in fen, where the file has them.
    passed_over: columns that somebody ignores, or takes for what they are not."""

    name: str
    account: str
    unread: tuple[str, ...]
    headers: tuple[str, ...]
    balances: tuple[int, int] | None = None
    days: dict[str, list[int]] = field(default_factory=dict)
    """By day in China: what came in, what went out."""
    rows: int = 0
    amount_fen: int = 0
    funds: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    gifts: list[Gift] = field(default_factory=list)
    payments: list[BankRow] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)

    passed_over: list[PassedOverColumn] = field(default_factory=list)
    amount_problem: Problem | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """For which it cannot be entered, as its columns are said to be."""
        each = (self.amount_problem, *(column.problem for column in self.passed_over))
        return tuple(problem for problem in each if problem is not None)

    @property
    def sums_differ(self) -> bool:
        """Whether a total that the file states is not the sum of its rows, or its balances do not
        follow from them."""
        problems = (problem for row in self.refused for problem in row.problems)
        return any(problem.code in SUM_PROBLEMS for problem in problems)

    @property
    def stated(self) -> dict[StatedKind, Sum]:
        """Of each kind that there is, the gravest first."""
        fen: dict[StatedKind, list[int]] = {kind: [] for kind in get_args(StatedKind)}
        for row in self.payments:
            fen[name_stated(row.stated)].append(row.stated.amount_fen)
        return {kind: Sum(len(each), sum(each)) for kind, each in fen.items() if each}

    @property
    def total(self) -> int:
        return self.rows + len(self.payments) + len(self.refused)

    def add(self, row: Gift | RefusedRow) -> None:
        for column in self.passed_over:
            column.note(row.line, row.original)
        match row:
            case Gift():
                self._add_gift(row)
            case BankRow():
                self.payments.append(row)
                self._note_moment(row.stated.at)
                came = row.stated.undone or row.stated.direction == "returned"
                self._note_moved(row.stated.at, row.stated.amount_fen, came=came)
            case _:
                self.refused.append(row)

    def _add_gift(self, gift: Gift) -> None:
        self.rows += 1
        self.amount_fen += gift.fact.amount_fen
        self.funds[gift.fact.fund_id] += gift.fact.amount_fen
        self._note_moment(gift.fact.received_at)
        self._note_moved(gift.fact.received_at, gift.fact.amount_fen, came=True)
        if len(self.gifts) < SHOWN_MAX:
            self.gifts.append(gift)

    def list_days(self) -> tuple[DaySum, ...]:
        """In order. What the bank marks as reversed came and went again: on both sides, unless the
        way out has a row of its own."""
        marked = [row.stated for row in self.payments if row.stated.undone]
        paid = {
            (row.stated.bank_reference, row.stated.amount_fen)
            for row in self.payments
            if row.stated.direction == "paid" and not row.stated.undone
        }
        undone = Counter[str]()
        for each in marked:
            if (each.bank_reference, each.amount_fen) not in paid:
                undone[_find_day(each.at)] += each.amount_fen
        return tuple(
            DaySum(day=day, in_fen=came, out_fen=went + undone[day])
            for day, (came, went) in sorted(self.days.items())
        )

    def _note_moved(self, moment: datetime, amount_fen: int, *, came: bool) -> None:
        self.days.setdefault(_find_day(moment), [0, 0])[0 if came else 1] += amount_fen

    def _note_moment(self, moment: datetime) -> None:
        self.first = min(self.first or moment, moment)
        self.last = max(self.last or moment, moment)


def _find_day(moment: datetime) -> str:
    """In China."""
    return moment.astimezone(CHINA).date().isoformat()


def try_statement(
    content: bytes,
    name: str,
    layout: Layout,
    check: Check | None = None,
    skip: int | None = None,
) -> Trial:
    """Raises Invalid where it is no statement."""
    statement = read_statement(content, name, layout, skip)
    table = statement.table
    trial = Trial(name, statement.account, table.unread, table.headers, statement.balances)
    trial.passed_over = find_passed_over_columns(table, layout)
    trial.amount_problem = find_amount_problem(table)
    now = datetime.now(UTC)
    for row in statement:
        trial.add(check_row(row, check, now))
    return trial
