"""A year's log of any size: every kind of entry, each with its place on the broker."""

from collections.abc import Iterator
from pathlib import Path

from services.audit.ledger.entries import Draft, seal
from services.audit.tlog.merkle import TreeHead
from services.audit.tlog.writer import LogDirectory
from tests.audit.ledgers import FUND, GENERAL, ORIGIN, START, Writer, life, log_key
from tests.bench.loop import Say

PUBLISHED_AT_ONCE = 256 * 100
"""Entries a checkpoint, where only the log is wanted and not how fast it grows."""


def write_log(folder: Path, size: int, say: Say) -> None:
    """Publish `size` entries to `folder`; memory does not grow with them."""
    writer = Writer(positions=True)
    log = LogDirectory(folder, log_key())
    published = 0
    for _ in _steps(writer):
        if writer.head.size - published >= PUBLISHED_AT_ONCE or writer.head.size == size:
            log.publish([(each.index, each.raw) for each in writer.sealed[published:]])
            published = writer.head.size
            # An entry names one at most a few before it; older ones would only fill the memory.
            writer.sealed[: published - 100] = writer.sealed[:1] * (published - 100)
            say(f"ledger: {published:,} of {size:,} entries written")
        if writer.head.size == size:
            return


def drafts(size: int) -> list[Draft]:
    """What `size` facts become, before the log numbers them."""
    writer = Writer(positions=True)
    assigned = {"schema", "log", "index", "recorded_at"}
    steps = _steps(writer)
    while writer.head.size < size:
        next(steps)
    return [
        {key: value for key, value in each.entry.items() if key not in assigned}
        for each in writer.sealed[:size]
    ]


def sealed(facts: list[Draft]) -> list[bytes]:
    """The leaves they become."""
    head, leaves = TreeHead(ORIGIN), []
    for draft in facts:
        head, entry = seal(head, draft, START)
        leaves.append(entry.raw)
    return leaves


def _steps(writer: Writer) -> Iterator[int]:
    yield writer.open(FUND)
    yield writer.open(GENERAL)
    yield from life(writer)
