"""The log's head: what the writer must know to append, and the pure act of appending.

The head is kept as one version-checked document and written in each transaction that appends; that
is the fence: of two writers that read the same head only one can commit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from services.audit.verify.canonical import encode_entry
from services.audit.verify.merkle import EMPTY_FRONTIER, Frontier, leaf_hash
from shared.contracts.ledger import SCHEMA, LedgerEntry

Draft = dict[str, Any]
"""An entry without what the log assigns: `schema`, `log`, `index`, `recorded_at`."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """A log's origin, its tree's frontier, and when its last entry was recorded."""

    origin: str
    frontier: Frontier = EMPTY_FRONTIER
    last_recorded_at: str = ""

    @property
    def size(self) -> int:
        return self.frontier.size


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry with its number, and the exact bytes that are hashed and kept."""

    index: int
    raw: bytes
    entry: LedgerEntry


def timestamp(moment: datetime) -> str:
    """UTC with microseconds: text that sorts as time does."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def append(head: LogHead, draft: Draft, now: datetime) -> tuple[LogHead, Sealed]:
    """Seal `draft` as the next entry. Recorded time never decreases, whatever the clock does.

    NotCanonicalError if the entry does not fit the schema.
    """
    recorded_at = max(timestamp(now), head.last_recorded_at)
    frontier = head.frontier
    assigned = {"schema": SCHEMA, "log": head.origin, "index": frontier.size}
    entry = cast(LedgerEntry, {**draft, **assigned, "recorded_at": recorded_at})
    raw = encode_entry(entry)
    grown = LogHead(head.origin, frontier.append(leaf_hash(raw)), recorded_at)
    return grown, Sealed(frontier.size, raw, entry)
