"""Rule 6. What was decided is published, by whoever is alive, and again to an empty broker."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared import mongo
from shared.contracts import topics
from shared.errors import Transient
from shared.messaging.changes import Outgoing
from shared.messaging.decision import Command
from shared.messaging.outbox import (
    COLLECTION,
    SENT_BYTES_MAX,
    SETTLES_WITHIN,
    Outbox,
    build_documents,
)
from shared.messaging.publisher import BATCHES_WAITING_MAX
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import MATCHING, make_acceptance, wait_for_count
from tests.support.stack_harness import StackHarness

ANSWER_S_MAX = 30


async def test_events_are_published_in_gapless_sequence_and_only_once_stored(
    stack: StackHarness,
) -> None:
    service = await stack.start(ledgerlet())
    for n in range(20):
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))

    async def read() -> list[dict[str, object]]:
        return await stack.read(topics.LEDGER)

    events = await eventually(read, lambda found: len(found) >= 20)
    assert [int(str(event["sequence"])) for event in events] == list(range(1, 21))


async def test_empty_broker_is_filled_again_from_the_outbox(stack: StackHarness) -> None:
    """The embedded broker forgets everything; Kafka keeps its cluster id and its data."""
    if stack.broker.options.broker_kind == "kafka":
        pytest.skip("Apache Kafka does not come back empty")
    service = await stack.start(ledgerlet(), outbox_stale_ms=100)
    for n in range(5):
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))
    await stack.broker.supervisor.kill("broker")
    await stack.broker.supervisor.restart("broker")

    async def read() -> list[dict[str, object]]:
        return await stack.read(topics.LEDGER)

    events = await eventually(read, lambda found: len(found) >= 5)
    assert {int(str(event["sequence"])) for event in events} == {1, 2, 3, 4, 5}
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    assert (await wait_for_count(service, "M-1", 1)).total == 1


async def test_what_a_broker_acknowledged_just_after_it_came_back_empty_is_published_once_more(
    stack: StackHarness,
) -> None:
    """The embedded one gives a place twice then: of 6,000 acknowledged 41 were not there."""
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_settling")
    sender = Remembering("a")
    outbox = Outbox(database, sender, stale_ms=0)
    now = datetime(2026, 11, 29, tzinfo=UTC)

    async def publish_one(key: str) -> None:
        documents = build_documents([Outgoing(topics.LEDGER, key, b"{}")], now - timedelta(days=1))
        await database[COLLECTION].insert_many(documents)
        await outbox.publish(documents, now)

    try:
        await publish_one("C-1")
        assert await outbox.publish_forgotten(now) == 0, "the first cluster it meets is not new"
        for sender.cluster in ("", "b"):
            outbox._list_marks(now)
        assert await outbox.publish_forgotten(now) == 1
        await publish_one("C-2")
        assert await outbox.publish_forgotten(now) == 0, "once is enough while it settles"
        now += SETTLES_WITHIN
        assert await outbox.publish_forgotten(now) == 2
        assert await outbox.publish_forgotten(now) == 0
        assert sorted(sender.sent) == ["C-1", "C-1", "C-1", "C-2", "C-2"]
    finally:
        await database.client.drop_database(database.name)


class Remembering:
    """A broker that takes everything."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.sent: list[str] = []

    async def send(self, records: Sequence[Outgoing]) -> None:
        self.sent += [record.key for record in records]


async def test_people_are_answered_while_the_broker_is_away(stack: StackHarness) -> None:
    """More often than batches may wait for it; all of it is published when it is back."""
    service = await stack.start(ledgerlet(), outbox_stale_ms=100)
    await stack.broker.supervisor.kill("broker")
    wanted = range(1, BATCHES_WAITING_MAX + 4)
    for n in wanted:
        command = Command(Add(counter="C", amount=1), key=f"k{n}")
        answer = await asyncio.wait_for(service.runtime.processor.execute(command), ANSWER_S_MAX)
        assert answer.body == {"total": n}
    await stack.broker.supervisor.restart("broker")

    async def read_sequences() -> set[int]:
        return {int(event["sequence"]) for event in await stack.read(topics.LEDGER)}

    await eventually(read_sequences, lambda found: found == set(wanted), 60)


async def test_what_a_dead_instance_left_unpublished_is_published_by_the_next(
    stack: StackHarness,
) -> None:
    first = await stack.start(ledgerlet(), outbox_stale_ms=100)
    await first.runtime.processor.execute(Command(Add(counter="C", amount=1), key="k"))
    await eventually(first.runtime.outbox.count_waiting, lambda n: n == 0)
    await first.stop()
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_audit")
    await database["outbox"].update_many({}, {"$set": {"cluster": None}})
    second = await stack.start(ledgerlet(), outbox_stale_ms=100)
    await eventually(second.runtime.outbox.count_waiting, lambda n: n == 0)
    events = await stack.read(topics.LEDGER)
    assert [event["id"] for event in events] == ["/audit:C:1", "/audit:C:1"]


class Tiring:
    """A broker that takes one sending and then no more."""

    cluster = "tired"

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    async def send(self, records: Sequence[Outgoing]) -> None:
        if self.taken:
            raise Transient("no more")
        self.taken += records


async def test_a_backlog_grows_smaller_however_little_a_broker_takes(stack: StackHarness) -> None:
    """What was taken is not sent again."""
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_outbox")
    now = await mongo.ServerClock(database).now()
    large = [Outgoing(topics.LEDGER, f"D-{n}", b" " * (SENT_BYTES_MAX // 2)) for n in range(5)]
    kept = build_documents(large, now)
    await database[COLLECTION].insert_many(kept)
    for left in (3, 1, 0):
        outbox = Outbox(database, Tiring(), stale_ms=0)
        found = await database[COLLECTION].find({"cluster": None}).sort("_id", 1).to_list(None)
        if left:
            with pytest.raises(Transient):
                await outbox.publish(found, now)
        else:
            await outbox.publish(found, now)
        assert await outbox.count_waiting() == left
    await database.client.drop_database(database.name)
