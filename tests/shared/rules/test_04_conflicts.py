"""Rule 4. What was read is written with its version; whoever was slower decides again."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from shared.contracts.values import Value
from shared.messaging import state_writes
from shared.messaging.decision import Answer, Command, Decision, Handler, States
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, Counter, ledgerlet
from tests.support.ledgerlet_harness import load_counter, wait_for_count
from tests.support.log_lines import capture_lines
from tests.support.stack_harness import RunningService, StackHarness


async def test_concurrent_commands_share_a_transaction(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    answers = await asyncio.gather(
        *(
            service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))
            for n in range(200)
        )
    )
    assert sorted(a.body["total"] for a in answers) == list(range(1, 201))
    transactions = await service.runtime.database["outbox"].count_documents({})
    assert transactions < 20


@pytest.fixture(params=["one by one", "together"])
def compared(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How versions are: as each document is updated, or all of a transaction before."""
    least = 1 if request.param == "together" else 10**6
    monkeypatch.setattr(state_writes, "CHECKED_TOGETHER_FROM", least)


@pytest.mark.usefixtures("compared")
async def test_two_instances_never_lose_an_update(stack: StackHarness) -> None:
    one, two = await stack.start(ledgerlet()), await stack.start(ledgerlet())
    await asyncio.gather(
        *(
            side.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"{i}-{n}"))
            for i, side in enumerate((one, two))
            for n in range(100)
        )
    )
    found = await load_counter(one, "C")
    assert found.total == 200
    assert len(set(found.seen)) == 200


@pytest.mark.usefixtures("compared")
async def test_what_was_only_read_is_written_with_its_version_too(stack: StackHarness) -> None:
    """Else two decisions could each read the same fund and both spend it."""
    service = await stack.start(ledgerlet(commands={**ledgerlet().commands, Peek: PEEK}))
    await service.runtime.processor.execute(Command(Add(counter="read", amount=1), key="a"))
    before = await version(service, "read")
    await service.runtime.processor.execute(Command(Peek(read="read", write="written")))
    assert await version(service, "read") == before + 1


@pytest.mark.usefixtures("compared")
async def test_what_a_process_remembers_is_not_believed(stack: StackHarness) -> None:
    """Another has written since: what only answers sees that, what writes is decided again."""
    changed = ledgerlet(commands={**ledgerlet().commands, Tell: TELL})
    one, two = await stack.start(changed), await stack.start(changed)
    total = 0
    for number in range(1, 6):
        for side, other in ((one, two), (two, one)):
            add = Command(Add(counter="C", amount=number), key=f"{number}-{side is one}")
            total += number
            assert (await side.runtime.processor.execute(add)).body["total"] == total
            answer = await other.runtime.processor.execute(Command(Tell(counter="C")))
            assert answer.body["total"] == total


async def test_a_clients_disconnect_cancels_no_transaction(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    command = Command(Add(counter="C", amount=1), key="k")
    asking = asyncio.create_task(service.runtime.processor.execute(command))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await wait_for_count(service, "C", 1)).total == 1


@pytest.mark.usefixtures("compared")
async def test_what_another_wrote_meanwhile_is_not_written_over(stack: StackHarness) -> None:
    """Nothing fails by itself here: they write one after the other, and each remembers its own."""
    one, two = await stack.start(ledgerlet()), await stack.start(ledgerlet())
    for number in range(1, 13):
        side = (one, two)[number % 2]
        add = Command(Add(counter="C", amount=1), key=f"{number}")
        assert (await side.runtime.processor.execute(add)).body["total"] == number


async def test_what_is_never_written_is_said_and_ends_readiness(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody inserts a document under the number of the ledger's next entry."""
    lines = capture_lines(monkeypatch, "shared.messaging.processor")
    for module in ("shared.messaging.processor", "shared.service"):
        monkeypatch.setattr(f"{module}.CONFLICTS_IN_A_ROW_MAX", 5)
    service = await stack.start(ledgerlet())
    counters = service.runtime.database[Counter.COLLECTION]
    await counters.create_index("total", unique=True)
    await counters.insert_one({"_id": "other", "total": 1})
    add = Command(Add(counter="C", amount=1), key="k")
    waiting = asyncio.create_task(service.runtime.processor.execute(add))

    async def ask() -> Any:
        return await service.http.get("/health/ready")

    refused = await eventually(ask, lambda answer: answer.status_code == 503)
    assert "endless conflicts" in refused.text
    [line, *_] = [line for line in lines if line["event"] == "conflicts_endless"]
    assert (line["log_level"], line["in_a_row"]) == ("error", 5)
    await counters.delete_one({"_id": "other"})
    assert (await waiting).body["total"] == 1
    assert (await ask()).status_code == 200


@pytest.mark.usefixtures("compared")
async def test_conflicts_with_a_stubborn_writer_end_in_the_right_sum(stack: StackHarness) -> None:
    """Somebody outside keeps changing the version: decided again until it fits."""
    service = await stack.start(ledgerlet())
    collection = service.runtime.database[Counter.COLLECTION]
    await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key="first"))

    async def disturb() -> None:
        for _ in range(50):
            await collection.update_one({"_id": "C"}, {"$inc": {"_version": 1}})

    disturbing = asyncio.create_task(disturb())
    commands = [Command(Add(counter="C", amount=1), key=f"k{n}") for n in range(40)]
    await asyncio.gather(*(service.runtime.processor.execute(c) for c in commands))
    await disturbing
    assert (await load_counter(service, "C")).total == 41


class Tell(Value):
    counter: str


def _decide_tell(states: States, command: Command[Tell], now: datetime) -> Decision:
    return Decision(answer=Answer(200, {"total": states.require(Counter, "C").total}))


TELL: Handler[Any] = Handler(decide=_decide_tell)


class Peek(Value):
    read: str
    write: str


def _decide_peek(states: States, command: Command[Peek], now: datetime) -> Decision:
    source, _ = states.get_each((Counter, command.data.read), (Counter, command.data.write))
    assert source is not None
    return Decision(states=(Counter(id=command.data.write, total=source.total),))


PEEK: Handler[Any] = Handler(decide=_decide_peek)


async def version(service: RunningService, id_: str) -> int:
    row = await service.runtime.database[Counter.COLLECTION].find_one({"_id": id_})
    assert row is not None
    return int(row["_version"])
