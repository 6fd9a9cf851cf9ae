"""A batch is decided while the one before commits: nothing of it counts before that one does."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from shared import mongo, telemetry
from shared.contracts.events import MessageReported, ReplyUnderstood
from shared.errors import BugBrake
from shared.messaging import fold
from shared.messaging import processor as loop
from shared.messaging.batch_store import BatchStore, Writing
from shared.messaging.changes import Loaded
from shared.messaging.decision import Answer, AnyRef, Command, Ref
from shared.messaging.fold import Fold
from shared.messaging.pace import Pace
from tests.support.ledgerlet import Add, Counter
from tests.support.ledgerlet_harness import MATCHING
from tests.support.memory_mongo import MemoryDatabase
from tests.support.pipeline import (
    POISON,
    REFUSED,
    Gate,
    Instance,
    Tell,
    in_memory,
    list_effects,
    load,
    make_inbox,
    make_record,
    make_record_of,
    settle,
)

# --- what fails while the next is decided ---


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Instance, Gate]]:
    with in_memory():
        database = MemoryDatabase()
        instance = Instance(database)
        yield instance, Gate(database)
        await instance.stop()


def add(instance: Instance, amount: int, key: str = "", counter: str = "C") -> asyncio.Task[Answer]:
    command = Command(Add(counter=counter, amount=amount), key=key and f"/audit|{key}")
    return asyncio.create_task(instance.processor.execute(command))


def tell(instance: Instance) -> asyncio.Task[Answer]:
    return asyncio.create_task(instance.processor.execute(Command(Tell(counter="C"))))


async def test_the_next_is_decided_meanwhile_and_written_only_then(
    pair: tuple[Instance, Gate],
) -> None:
    """On what the one before will have written, though what was before that is remembered too."""
    instance, gate = pair
    gate.let_go()
    assert (await add(instance, 10)).body == {"total": 10}
    first = add(instance, 1)
    await settle()
    with patch.object(Fold, "run", autospec=True, side_effect=Fold.run) as decide:
        second, third = add(instance, 2), tell(instance)
        await settle()
        assert decide.called
    assert gate.waiting == 1
    assert not any(task.done() for task in (first, second, third))
    gate.let_go()
    await settle()
    assert (await first).body == {"total": 11}
    assert gate.waiting == 1
    assert not second.done()
    assert not third.done(), "told only what is durable"
    assert len(instance.published.documents) == 2
    gate.let_go()
    assert ((await second).body, (await third).body) == ({"total": 13}, {"total": 13})
    assert instance.database.committed == 3


async def test_what_is_durable_is_answered_before_the_next_is_decided(
    pair: tuple[Instance, Gate],
) -> None:
    instance, gate = pair
    first = add(instance, 1)
    await settle()
    deciding, load_states = asyncio.Event(), BatchStore.load_states

    async def load_later(store: BatchStore, refs: Collection[AnyRef]) -> dict[AnyRef, Loaded]:
        await deciding.wait()
        return await load_states(store, refs)

    with patch.object(BatchStore, "load_states", load_later):
        second = add(instance, 2, counter="D")
        await settle()
        gate.let_go()
        await settle()
        assert first.done()
        assert len(instance.published.documents) == 1
        assert not second.done()
        deciding.set()
        await settle()
    gate.let_go()
    assert (await second).body == {"total": 2}
    assert len(instance.published.documents) == 2


async def test_a_large_batch_lets_others_in_while_it_is_decided(
    pair: tuple[Instance, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, gate = pair
    monkeypatch.setattr(loop, "DECIDED_AT_ONCE", 1)
    turns: list[int] = []
    with patch.object(Fold, "run", autospec=True, side_effect=Fold.run) as decide:
        tasks = [add(instance, 1) for _ in range(5)]
        for _ in range(200):
            await asyncio.sleep(0)
            turns.append(decide.call_count)
    assert set(turns) >= {2, 3, 4, 5}, "somebody else had a turn after each"
    gate.let_go()
    assert [answer.body["total"] for answer in await asyncio.gather(*tasks)] == [1, 2, 3, 4, 5]


async def test_a_batchs_time_is_without_that_of_the_one_before(
    pair: tuple[Instance, Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided in 2 s, waits for 100, and commits in 5."""
    instance, gate = pair
    seconds = [0.0]
    monkeypatch.setattr("shared.messaging.processor.time.monotonic", lambda: seconds[0])
    first = add(instance, 1)
    await settle()
    prepare = BatchStore.prepare

    def prepare_slowly(*parts: Any) -> Writing:
        seconds[0] += 2
        return prepare(*parts)

    with patch.object(BatchStore, "prepare", prepare_slowly):
        second = add(instance, 2)
        await settle()
    seconds[0] += 100
    gate.let_go()
    await settle()
    await first
    observed: list[float] = []
    series = telemetry.BATCH_SECONDS.labels("audit")
    with patch.object(series, "observe", observed.append):
        seconds[0] += 5
        gate.let_go()
        await second
        await settle()
    assert observed == [7.0]


@pytest.mark.parametrize("ending", ["fails", "lost"])
async def test_where_the_commit_fails_what_was_decided_on_it_is_decided_again(
    pair: tuple[Instance, Gate], ending: str
) -> None:
    instance, gate = pair
    instance.database.endings = iter([ending])
    first = add(instance, 1)
    await settle()
    second, third = add(instance, 1), tell(instance)
    await settle()
    store(instance.database, Counter(id="C", total=10))  # another's
    for _ in range(3):
        gate.let_go()
        await settle()
    sums = [answer.body["total"] for answer in await asyncio.gather(first, second, third)]
    assert sums == [11, 12, 12]
    assert load(instance.database, "C").total == 12


async def test_a_commit_of_which_nobody_heard_is_found_and_not_made_twice(
    pair: tuple[Instance, Gate],
) -> None:
    instance, gate = pair
    instance.database.endings = iter(["unheard"])
    first = add(instance, 1, key="first")
    await settle()
    second, third = add(instance, 1), tell(instance)
    for _ in range(3):
        await settle()
        gate.let_go()
    sums = [answer.body["total"] for answer in await asyncio.gather(first, second, third)]
    assert sums == [1, 2, 2]
    assert len(list_effects(instance.database, "C")) == 2


async def test_a_dead_letter_that_was_decided_on_what_failed_is_none(
    pair: tuple[Instance, Gate],
) -> None:
    """Another worked both meanwhile: what is repeated is not refused."""
    instance, gate = pair
    one, two = make_record(0, "A", 1), make_record(1, "A", 2, quantity=REFUSED)
    first = asyncio.create_task(instance.processor.submit([one]))
    await settle()
    second = asyncio.create_task(instance.processor.submit([two]))
    await settle()
    stream = {"_id": f"{MATCHING}|A", "last": 2, "revision": 2}
    instance.database["sequences"].bulk_write([mongo.InsertOne(stream)])
    for _ in range(3):
        await settle()
        gate.let_go()
    await asyncio.gather(first, second)
    assert not instance.database.list_rows("dead_letters")
    assert not instance.published.documents
    assert instance.database.list_rows("positions")[0]["next"] == 2


async def test_too_many_bugs_stop_it_with_what_was_durable_answered() -> None:
    with in_memory():
        database = MemoryDatabase()
        instance, gate = Instance(database, bugs_max=0), Gate(database)
        good, poison = make_record(0, "A", 1), make_record(1, "A", 2, quantity=POISON)
        first = asyncio.create_task(instance.processor.submit([good]))
        await settle()
        second = asyncio.create_task(instance.processor.submit([poison]))
        later = add(instance, 1)
        await settle()
        assert not instance.processor.is_braked, "what it was decided on is not durable"
        gate.let_go()
        await first
        for stopped in (second, later):
            with pytest.raises(BugBrake):
                await stopped
        assert instance.processor.is_braked
        assert not database.list_rows("dead_letters")
        await instance.stop()


@pytest.mark.parametrize("endings", [[], ["fails"], ["committed", "lost", "unheard"]])
async def test_what_does_not_fit_comes_before_what_came_later(endings: list[str]) -> None:
    with in_memory(), patch.object(fold, "TRANSACTION_BYTES_MAX", 0):
        instance = Instance(MemoryDatabase(endings))
        commands = [Command(Add(counter="C", amount=1), key=f"/audit|{n}") for n in range(12)]
        await instance.processor.execute_many(commands)
        assert instance.database.committed == 12
        assert load(instance.database, "C").seen == tuple(command.key for command in commands)
        await instance.stop()


async def test_nothing_waits_in_the_database_for_what_was_fetched_before_it() -> None:
    """Two fetches are under way: the second does not overtake the first."""
    with in_memory(), patch.object(Fold, "_park", autospec=True, side_effect=AssertionError):
        instance = Instance(MemoryDatabase(), batch_events_max=50)
        records = [make_record(n, "A", n + 1) for n in range(80)]
        fetches = [instance.processor.submit(part) for part in (records[:40], records[40:])]
        await asyncio.gather(*fetches)
        assert load(instance.database, "A").total == 80
        await instance.stop()


async def test_a_key_used_again_meanwhile_is_answered_the_same_without_a_conflict(
    pair: tuple[Instance, Gate],
) -> None:
    instance, gate = pair
    first = add(instance, 1, key="k")
    await settle()
    again = add(instance, 1, key="k")
    await settle()
    gate.let_go()
    assert (await first).body == (await again).body == {"total": 1}
    assert instance.database.committed == 1


async def test_what_follows_from_a_decision_goes_with_what_came_meanwhile() -> None:
    """Where few came, no batch is between: what is sent next is claimed with a call's outcome."""
    with in_memory(start=None):
        instance = Instance(MemoryDatabase())
        gate = Gate(instance.database)

        async def add_twice() -> None:
            await instance.processor.execute(Command(Add(counter="C", amount=1)))
            await instance.processor.execute(Command(Add(counter="C", amount=2)))

        both = asyncio.create_task(add_twice())
        await settle()
        meanwhile = add(instance, 4)
        for _ in range(2):
            await settle()
            gate.let_go()
        await asyncio.gather(both, meanwhile)
        assert instance.database.committed == 2
        await instance.stop()


def store(database: MemoryDatabase, counter: Counter) -> None:
    row = mongo.to_document(counter) | {"_version": 1, "_emitted": 0}
    database[Counter.COLLECTION].bulk_write([mongo.InsertOne(row)])


# --- when it is decided ---


async def test_what_writes_nothing_says_nothing_of_how_long_a_commit_takes() -> None:
    """Else who asks or is refused often makes few things be decided alone that could wait."""
    with in_memory(), patch.object(Pace, "note_committed") as noted:
        instance = Instance(MemoryDatabase())
        await tell(instance)
        assert not noted.called
        await add(instance, 1)
        assert noted.called
        await instance.stop()


# --- what is not for this service ---


async def test_of_what_is_not_for_us_a_place_is_stored_only_where_more_may_follow(
    pair: tuple[Instance, Gate],
) -> None:
    instance, gate = pair
    report = MessageReported(provider="tencent", provider_message_id="1", outcome="delivered")
    reply = ReplyUnderstood(person_id="P", meaning="received")
    records = [
        make_record_of(fact, "/intake", offset, place)
        for offset, (fact, place) in enumerate(
            [(report, ("tencent:1", 1)), (reply, ("W-1", 1)), (report, ("tencent:2", 2))]
        )
    ]
    gate.let_go()
    await instance.processor.submit(records)
    places = {row["_id"]: row["last"] for row in instance.database.list_rows("sequences")}
    assert places == {"/intake|W-1": 1, "/intake|tencent:2": 0}, "the last came too early"
    assert [row["_id"] for row in instance.database.list_rows("parked")] == ["/intake|tencent:2|2"]
    assert instance.database.list_rows("positions")[0]["next"] == 3
    assert not instance.database.list_rows("dead_letters")


async def test_what_could_not_be_read_and_is_not_for_us_is_settled_by_its_replay(
    pair: tuple[Instance, Gate],
) -> None:
    instance, gate = pair
    report = MessageReported(provider="tencent", provider_message_id="1", outcome="delivered")
    record = make_record_of(report, "/intake", 0, ("tencent:1", 1))
    gate.let_go()
    await instance.processor.submit([replace(record, signature=b"another's")])
    [letter] = instance.database.list_rows("dead_letters")
    item = make_inbox().parse_record(record)
    gate.let_go()
    await instance.processor.resume(replace(item, dead_letter=letter["_id"]))
    assert [row["state"] for row in instance.database.list_rows("dead_letters")] == ["replayed"]


async def test_a_dead_letter_costs_one_look_and_not_the_memory(
    pair: tuple[Instance, Gate],
) -> None:
    """Whether another worked it is read; no other wrote here, so what is remembered stays."""
    instance, gate = pair
    records = [make_record(n, subject, 1) for n, subject in enumerate("ABC")]
    gate.let_go()
    await instance.processor.submit(records)
    refused = [make_record(9 + n, subject, 2, quantity=REFUSED) for n, subject in enumerate("ABC")]
    with patch.object(Fold, "run", autospec=True, side_effect=Fold.run) as decide:
        gate.let_go()
        await instance.processor.submit(refused)
    assert len(instance.database.list_rows("dead_letters")) == 3
    assert decide.call_count <= 4, "read once for all of them"
    assert not instance.processor._store.is_contested
    assert instance.processor._store._recent.get(Ref(Counter, "A"))
