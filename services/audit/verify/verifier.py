"""Verify a published log from its files alone, entry by entry, and stop at the first broken rule.

Memory does not grow with the entries' bytes: see `tree` and `posting` for what is kept of each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.audit.verify.books import Books, totals
from services.audit.verify.carried import check_carried
from services.audit.verify.earlier import check_earlier_refunds
from services.audit.verify.findings import BrokenError, Finding
from services.audit.verify.identity import PartitionRange
from services.audit.verify.note import Checkpoint, NoteError, VerifierKey, trusted_checkpoint
from services.audit.verify.posting import Posting
from services.audit.verify.published import read_bundles
from services.audit.verify.source import Source, open_source
from services.audit.verify.tiles import CHECKPOINT
from services.audit.verify.tree import TreeCheck

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

    def summary(self) -> dict[str, Any]:
        """For JSON and for people."""
        return {
            "ok": self.ok,
            "origin": self.checkpoint.origin if self.checkpoint else None,
            "size": self.checkpoint.size if self.checkpoint else None,
            "root": self.checkpoint.root.hex() if self.checkpoint else None,
            "frozen": self.checkpoint.frozen if self.checkpoint else None,
            "entries": self.entries,
            "broken": str(self.broken) if self.broken else None,
            "funds": {fund: totals(book) for fund, book in sorted(self.books.funds.items())},
            "partitions": [_partition(each) for each in self.partitions],
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
    httpx.HTTPError and a malformed key NoteError: neither says anything about the log.
    """
    source = open_source(where) if isinstance(where, str | Path) else where
    keys = [vkey] if isinstance(vkey, str) else vkey
    trust = _Trust(_parsed(keys), _parsed(witnesses), quorum)
    run = _Verification(source, trust)
    try:
        run.verify(since, previous, progress)
    except BrokenError as broken:
        return run.report(broken.finding)
    return run.report(None)


def _parsed(keys: Sequence[str]) -> list[VerifierKey]:
    return [VerifierKey.parse(key) for key in keys]


def _partition(found: PartitionRange) -> dict[str, Any]:
    return {
        "cluster": found.cluster,
        "topic": found.topic,
        "partition": found.partition,
        "first": found.first,
        "last": found.last,
        "recorded": found.recorded,
        "skipped": found.skipped,
    }


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whose signatures a checkpoint needs."""

    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey]
    quorum: int | None

    def newest(self, data: bytes | None) -> Checkpoint:
        if data is None:
            raise BrokenError(1, "there is no checkpoint")
        try:
            return trusted_checkpoint(data, self.keys, self.witnesses, self.quorum)
        except NoteError as error:
            raise BrokenError(1, str(error)) from None

    def older(self, data: bytes, newest: Checkpoint) -> Checkpoint:
        """Not every checkpoint that was kept went to the witnesses first."""
        try:
            found = trusted_checkpoint(data, self.keys)
        except NoteError as error:
            raise BrokenError(3, str(error)) from None
        if found.origin != newest.origin:
            raise BrokenError(3, f"the checkpoint is of another log, {found.origin}")
        return found


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
        newest = self.checkpoint = self.trust.newest(self.source.read(CHECKPOINT))
        posting = self.posting = Posting(self.source, newest.origin, newest.size)
        tree = TreeCheck(self.source, newest)
        for data in since:
            tree.expect(self.trust.older(data, newest))
        for part in read_bundles(self.source, newest.size):
            posting.add(part, tree.add(part))
            if progress:
                progress(posting.entries, newest.size)
        tree.finish()
        if previous is not None:
            self.before = previous.years
            self.not_carried = _carried(posting.books, newest, previous)
            check_earlier_refunds(posting.books, self.before)

    def report(self, broken: Finding | None) -> Report:
        posting = self.posting
        if posting is None:
            return Report(self.checkpoint, 0, broken, Books())
        partitions = tuple(posting.events.partitions())
        not_carried = tuple(self.not_carried)
        years, books = (posting, *self.before), posting.books
        return Report(
            self.checkpoint, posting.entries, broken, books, partitions, not_carried, years
        )


def _carried(books: Books, newest: Checkpoint, previous: Report) -> Sequence[str]:
    """What of the year before is not carried yet. A frozen log has carried everything."""
    if previous.checkpoint is None or not previous.ok:
        raise BrokenError(3, "the log of the year before is not to be trusted")
    left = check_carried(books, previous.books, previous.checkpoint)
    if left and newest.frozen:
        raise BrokenError(3, f"frozen, and never carried {', '.join(left)}")
    return left
