"""Verify a published log from its files alone, entry by entry, and stop at the first broken rule.

Memory does not grow with the entries' bytes. What is kept of each: 16 bytes of its hash (so that a
reversal's original can be read again and trusted), a 64-bit mark of its event id, and commitments.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.audit.verify.balances import Books, totals
from services.audit.verify.canonical import NotCanonicalError, parse_entry
from services.audit.verify.findings import BrokenError, Finding
from services.audit.verify.identity import EventRegister, PartitionRange
from services.audit.verify.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash
from services.audit.verify.note import Checkpoint, NoteError, VerifierKey, open_checkpoint
from services.audit.verify.published import (
    BundleAndTile,
    read_bundle,
    read_bundles,
    read_tile,
)
from services.audit.verify.source import Source, open_source
from services.audit.verify.tiles import (
    CHECKPOINT,
    ENTRIES,
    TILE_WIDTH,
    Tile,
    TileTree,
    pack_bundle,
    split_tile,
    tile_path,
)
from shared.contracts.ledger import LedgerEntry

Progress = Callable[[int, int], None]
"""Called with (entries verified, entries in all)."""
_KEPT_HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `books` and `entries` reach as far as it came."""

    checkpoint: Checkpoint | None
    entries: int
    broken: Finding | None
    books: Books
    partitions: tuple[PartitionRange, ...] = ()

    @property
    def ok(self) -> bool:
        return self.broken is None

    def summary(self) -> dict[str, Any]:
        """For JSON and for people."""
        return {
            "ok": self.ok,
            "origin": self.checkpoint.origin if self.checkpoint else None,
            "size": self.checkpoint.size if self.checkpoint else None,
            "root": self.checkpoint.root.hex() if self.checkpoint else None,
            "entries": self.entries,
            "broken": str(self.broken) if self.broken else None,
            "funds": {fund: totals(book) for fund, book in sorted(self.books.funds.items())},
        }


def verify_log(
    where: str | Path | Source,
    vkey: str,
    *,
    since: Sequence[bytes] = (),
    progress: Progress | None = None,
) -> Report:
    """Check a log against the pinned `vkey` and the older signed checkpoints in `since`.

    `where` is a directory, an http(s) address or a Source. What the network refuses raises
    httpx.HTTPError and a malformed `vkey` NoteError: neither says anything about the log.
    """
    key = VerifierKey.parse(vkey)
    source = open_source(where) if isinstance(where, str | Path) else where
    run = _Verification(source, key)
    try:
        run.verify(since, progress)
    except BrokenError as broken:
        return run.report(broken.finding)
    return run.report(None)


@dataclass(slots=True)
class _Verification:
    source: Source
    key: VerifierKey
    checkpoint: Checkpoint | None = None
    tree: TileTree = field(default_factory=TileTree)
    books: Books = field(default_factory=Books)
    events: EventRegister = field(default_factory=EventRegister)
    hashes: bytearray = field(default_factory=bytearray)
    entries: int = 0
    last_recorded_at: str = ""
    read_again: tuple[int, list[bytes]] = (-1, [])
    """The bundle last read for a reversal's original: reversals come in groups."""
    older: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})

    def report(self, broken: Finding | None) -> Report:
        partitions = tuple(self.events.partitions())
        return Report(self.checkpoint, self.entries, broken, self.books, partitions)

    def verify(self, since: Sequence[bytes], progress: Progress | None) -> None:
        newest = self.checkpoint = self._newest()
        for data in since:
            self._expect(self._opened(data, 3), newest)
        for part in read_bundles(self.source, newest.size):
            self._bundle(part, newest)
            if progress:
                progress(self.entries, newest.size)
        self._edge(newest)

    def _newest(self) -> Checkpoint:
        data = self.source.read(CHECKPOINT)
        if data is None:
            raise BrokenError(1, "there is no checkpoint")
        return self._opened(data, 1)

    def _opened(self, data: bytes, invariant: int) -> Checkpoint:
        try:
            found = open_checkpoint(data, [self.key])
        except NoteError as error:
            raise BrokenError(invariant, str(error)) from None
        if found.origin != self.key.name:
            raise BrokenError(invariant, f"the checkpoint is of another log, {found.origin}")
        return found

    def _expect(self, older: Checkpoint, newest: Checkpoint) -> None:
        if older.size > newest.size:
            raise BrokenError(3, f"the log shrank from {older.size} to {newest.size} entries")
        known = newest.root if older.size == newest.size else self.older.get(older.size)
        if known is not None and known != older.root:
            raise BrokenError(3, f"two signed roots at size {older.size}: proof of fraud")
        self.older[older.size] = older.root

    def _bundle(self, part: BundleAndTile, newest: Checkpoint) -> None:
        leaves = [leaf_hash(entry) for entry in part.entries]
        first = part.number * TILE_WIDTH
        self._compare(Tile(0, part.number, b"".join(leaves)), part.tile)
        self._kept_partials(part, b"".join(leaves))
        self._consistent(leaves, first)
        for tile in self.tree.add(leaves)[1:]:
            self._compare(tile, read_tile(self.source, tile.level, tile.number, TILE_WIDTH))
            self._kept_tile_partials(tile)
        for index, (raw, leaf) in enumerate(zip(part.entries, leaves, strict=True), first):
            self._entry(index, raw, newest.origin)
            self.hashes += leaf[:_KEPT_HASH_BYTES]
            self.entries = index + 1

    def _compare(self, rebuilt: Tile, published: bytes) -> None:
        if rebuilt.data == published:
            return
        at = _first_difference(rebuilt.data, published)
        span = TILE_WIDTH**rebuilt.level
        index = (rebuilt.number * TILE_WIDTH + at) * span
        raise BrokenError(2, f"{rebuilt.path} is not the hash of the entries", index)

    def _kept_partials(self, part: BundleAndTile, hashes: bytes) -> None:
        """Older partial bundles and tiles that still lie there must say the same."""
        self._kept_tile_partials(Tile(0, part.number, hashes))
        for width in self.source.partial_widths(ENTRIES, part.number):
            if width <= len(part.entries):
                path = tile_path(ENTRIES, part.number, width)
                if self.source.read(path) != pack_bundle(part.entries[:width]):
                    raise BrokenError(2, f"{path} differs", part.number * TILE_WIDTH)

    def _kept_tile_partials(self, tile: Tile) -> None:
        for width in self.source.partial_widths(tile.level, tile.number):
            hashes = tile.data[: width * HASH_BYTES]
            if len(hashes) == width * HASH_BYTES:
                path = tile_path(tile.level, tile.number, width)
                self._compare(Tile(tile.level, tile.number, hashes), self.source.read(path) or b"")

    def _consistent(self, leaves: Sequence[bytes], first: int) -> None:
        for size, root in self.older.items():
            reached = first < size <= first + len(leaves)
            if reached and self.tree.root(leaves[: size - first]) != root:
                raise BrokenError(3, f"the first {size} entries are not those signed for before")

    def _edge(self, newest: Checkpoint) -> None:
        for tile in self.tree.partials():
            if tile.level:
                self._compare(tile, read_tile(self.source, tile.level, tile.number, tile.width))
                self._kept_tile_partials(tile)
        if self.tree.root() != newest.root:
            raise BrokenError(2, "the entries' root is not the checkpoint's")

    def _entry(self, index: int, raw: bytes, origin: str) -> None:
        entry = _parsed(raw, index)
        if entry["index"] != index or entry["log"] != origin:
            raise BrokenError(5, f"says it is entry {entry['index']} of {entry['log']}", index)
        if entry["recorded_at"] < self.last_recorded_at:
            raise BrokenError(5, f"recorded before {self.last_recorded_at}", index)
        self.last_recorded_at = entry["recorded_at"]
        self.events.record(entry["event"], index)
        original = self._original(entry["reverses"]) if entry["kind"] == "reversal" else None
        self.books.apply(entry, original)

    def _original(self, index: int) -> LedgerEntry | None:
        """An entry verified before, read again; its hash must still be the one seen then."""
        if index >= self.entries or self.checkpoint is None:
            return None
        raw = self._read_again(self.checkpoint.size, index)
        at = index * _KEPT_HASH_BYTES
        if leaf_hash(raw)[:_KEPT_HASH_BYTES] != self.hashes[at : at + _KEPT_HASH_BYTES]:
            raise BrokenError(2, "the entry changed while it was being verified", index)
        return _parsed(raw, index)

    def _read_again(self, size: int, index: int) -> bytes:
        number, at = divmod(index, TILE_WIDTH)
        if number != self.read_again[0]:
            self.read_again = (number, read_bundle(self.source, size, number))
        return self.read_again[1][at]


def _parsed(raw: bytes, index: int) -> LedgerEntry:
    try:
        return parse_entry(raw)
    except NotCanonicalError as error:
        raise BrokenError(4, str(error), index) from None


def _first_difference(rebuilt: bytes, published: bytes) -> int:
    """The number of the first hash that differs."""
    pairs = zip(split_tile(rebuilt), split_tile(published), strict=False)
    return next((at for at, (ours, theirs) in enumerate(pairs) if ours != theirs), 0)
