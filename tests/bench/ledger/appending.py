"""How fast a log grows, beside what hashing alone and inserting alone allow.

Each batch is sealed (numbered, encoded, checked, hashed) and written with the log's head in one
transaction. As in the service, the next batch is sealed while one commits, and a thread publishes
what is committed.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from services.audit.ledger.entries import Draft, Sealed, seal
from services.audit.tlog.merkle import TreeHead
from services.audit.tlog.writer import LogDirectory
from shared import mongo
from tests.audit.ledgers import ORIGIN, START, log_key
from tests.bench.ledger.facts import drafts, sealed
from tests.bench.loop import Say
from tests.support.stack import start_mongod

BATCH = 500
"""As many as a transaction of the service holds."""


@dataclass(frozen=True, slots=True)
class Appending:
    """Entries a second."""

    entries: int
    hashing: float
    sealing: float
    publishing: float
    inserting: float
    appending: float
    checkpoints: int


async def measure_appending(size: int, folder: Path, say: Say) -> Appending:
    say("ledger: preparing facts to append")
    facts = drafts(size)
    leaves = sealed(facts)
    say("ledger: hashing, sealing, publishing")
    hashing, sealing = _rate(size, lambda: _hash(leaves)), _rate(size, lambda: sealed(facts))
    publishing = _rate(size, lambda: _publish(leaves, folder / "alone"))
    stack = await start_mongod(folder / "mongod")
    try:
        database = mongo.connect(stack.mongo_uri, "bench")
        say("ledger: inserting the same bytes")
        inserting = await _inserting(database, leaves)
        say("ledger: appending")
        appending, checkpoints = await _appending(database, facts, folder / "log")
    finally:
        await stack.stop()
    return Appending(size, hashing, sealing, publishing, inserting, appending, checkpoints)


def _rate(size: int, work: Any) -> float:
    start = time.perf_counter()
    work()
    return size / (time.perf_counter() - start)


def _hash(leaves: Sequence[bytes]) -> None:
    """The leaves' hashes and the tree's, and nothing else."""
    row = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(row) > 1:
        pairs = zip(row[::2], row[1::2], strict=False)
        row = [sha256(b"\x01" + a + b).digest() for a, b in pairs] + row[len(row) & ~1 :]


def _publish(leaves: Sequence[bytes], folder: Path) -> None:
    log = LogDirectory(folder, log_key())
    for batch in _batches(list(enumerate(leaves))):
        log.publish(batch)


async def _inserting(database: mongo.Database, leaves: Sequence[bytes]) -> float:
    documents = [_document(index, leaf) for index, leaf in enumerate(leaves)]
    await database["raw"].insert_one({"_id": "first"})
    start = time.perf_counter()
    for batch in _batches(documents):
        await database["raw"].insert_many(batch, ordered=False)
    return len(leaves) / (time.perf_counter() - start)


async def _appending(
    database: mongo.Database, facts: Sequence[Draft], folder: Path
) -> tuple[float, int]:
    """Entries a second, and how many checkpoints were published meanwhile."""
    await database["heads"].insert_one({"_id": ORIGIN, "size": 0})
    await database["entries"].insert_one({"_id": "first"})
    head, publisher = TreeHead(ORIGIN), _Publisher(LogDirectory(folder, log_key()))
    start = time.perf_counter()
    publishing = asyncio.create_task(publisher.publish_until(len(facts)))
    committing = asyncio.create_task(asyncio.sleep(0))
    for batch in _batches(facts):
        before = head.size
        head, entries = _seal(head, batch)
        await committing
        committing = asyncio.create_task(_commit(database, publisher, entries, before, head))
        await asyncio.sleep(0)  # its thread begins
    await committing
    await publishing
    taken = time.perf_counter() - start
    return len(facts) / taken, publisher.checkpoints


async def _commit(
    database: mongo.Database,
    publisher: "_Publisher",
    entries: Sequence[Sealed],
    before: int,
    head: TreeHead,
) -> None:
    await mongo.run_transaction(database, partial(_write, entries, before, head))
    publisher.committed(entries)


class _Publisher:
    """As the service's: a checkpoint for what was committed while the last one was written."""

    def __init__(self, log: LogDirectory) -> None:
        self.checkpoints = 0
        self._log = log
        self._waiting: list[tuple[int, bytes]] = []
        self._wakes = asyncio.Event()

    def committed(self, entries: Sequence[Sealed]) -> None:
        self._waiting += [(each.index, each.raw) for each in entries]
        self._wakes.set()

    async def publish_until(self, size: int) -> None:
        published = 0
        while published < size:
            await self._wakes.wait()
            self._wakes.clear()
            fresh, self._waiting = self._waiting, []
            published = (await asyncio.to_thread(self._log.publish, fresh)).size
            self.checkpoints += 1


def _seal(head: TreeHead, batch: Sequence[Draft]) -> tuple[TreeHead, list[Sealed]]:
    entries = []
    for draft in batch:
        head, entry = seal(head, draft, START)
        entries.append(entry)
    return head, entries


def _write(
    entries: Sequence[Sealed],
    before: int,
    head: TreeHead,
    database: mongo.BlockingDatabase,
    session: mongo.Session,
) -> None:
    """The entries, and the head if it is the one read: the fence."""
    documents = [_document(each.index, each.raw) for each in entries]
    database["entries"].insert_many(documents, session=session)
    moved = {"size": head.size, "tree": head.frontier.hashes, "last": head.last_recorded_at}
    place = {"_id": ORIGIN, "size": before}
    found = database["heads"].update_one(place, {"$set": moved}, session=session)
    assert found.matched_count == 1


def _document(index: int, leaf: bytes) -> dict[str, Any]:
    return {"_id": f"{ORIGIN}#{index:016d}", "log": ORIGIN, "index": index, "leaf": leaf}


def _batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
