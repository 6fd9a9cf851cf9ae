"""What became of an import's rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.audit.designation import Kind, parse_designation
from services.audit.statements import Refused
from services.audit.statements.files import Batch, Row

KEPT_MAX = 1000
"""Rows of a list that is only shown."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A row that is not in the books, and why."""

    file: str
    why: Refused


@dataclass(slots=True)
class Done:
    """own: by statement, the rows and the sum that its file states. before: rows that the books
    had when the import began; entered, repeated: rows since. `lost` and `waiting` keep the first
    of those that are refused or unseen. designations: how what givers wrote was understood."""

    own: dict[str, Counter[str]] = field(default_factory=dict)
    designations: Counter[Kind] = field(default_factory=Counter)
    before: int = 0
    entered: int = 0
    repeated: int = 0
    refused: int = 0
    unseen: int = 0
    lost: list[Lost] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)

    def read(self, batch: Batch) -> None:
        for row in batch.rows:
            own = self.own.setdefault(row.listed.statement, Counter())
            own["rows"] += 1
            own["amount_fen"] += row.fact.amount_fen
            if row.fact.designation:
                kind = parse_designation(row.fact.designation).classify(row.fact.amount_fen)
                self.designations[kind] += 1
        for refused in batch.refused:
            self.lose(batch.file, refused)

    def lose(self, file: Path, why: Refused) -> None:
        self.refused += 1
        if len(self.lost) < KEPT_MAX:
            self.lost.append(Lost(file.name, why))

    def give_up(self, rows: Sequence[Row]) -> None:
        self.unseen += len(rows)
        self.waiting += rows[: KEPT_MAX - len(self.waiting)]
