"""Rule 3. Offsets say where to resume, never what to drop."""

import pytest

from shared import mongo
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.ledgerlet import ledgerlet
from tests.support.looking import M, accepted, counts


async def test_stored_position_is_where_a_restarted_service_resumes(house: House) -> None:
    first = await house.start(ledgerlet())
    await house.publish(*(house.own(M, f"M-{n}", 1, accepted()) for n in range(10)))
    for n in range(10):
        await counts(first, f"M-{n}", 1)
    await first.stop()
    second = await house.start(ledgerlet())
    rows = await second.runtime.database["positions"].find({}).to_list(None)
    cluster = await house.cluster()
    assert sum(row["next"] for row in rows) == 10
    assert all(row["_id"].startswith(f"{cluster}|") for row in rows)


async def test_a_log_that_ends_before_the_stored_place_is_read_from_its_start(
    house: House,
) -> None:
    if house.broker.options.broker_kind == "mesh":
        pytest.skip("the embedded broker's log ends only with its cluster id")
    first = await house.start(ledgerlet())
    await house.publish(house.own(M, "M-1", 1, accepted()))
    await counts(first, "M-1", 1)
    await first.stop()
    database = mongo.connect(house.mongod.mongo_uri, f"{house.prefix}_audit")
    await database["positions"].update_many({}, {"$set": {"next": 10_000}})
    second = await house.start(ledgerlet())
    await house.publish(house.own(M, "M-1", 2, accepted()))
    assert (await counts(second, "M-1", 2)).seen == (f"{M}:M-1:1", f"{M}:M-1:2")


async def test_committed_offsets_are_exactly_what_was_worked(house: House) -> None:
    service = await house.start(ledgerlet())
    await house.publish(*(house.own(M, f"M-{n}", 1, accepted()) for n in range(10)))
    for n in range(10):
        await counts(service, f"M-{n}", 1)

    async def lag() -> int:
        return sum(end - done for done, end in (await house.group_offsets("audit")).values())

    assert await eventually(lag, lambda n: n == 0) == 0
