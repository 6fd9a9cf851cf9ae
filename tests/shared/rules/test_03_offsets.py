"""Rule 3. Offsets say where to resume, never what to drop."""

import pytest

from shared import mongo
from tests.support.eventually import eventually
from tests.support.ledgerlet import ledgerlet
from tests.support.ledgerlet_harness import MATCHING, make_acceptance, wait_for_count
from tests.support.stack_harness import StackHarness


async def test_stored_position_is_where_a_restarted_service_resumes(stack: StackHarness) -> None:
    first = await stack.start(ledgerlet())
    await stack.publish(*(stack.own(MATCHING, f"M-{n}", 1, make_acceptance()) for n in range(10)))
    for n in range(10):
        await wait_for_count(first, f"M-{n}", 1)
    await first.stop()
    second = await stack.start(ledgerlet())
    rows = await second.runtime.database["positions"].find({}).to_list(None)
    cluster = await stack.cluster()
    assert sum(row["next"] for row in rows) == 10
    assert all(row["_id"].startswith(f"{cluster}|") for row in rows)


async def test_a_log_that_ends_before_the_stored_place_is_read_from_its_start(
    stack: StackHarness,
) -> None:
    if stack.broker.options.broker_kind == "mesh":
        pytest.skip("the embedded broker's log ends only with its cluster id")
    first = await stack.start(ledgerlet())
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    await wait_for_count(first, "M-1", 1)
    await first.stop()
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_audit")
    await database["positions"].update_many({}, {"$set": {"next": 10_000}})
    second = await stack.start(ledgerlet())
    await stack.publish(stack.own(MATCHING, "M-1", 2, make_acceptance()))
    assert (await wait_for_count(second, "M-1", 2)).seen == (
        f"{MATCHING}:M-1:1",
        f"{MATCHING}:M-1:2",
    )


async def test_committed_offsets_are_exactly_what_was_worked(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    await stack.publish(*(stack.own(MATCHING, f"M-{n}", 1, make_acceptance()) for n in range(10)))
    for n in range(10):
        await wait_for_count(service, f"M-{n}", 1)

    async def lag() -> int:
        return sum(end - done for done, end in (await stack.group_offsets("audit")).values())

    assert await eventually(lag, lambda n: n == 0) == 0
