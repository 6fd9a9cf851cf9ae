"""Columns that are passed over: somebody ignores them, or takes them for what they are not. What
they say is counted, for another to see, and some of it may not be passed over.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.audit.statements.layout import Layout
from services.audit.statements.meaning import check_passed_over, is_no_amount
from services.audit.statements.messages import (
    STATEMENT_COLUMN_COUNTS,
    STATEMENT_COLUMN_NO_AMOUNT,
)
from shared.errors import Invalid, Problem
from shared.sheets import Guard, Table
from shared.sheets.columns import fold_header


@dataclass(slots=True)
class PassedOverColumn:
    """at: where it stands. is_ignored: else it is taken for another. said: how often it says what.
    problem: the first that may not be passed over."""

    at: int
    header: str
    guard: Guard | None
    is_ignored: bool
    said: Counter[str] = field(default_factory=Counter)
    problem: Problem | None = None

    def note(self, line: int, cells: Sequence[str]) -> None:
        text = cells[self.at].strip() if self.at < len(cells) else ""
        if not text:
            return
        self.said[text] += 1
        if self.guard is None or self.problem is not None:
            return
        try:
            check_passed_over(self.guard, self.header, text)
        except Invalid:
            values = {"header": self.header, "line": line, "text": text}
            self.problem = STATEMENT_COLUMN_COUNTS.problem("file", **values)


def find_passed_over_columns(table: Table, layout: Layout) -> list[PassedOverColumn]:
    header, columns = table.header, layout.build_columns()
    ignored = {fold_header(each) for each in layout.ignored}
    taken_as = {at: name for name, at in header.places.items()}
    passed_over = []
    for at, cell in enumerate(header.cells):
        is_ignored = bool(cell) and fold_header(cell) in ignored
        guard = columns.find_guard(cell, header.cells) if cell else None
        is_taken = guard is not None and taken_as.get(at, "amount") not in ("amount", guard.name)
        if is_ignored or is_taken:
            passed_over.append(PassedOverColumn(at, cell, guard, is_ignored))
    return passed_over


def find_amount_problem(table: Table) -> Problem | None:
    """Where the column of amounts is none: a balance, or what was paid."""
    at = table.header.places.get("amount")
    header = table.headers[at] if at is not None else ""
    if header and is_no_amount(header, table.headers):
        return STATEMENT_COLUMN_NO_AMOUNT.problem("file", header=header)
    return None
