"""Invariants 4 to 10: every entry read, numbered, identified and posted to the books, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.audit.verify.books import Books
from services.audit.verify.books.originals import NAMING, named_original
from services.audit.verify.canonical import NotCanonicalError, parse_entry
from services.audit.verify.findings import BrokenError
from services.audit.verify.identity import EventRegister
from services.audit.verify.merkle import leaf_hash
from services.audit.verify.published import BundleAndTile, read_bundle
from services.audit.verify.source import Source
from services.audit.verify.tiles import TILE_WIDTH
from shared.contracts.ledger import LedgerEntry

KEPT_HASH_BYTES = 16
"""Of each entry, so that one that is named later can be read again and trusted."""


@dataclass(slots=True)
class Posting:
    """Fed bundle after bundle. What it keeps of each entry: a part of its hash, a mark of its event
    id, a bit of its offset, and commitments. `entries` is how many are posted."""

    source: Source
    origin: str
    size: int
    books: Books = field(default_factory=Books)
    events: EventRegister = field(default_factory=EventRegister)
    entries: int = 0
    last_recorded_at: str = ""
    _hashes: bytearray = field(default_factory=bytearray)
    _read_again: tuple[int, Sequence[bytes]] = (-1, ())
    """The bundle last read again: entries that name others come in groups."""

    def add(self, part: BundleAndTile, leaves: Sequence[bytes]) -> None:
        """Post a bundle's entries; BrokenError at the first that is wrong."""
        self._hashes += b"".join([leaf[:KEPT_HASH_BYTES] for leaf in leaves])
        try:
            for index, entry in enumerate(map(parse_entry, part.entries), self.entries):
                self._post(index, entry, part)
                self.entries = index + 1
        except NotCanonicalError as error:
            raise BrokenError(4, str(error), self.entries) from None

    def _post(self, index: int, entry: LedgerEntry, part: BundleAndTile) -> None:
        if entry["index"] != index or entry["log"] != self.origin:
            raise BrokenError(5, f"says it is entry {entry['index']} of {entry['log']}", index)
        if entry["recorded_at"] < self.last_recorded_at:
            raise BrokenError(5, f"recorded before {self.last_recorded_at}", index)
        self.last_recorded_at = entry["recorded_at"]
        self.events.record(entry["event"], index)
        original = self._original(entry, part) if entry["kind"] in NAMING else None
        self.books.apply(entry, original)

    def _original(self, entry: LedgerEntry, part: BundleAndTile) -> LedgerEntry | None:
        """The earlier entry that `entry` names."""
        named = named_original(entry)
        if named is None or named >= self.entries:
            return None
        number, at = divmod(named, TILE_WIDTH)
        return parse_entry(part.entries[at]) if number == part.number else self.entry(named)

    def entry(self, named: int) -> LedgerEntry | None:
        """One that was posted, read again; its hash must still be the one seen then."""
        if named >= self.entries:
            return None
        number, at = divmod(named, TILE_WIDTH)
        if number != self._read_again[0]:
            self._read_again = (number, read_bundle(self.source, self.size, number))
        raw, kept = self._read_again[1][at], named * KEPT_HASH_BYTES
        if leaf_hash(raw)[:KEPT_HASH_BYTES] != self._hashes[kept : kept + KEPT_HASH_BYTES]:
            raise BrokenError(2, "the entry changed while it was being verified", named)
        return parse_entry(raw)
