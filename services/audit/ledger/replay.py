"""Rebuild every balance from entries alone, up to an index or a moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from services.audit.ledger.books import Books
from services.audit.ledger.canonical import encode_canonical, parse_entry
from services.audit.ledger.corrections import NAMING, find_named
from services.audit.tlog.reader import (
    Source,
    open_source,
    read_entries,
    read_entry,
    read_unverified_checkpoint,
)
from shared.contracts.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class Replay:
    """The books as of the last of `entries` entries."""

    entries: int
    last_recorded_at: str
    books: Books

    def __bytes__(self) -> bytes:
        """The same entries give the same bytes, wherever they were read."""
        fields = {"entries": self.entries, "last_recorded_at": self.last_recorded_at}
        return encode_canonical({**fields, **self.books.take_snapshot()})


def replay(where: str | Path | Source, *, to: int | str | None = None) -> Replay:
    """Fold the published log at `where`: up to entry `to` (an index, inclusive), up to a time
    (in UTC as the log writes it, inclusive: `2026-01-31T08:30:00.000000Z`, or the beginning of it,
    which stands for all times that begin so), or all of it.
    Proves nothing: see `verify_log`.

    BrokenError where an entry may not be posted; NoteError without a readable checkpoint.
    """
    source = open_source(where) if isinstance(where, str | Path) else where
    size = read_unverified_checkpoint(source).size

    def read_original(index: int) -> LedgerEntry:
        return parse_entry(read_entry(source, size, index))

    return replay_entries(read_entries(source, size), read_original, to=to)


def replay_entries(
    entries: Iterable[bytes], original: Callable[[int], LedgerEntry], *, to: int | str | None = None
) -> Replay:
    """As `replay`, from leaves in order, wherever they come from."""
    books, count, last = Books(), 0, ""
    for raw in entries:
        entry = parse_entry(raw)
        if _is_beyond(entry, to):
            break
        named = find_named(entry) if entry["kind"] in NAMING else None
        books.apply(entry, None if named is None or named >= count else original(named))
        count, last = count + 1, entry["recorded_at"]
    return Replay(count, last, books)


def _is_beyond(entry: LedgerEntry, to: int | str | None) -> bool:
    match to:
        case None:
            return False
        case int():
            return entry["index"] > to
        case str():
            return entry["recorded_at"][: len(to)] > to
