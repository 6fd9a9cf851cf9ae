"""What became of an import's rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.audit.designation import Kind, parse_designation
from services.audit.statements.files import Batch, Row
from services.audit.statements.outcomes import Alike
from shared.errors import Problem

LISTED_MAX = 1000
"""Rows of a list that is only shown."""


@dataclass(frozen=True, slots=True)
class RowProblems:
    """A row that is not in the books, and why; or that is, and what is to be said of it."""

    file: str
    line: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A row that is not entered until somebody says that it is another gift than these."""

    file: str
    line: int
    amount_fen: int
    alike: tuple[str, ...]


@dataclass(slots=True)
class ImportProgress:
    """statements: by name, the rows and the sum that its file states. before: rows that the books
    had when the import began; entered, repeated: rows since. for_fund: rows
    that wait for their fund to be approved. `refusals`, `remarks` and `waiting`
    hold the first of those that are refused, remarked on or unseen; `questions` all that may be
    gifts entered before. payments: rows about money that left or came back, by what became of them
    (`LineOutcome`), or `before`. designations: how what givers wrote was understood. unread: by
    file, its columns that were not read."""

    statements: dict[str, Counter[str]] = field(default_factory=dict)
    designations: Counter[Kind] = field(default_factory=Counter)
    payments: Counter[str] = field(default_factory=Counter)
    before: int = 0
    entered: int = 0
    repeated: int = 0
    refused: int = 0
    for_fund: int = 0
    unseen: int = 0
    refusals: list[RowProblems] = field(default_factory=list)
    remarks: list[RowProblems] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        self.unread[batch.file.name] = batch.unread
        for row in batch.rows:
            sums = self.statements.setdefault(row.listed.statement, Counter())
            sums["rows"] += 1
            sums["amount_fen"] += row.fact.amount_fen
            if row.fact.designation:
                kind = parse_designation(row.fact.designation).classify(row.fact.amount_fen)
                self.designations[kind] += 1
            if row.remarks and len(self.remarks) < LISTED_MAX:
                self.remarks.append(RowProblems(batch.file.name, row.line, row.remarks))
        for refused in batch.refused:
            self.refuse(batch.file, refused.line, refused.problems)

    def refuse(self, file: Path, line: int, problems: tuple[Problem, ...]) -> None:
        self.refused += 1
        if len(self.refusals) < LISTED_MAX:
            self.refusals.append(RowProblems(file.name, line, problems))

    def ask(self, file: Path, row: Row, alike: Sequence[Alike]) -> None:
        wheres = tuple(each.where for each in alike)
        self.questions.append(Question(file.name, row.line, row.fact.amount_fen, wheres))

    def give_up(self, rows: Sequence[Row]) -> None:
        self.unseen += len(rows)
        self.waiting += rows[: LISTED_MAX - len(self.waiting)]
