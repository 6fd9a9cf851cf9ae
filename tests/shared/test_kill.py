"""The promises under force: killed, paused and rebalanced, nothing is missing, nothing doubled.

Ids are compared on both ends: what went in, what was counted, what came out.
"""

import asyncio
from collections import Counter as Multiset
from pathlib import Path
from typing import Any

import pytest

from shared import mongo
from shared.contracts import topics
from shared.contracts.events import MatchAccepted
from tests.support.eventually import eventually
from tests.support.ledgerlet import Counter
from tests.support.ledgerlet_processes import LedgerletProcesses
from tests.support.stack_harness import StackHarness

SUBJECTS = 60
EVENTS_EACH = 40
ROUNDS = 8


def accepted() -> MatchAccepted:
    return MatchAccepted(
        request_id="R", offer_id="O", person_id="P", donor_id="D", unit="fen", quantity=1
    )


def load(stack: StackHarness, events_each: int = EVENTS_EACH) -> list[Any]:
    """Every subject's events in turn, so that a batch holds pieces of many subjects."""
    return [
        stack.own("/matching", f"M-{subject}", sequence, accepted())
        for sequence in range(1, events_each + 1)
        for subject in range(SUBJECTS)
    ]


async def counters(stack: StackHarness) -> list[Counter]:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_audit")
    return await mongo.find(database, Counter, {})


async def all_counted(stack: StackHarness, events_each: int = EVENTS_EACH) -> None:
    def complete(found: list[Counter]) -> bool:
        return sum(c.total for c in found) >= SUBJECTS * events_each

    found = await eventually(lambda: counters(stack), complete, 150)
    expected = {
        f"M-{subject}": tuple(f"/matching:M-{subject}:{n}" for n in range(1, events_each + 1))
        for subject in range(SUBJECTS)
    }
    assert {c.id: c.seen for c in found} == expected


async def all_told(stack: StackHarness, events_each: int = EVENTS_EACH) -> None:
    """Every effect is on the topic; one published again is the same event, never another."""

    async def read() -> list[dict[str, Any]]:
        return await stack.read(topics.LEDGER)

    def complete(events: list[dict[str, Any]]) -> bool:
        return len({event["id"] for event in events}) >= SUBJECTS * events_each

    events = await eventually(read, complete, 60)
    effects = {(event["id"], event["data"]["entry"]) for event in events}
    assert len(effects) == SUBJECTS * events_each
    causes = Multiset(entry for _, entry in effects)
    assert set(causes.values()) == {1}


async def some_counted(stack: StackHarness, at_least: int) -> None:
    await eventually(
        lambda: counters(stack), lambda found: sum(c.total for c in found) >= at_least, 120
    )


async def publish_slowly(stack: StackHarness, events_each: int = EVENTS_EACH) -> None:
    """In pieces, so that there is always a batch under way when something breaks."""
    records = load(stack, events_each)
    size = len(records) // ROUNDS
    for start in range(0, len(records), size):
        await stack.publish(*records[start : start + size])


async def test_killed_in_mid_batch_nothing_is_missing_and_nothing_doubled(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with LedgerletProcesses(stack, tmp_path, "one") as processes:
        publishing = asyncio.create_task(publish_slowly(stack, events_each=16))
        await some_counted(stack, 200)
        await processes.kill("one")
        await processes.restart("one")
        await publishing
        await all_counted(stack, events_each=16)
        await all_told(stack, events_each=16)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_killed_again_and_again_nothing_is_missing_and_nothing_doubled(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with LedgerletProcesses(stack, tmp_path, "one") as processes:
        publishing = asyncio.create_task(publish_slowly(stack))
        for kill in range(1, 6):
            await some_counted(stack, kill * 300)
            await processes.kill("one")
            await processes.restart("one")
        await publishing
        await all_counted(stack)
        await all_told(stack)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_two_instances_share_the_work_and_a_rebalance_in_mid_batch_harms_nothing(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with LedgerletProcesses(stack, tmp_path, "one", "two") as processes:
        publishing = asyncio.create_task(publish_slowly(stack))
        await some_counted(stack, 300)
        await processes.kill("two")
        await some_counted(stack, 600)
        await processes.restart("two")
        await publishing
        await all_counted(stack)
        await all_told(stack)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_an_instance_paused_past_its_session_is_fenced_when_it_wakes(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with LedgerletProcesses(stack, tmp_path, "one", "two") as processes:
        publishing = asyncio.create_task(publish_slowly(stack))
        await some_counted(stack, 300)
        await processes.pause("one")
        await publishing
        await all_counted(stack)
        await processes.resume("one")
        await processes.wait_healthy("one")
        await all_counted(stack)
        await all_told(stack)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_killed_broker_loses_nothing_that_was_decided(
    stack: StackHarness, tmp_path: Path
) -> None:
    """Our own publishers send again what a broker that came back empty has lost."""
    async with LedgerletProcesses(stack, tmp_path, "one"):
        await stack.publish(*load(stack)[: SUBJECTS * 20])
        await some_counted(stack, 300)
        await stack.broker.supervisor.kill("broker")
        await stack.broker.supervisor.restart("broker")
        await stack.publish(*load(stack))
        await all_counted(stack)
        await all_told(stack)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_killed_database_loses_nothing_that_was_answered(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with LedgerletProcesses(stack, tmp_path, "one"):
        publishing = asyncio.create_task(publish_slowly(stack))
        await some_counted(stack, 300)
        await stack.mongod.supervisor.kill("mongod")
        await stack.mongod.supervisor.restart("mongod")
        await publishing
        await all_counted(stack)
        await all_told(stack)
