"""A published log as these reports read it: its entries in order, and one of them by number.

Nothing is proved here: `guanjia audit verify` says whether the files can be trusted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from services.audit.ledger.canonical import parse_entry
from services.audit.tlog.checkpoint import format_root
from services.audit.tlog.reader import (
    Source,
    open_source,
    read_entries,
    read_entries_at,
    read_entry,
    read_unverified_checkpoint,
)
from shared.contracts.ledger import LedgerEntry
from shared.contracts.values import CHINA


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """A log as its checkpoint says it stands; `root` in base64."""

    origin: str
    size: int
    root: str
    source: Source

    def read_entries(self, numbers: Sequence[int] | None = None) -> Iterator[LedgerEntry]:
        """In order; numbers: of those that are wanted, ascending, None for all. BrokenError or
        NotCanonicalError where one cannot be read."""
        if numbers is None:
            return map(parse_entry, self.read_leaves())
        return map(parse_entry, read_entries_at(self.source, self.size, numbers))

    def read_leaves(self) -> Iterator[bytes]:
        """In order. BrokenError where one cannot be read."""
        return read_entries(self.source, self.size)

    def read_entry(self, index: int) -> LedgerEntry:
        return parse_entry(read_entry(self.source, self.size, index))


def open_log(where: str | Path | Source) -> PublishedLog:
    """The log in a directory or at an address. NoteError without a readable checkpoint."""
    source = open_source(where) if isinstance(where, str | Path) else where
    checkpoint = read_unverified_checkpoint(source)
    return PublishedLog(checkpoint.origin, checkpoint.size, format_root(checkpoint.root), source)


def day_of(timestamp: str) -> date:
    """The day in China of an entry's time."""
    return datetime.fromisoformat(timestamp).astimezone(CHINA).date()
