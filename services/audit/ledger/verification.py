"""Verify a published log from its files alone, entry by entry, and stop at the first broken rule.

Memory does not grow with the entries' bytes: `tlog.reader.TreeCheck`, `EventRegister` and `Posting`
say what is kept of each.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from orjson import loads

from services.audit.ledger.balances import list_totals
from services.audit.ledger.books import Books
from services.audit.ledger.canonical import NotCanonicalError, parse_entry
from services.audit.ledger.corrections import NAMING, find_named, sum_gift
from services.audit.ledger.findings import (
    CANONICAL,
    COMMITTED,
    SEQUENCE,
    UNIQUE,
    WITHIN_FUND,
)
from services.audit.ledger.years import check_brought_forward
from services.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from services.audit.tlog.findings import HISTORY, SIGNED, TREE, BrokenError, Finding
from services.audit.tlog.merkle import hash_leaf
from services.audit.tlog.note import NoteError, VerifierKey
from services.audit.tlog.reader import (
    BundleAndTile,
    Source,
    TreeCheck,
    open_source,
    read_bundle,
    read_bundles,
)
from services.audit.tlog.tiles import CHECKPOINT, TILE_WIDTH
from shared.contracts.ledger import LedgerEntry
from shared.contracts.ledger_fields import Event, Position

PAGE_BITS = 9

PAGE_MASK = (1 << PAGE_BITS) - 1


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """The offsets of one partition that became entries. Not every offset must: other facts pass."""

    cluster: str
    topic: str
    partition: int
    first: int
    last: int
    recorded: int

    @property
    def skipped(self) -> int:
        """Offsets between first and last that are no entry."""
        return self.last - self.first + 1 - self.recorded


@dataclass(slots=True)
class EventRegister:
    """The ids seen so far, each as a 64-bit keyed hash, and the offsets, each as one bit.

    A false alarm has odds of one in 70 million at a million entries, and Python keys the hash
    anew for each process, so nobody can prepare one; a repeated id is never missed.
    """

    _events: set[int] = field(default_factory=set)
    _offsets: dict[tuple[str, str, int], dict[int, int]] = field(default_factory=dict)
    """By partition: pages of 512 offsets, the bit of each one seen is set."""

    def record(self, event: Event, index: int) -> None:
        """BrokenError if the event, or its place on the broker, was recorded before."""
        mark = hash((event["source"], event["id"]))
        if mark in self._events:
            message = f"event {event['id']} of {event['source']} was recorded before"
            raise BrokenError(UNIQUE, message, index)
        self._events.add(mark)
        position = event.get("position")
        if position:
            self._record_position(position, index)

    def _record_position(self, at: Position, index: int) -> None:
        place, offset = (at["cluster"], at["topic"], at["partition"]), at["offset"]
        pages = self._offsets.get(place)
        if pages is None:
            pages = self._offsets[place] = {}
        number, bit = offset >> PAGE_BITS, 1 << (offset & PAGE_MASK)
        page = pages.get(number, 0)
        if page & bit:
            raise BrokenError(UNIQUE, f"offset {offset} of {place} was recorded before", index)
        pages[number] = page | bit

    def list_partitions(self) -> Iterator[PartitionRange]:
        for place, pages in sorted(self._offsets.items()):
            lowest, highest = min(pages), max(pages)
            first = (pages[lowest] & -pages[lowest]).bit_length() - 1
            last = pages[highest].bit_length() - 1
            recorded = sum(page.bit_count() for page in pages.values())
            base, top = lowest << PAGE_BITS, highest << PAGE_BITS
            yield PartitionRange(*place, base + first, top + last, recorded)


# --- verification ---------------------------------------------------------------------------------

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
            for index, raw in enumerate(part.entries, self.entries):
                self._post(index, parse_entry(raw, self.books), part)
                self.entries = index + 1
        except NotCanonicalError as error:
            raise BrokenError(CANONICAL, str(error), self.entries) from None

    def _post(self, index: int, entry: LedgerEntry, part: BundleAndTile) -> None:
        if entry["index"] != index or entry["log"] != self.origin:
            raise BrokenError(
                SEQUENCE, f"says it is entry {entry['index']} of {entry['log']}", index
            )
        if entry["recorded_at"] < self.last_recorded_at:
            raise BrokenError(SEQUENCE, f"recorded before {self.last_recorded_at}", index)
        self.last_recorded_at = entry["recorded_at"]
        self.events.record(entry["event"], index)
        original = self._find_original(entry, part) if entry["kind"] in NAMING else None
        self.books.apply(entry, original)

    def _find_original(self, entry: LedgerEntry, part: BundleAndTile) -> LedgerEntry | None:
        """The earlier entry that `entry` names."""
        named = find_named(entry)
        if named is None or named >= self.entries:
            return None
        number, at = divmod(named, TILE_WIDTH)
        return _read_posted(part.entries[at]) if number == part.number else self.read_entry(named)

    def read_entry(self, named: int) -> LedgerEntry | None:
        """One that was posted, read again; its hash must still be the one seen then."""
        if named >= self.entries:
            return None
        number, at = divmod(named, TILE_WIDTH)
        if number != self._read_again[0]:
            self._read_again = (number, read_bundle(self.source, self.size, number))
        raw, start = self._read_again[1][at], named * KEPT_HASH_BYTES
        if hash_leaf(raw)[:KEPT_HASH_BYTES] != self._hashes[start : start + KEPT_HASH_BYTES]:
            raise BrokenError(TREE, "the entry changed while it was being verified", named)
        return _read_posted(raw)


def _read_posted(raw: bytes) -> LedgerEntry:
    """The entry of bytes that were judged when it was posted."""
    return cast(LedgerEntry, loads(raw))


GiftPlace = tuple[str, int, str]
"""A gift: its log, its entry there, and the fund it is given back from."""


def check_earlier_refunds(books: Books, years: Sequence[Posting]) -> None:
    """`years`: the verified logs of the years before that are at hand. A gift on another one is
    passed over. BrokenError for one that was not, or that comes to too much."""
    at_hand = {year.origin: year for year in years}
    for place, refunded in books.earlier_refunds.items():
        year = at_hand.get(place[0])
        if year is not None:
            gift_fen = _require_gift_fen(year, place)
            before = [each.books.earlier_refunds.get(place, 0) for each in years]
            refunded += year.books.refunds.get(place[1], 0) + sum(before)
            if refunded > gift_fen:
                message = f"{refunded} fen refunded of a gift of {gift_fen}"
                raise BrokenError(WITHIN_FUND, f"{message}, entry {place[1]} of {place[0]}")


def _require_gift_fen(year: Posting, place: GiftPlace) -> int:
    log, index, fund = place
    gift = year.read_entry(index)
    if gift is None or gift["kind"] != "donation_received":
        raise BrokenError(WITHIN_FUND, f"entry {index} of {log} is no gift")
    if gift["fund"] != fund or index in year.books.reversed_entries:
        raise BrokenError(
            WITHIN_FUND, f"entry {index} of {log} is no gift to fund {fund}, or was reversed"
        )
    return sum_gift(gift)


def check_earlier_payments(books: Books, years: Sequence[Posting]) -> None:
    """What was paid of obligations on the logs of the years before, as `check_earlier_refunds`."""
    at_hand = {year.origin: year for year in years}
    for (log, index), payable in books.payables.items():
        if log not in at_hand:
            continue
        due = at_hand[log].books.payables.get((log, index))
        if due is None or (due.subject, due.fund) != (payable.subject, payable.fund):
            raise BrokenError(COMMITTED, f"entry {index} of {log} is not its obligation")
        all_books = (books, *(year.books for year in years))
        rows = [each.payables[log, index] for each in all_books if (log, index) in each.payables]
        paid = sum(row.paid_fen - row.returned_fen for row in rows)
        if not 0 <= paid <= due.obligated_fen:
            message = f"{paid} fen paid of {due.obligated_fen} due"
            raise BrokenError(COMMITTED, f"{message}, entry {index} of {log}")


Progress = Callable[[int, int], None]
"""Called with (entries verified, entries in all)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `books` and `entries` reach as far as it came."""

    checkpoint: Checkpoint | None
    entries: int
    broken: Finding | None
    books: Books
    partitions: tuple[PartitionRange, ...] = ()
    not_carried: tuple[str, ...] = ()
    """Funds of the year before, given with it, that this log does not go on with yet."""
    years: tuple[Posting, ...] = field(default=(), repr=False, compare=False)
    """This log as it was posted, then those before it, as far as they were given."""

    @property
    def ok(self) -> bool:
        return self.broken is None

    def summarize(self) -> dict[str, object]:
        """For JSON and for people."""
        return {
            "ok": self.ok,
            "origin": self.checkpoint.origin if self.checkpoint else None,
            "size": self.checkpoint.size if self.checkpoint else None,
            "root": self.checkpoint.root.hex() if self.checkpoint else None,
            "frozen": self.checkpoint.frozen if self.checkpoint else None,
            "entries": self.entries,
            "broken": str(self.broken) if self.broken else None,
            "funds": {fund: list_totals(book) for fund, book in sorted(self.books.funds.items())},
            "partitions": [_describe_partition(each) for each in self.partitions],
            "not_carried": list(self.not_carried),
        }


def verify_log(
    where: str | Path | Source,
    vkey: str | Sequence[str],
    *,
    since: Sequence[bytes] = (),
    witnesses: Sequence[str] = (),
    quorum: int | None = None,
    previous: Report | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a log against the pinned `vkey` (two after a rotation: either may have signed), the
    older signed checkpoints in `since`, and `quorum` of the `witnesses` (default: all of them).

    `where` is a directory, an http(s) address or a Source. `previous` is the verified log of the
    year before: then what was carried is checked too. What the network refuses raises
    UnreachableError and a malformed key NoteError: neither says anything about the log.
    """
    source = open_source(where) if isinstance(where, str | Path) else where
    keys = [vkey] if isinstance(vkey, str) else vkey
    trust = _Trust(_parse_keys(keys), _parse_keys(witnesses), quorum)
    run = _Verification(source, trust)
    try:
        run.verify(since, previous, progress)
    except BrokenError as broken:
        return run.report(broken.finding)
    return run.report(None)


def _parse_keys(keys: Sequence[str]) -> list[VerifierKey]:
    return [VerifierKey.parse(key) for key in keys]


def _describe_partition(partition: PartitionRange) -> dict[str, object]:
    return {
        "cluster": partition.cluster,
        "topic": partition.topic,
        "partition": partition.partition,
        "first": partition.first,
        "last": partition.last,
        "recorded": partition.recorded,
        "skipped": partition.skipped,
    }


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whose signatures a checkpoint needs."""

    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey]
    quorum: int | None

    def open_newest(self, data: bytes | None) -> Checkpoint:
        if data is None:
            raise BrokenError(SIGNED, "there is no checkpoint")
        try:
            return open_checkpoint(data, self.keys, self.witnesses, self.quorum)
        except NoteError as error:
            raise BrokenError(SIGNED, str(error)) from None

    def open_older(self, data: bytes, newest: Checkpoint) -> Checkpoint:
        """Not every checkpoint that was kept went to the witnesses first."""
        try:
            checkpoint = open_checkpoint(data, self.keys)
        except NoteError as error:
            raise BrokenError(HISTORY, str(error)) from None
        if checkpoint.origin != newest.origin:
            raise BrokenError(HISTORY, f"the checkpoint is of another log, {checkpoint.origin}")
        return checkpoint


@dataclass(slots=True)
class _Verification:
    source: Source
    trust: _Trust
    checkpoint: Checkpoint | None = None
    posting: Posting | None = None
    not_carried: Sequence[str] = ()
    before: tuple[Posting, ...] = ()

    def verify(
        self, since: Sequence[bytes], previous: Report | None, progress: Progress | None
    ) -> None:
        newest = self.checkpoint = self.trust.open_newest(self.source.read(CHECKPOINT))
        posting = self.posting = Posting(self.source, newest.origin, newest.size)
        tree = TreeCheck(self.source, newest)
        for data in since:
            tree.expect(self.trust.open_older(data, newest))
        for part in read_bundles(self.source, newest.size):
            posting.add(part, tree.add(part))
            if progress:
                progress(posting.entries, newest.size)
        tree.finish()
        if previous is not None:
            self.before = previous.years
            self.not_carried = _list_not_carried(posting.books, newest, previous)
            check_earlier_refunds(posting.books, self.before)
            check_earlier_payments(posting.books, self.before)

    def report(self, broken: Finding | None) -> Report:
        posting = self.posting
        if posting is None:
            return Report(self.checkpoint, 0, broken, Books())
        partitions = tuple(posting.events.list_partitions())
        not_carried = tuple(self.not_carried)
        years, books = (posting, *self.before), posting.books
        return Report(
            self.checkpoint, posting.entries, broken, books, partitions, not_carried, years
        )


def _list_not_carried(books: Books, newest: Checkpoint, previous: Report) -> Sequence[str]:
    """What of the year before is not carried yet. A frozen log has carried everything."""
    if previous.checkpoint is None or not previous.ok:
        raise BrokenError(HISTORY, "the log of the year before is not to be trusted")
    remaining = check_brought_forward(books, previous.books, previous.checkpoint)
    if remaining and newest.frozen:
        raise BrokenError(HISTORY, f"frozen, and never carried {', '.join(remaining)}")
    return remaining
