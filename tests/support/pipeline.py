"""The loop of a process over a database in memory, for tests of what fails in between."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import orjson

from shared import mongo
from shared.contracts.envelope import Fact, build_cloud_event
from shared.contracts.values import Value
from shared.messaging import processor as loop
from shared.messaging.batch_store import BatchStore
from shared.messaging.decision import Answer, Command, Decision, Handler, States
from shared.messaging.encoding import encode
from shared.messaging.inbox import Inbox, Incoming, Routes
from shared.messaging.pace import Pace
from shared.messaging.processor import Processor
from shared.messaging.resealing import make_dead_letter_sealer
from shared.security import Keyring, create_root_key
from tests.support import memory_mongo
from tests.support.ledgerlet import Counter, ledgerlet
from tests.support.ledgerlet_harness import MATCHING, make_acceptance
from tests.support.memory_mongo import MemoryDatabase

NOW = datetime(2026, 1, 20, tzinfo=UTC)
POISON, REFUSED = 666, 13
"""Quantities: a bug, and what is refused."""


class Tell(Value):
    counter: str


def _decide_tell(states: States, command: Command[Tell], now: datetime) -> Decision:
    counter = states.get(Counter, command.data.counter)
    return Decision(answer=Answer(200, {"total": counter.total if counter else 0}))


TELL: Handler[Any] = Handler(decide=_decide_tell)


@cache
def open_keyring() -> Keyring:
    path = Path(mkdtemp())
    create_root_key(path)
    (path / "credentials.json").write_text("[]")
    return Keyring(path)


def make_inbox() -> Inbox:
    service = ledgerlet()
    return Inbox(Routes(service.events, {**service.commands, Tell: TELL}), open_keyring())


def make_record(offset: int, subject: str, sequence: int, quantity: int = 1) -> Incoming:
    return make_record_of(make_acceptance(quantity), MATCHING, offset, (subject, sequence))


def make_record_of(fact: Fact, source: str, offset: int, place: tuple[str, int]) -> Incoming:
    """place: its subject, and the sequence within that."""
    subject, sequence = place
    event = build_cloud_event(
        source=source,
        subject=subject,
        sequence=sequence,
        time=NOW,
        data=fact,
        correlation_id="C-1",
        causation_id="",
        traceparent="",
    )
    value = encode(event)
    signature = open_keyring().sign_record(source, fact.TOPIC, value)
    return Incoming("c", fact.TOPIC, 0, offset, value, signature)


class Clock:
    async def now(self) -> datetime:
        return NOW


@dataclass
class Published:
    """What the loop gives away; each must be durable by then."""

    database: MemoryDatabase
    documents: list[mongo.Row] = field(default_factory=list)

    async def put(self, documents: Sequence[mongo.Row], positions: Any) -> None:
        await asyncio.sleep(0)
        stored = self.database.collections["outbox"]
        assert all(document["_id"] in stored for document in documents)
        for (cluster, topic, partition), position in positions.items():
            [row] = self.database["positions"].find(
                {"_id": {"$in": [f"{cluster}|{topic}|{partition}"]}}
            )
            assert position <= row["next"]
        self.documents += documents


class Instance:
    """A process, as far as the loop is one."""

    def __init__(self, database: MemoryDatabase, **given: Any) -> None:
        self.database = database
        self.published = Published(database)
        inbox = make_inbox()
        whole: Any = database
        sealer = make_dead_letter_sealer(open_keyring(), "audit")
        parts: Any = {"publisher": self.published, "clock": Clock()}
        self.processor = Processor(
            service="audit",
            inbox=inbox,
            store=BatchStore(whole, inbox, "/audit", sealer),
            **{"batch_events_max": 5, "bugs_max": 1000, **parts, **given},
        )
        self.running = asyncio.create_task(self.processor.run())

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def ask(self, command: Command) -> Answer:
        """Its answer is durable by now."""
        answer = await self.processor.execute(command)
        if command.key:
            stored = {row["_id"] for row in self.database.list_rows("idempotency_keys")}
            assert self.processor._inbox.make_item(command).key in stored
        return answer


@contextmanager
def in_memory(start: float | None = 0.0, *, after_conflicts: bool = True) -> Iterator[None]:
    """start: when a batch is decided, after the commit of the one before began. after_conflicts:
    whether also soon after one."""
    is_contested = False if after_conflicts else BatchStore.is_contested

    async def run_steps(database: MemoryDatabase, steps: Any) -> Any:
        return await database.run_steps(steps)

    async def run_transaction(database: MemoryDatabase, steps: Any) -> None:
        await database.run_transaction(steps)

    async def back_off(failures: int, most_s: float) -> None:
        await asyncio.sleep(0)

    with (
        patch.object(mongo, "run_steps", run_steps),
        patch.object(mongo, "run_transaction", run_transaction),
        patch.object(mongo, "find_each", memory_mongo.find_each),
        patch.object(mongo, "find_numbers", memory_mongo.find_numbers),
        patch.object(loop, "back_off", back_off),
        patch.object(Pace, "find_start", lambda *_: start),
        patch.object(BatchStore, "is_contested", is_contested),
    ):
        yield


def load(database: MemoryDatabase, id_: str) -> Counter:
    rows = [row for row in database.list_rows(Counter.COLLECTION) if row["_id"] == id_]
    return mongo.to_state(Counter, rows[0]) if rows else Counter(id=id_)


def list_effects(database: MemoryDatabase, subject: str) -> list[dict[str, Any]]:
    """What was said of it, in the order of its own numbers: none is missing, none there twice."""
    events = [
        orjson.loads(value)
        for document in database.list_rows("outbox")
        for _, key, value in document["records"]
        if key == subject
    ]
    events.sort(key=lambda event: int(event["sequence"]))
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    return events


class Gate:
    """Holds each transaction before its end, until it is let go."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.waiting = 0
        self._go = asyncio.Semaphore(0)
        database.before_commit = self._wait

    async def _wait(self) -> None:
        self.waiting += 1
        await self._go.acquire()
        self.waiting -= 1

    def let_go(self) -> None:
        self._go.release()


async def settle() -> None:
    """Everything has gone as far as it can."""
    for _ in range(100):
        await asyncio.sleep(0)
