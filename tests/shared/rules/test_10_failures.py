"""Rule 10. Invalid is a dead letter, Transient is tried again, a bug is undone and braked."""

import asyncio
from pathlib import Path

from deploy.local.ports import LOOPBACK, find_free_port
from shared import mongo
from shared.contracts import topics
from shared.messaging.decision import Command
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import (
    MATCHING,
    load_counter,
    make_acceptance,
    make_donation,
    wait_for_count,
    wait_for_dead_letters,
)
from tests.support.ledgerlet_processes import LedgerletProcesses
from tests.support.stack_harness import StackHarness


async def test_unparsable_record_is_a_dead_letter_and_good_ones_beside_it_pass(
    stack: StackHarness,
) -> None:
    service = await stack.start(ledgerlet())
    bad_header = (topics.MATCHES, b"M-9", b"{}", b"\xff\xfe")
    await stack.publish(
        stack.own(MATCHING, "M-1", 1, make_acceptance()),
        stack.signed(MATCHING, topics.MATCHES, "M-9", b"\xff not json"),
        bad_header,
        stack.signed(MATCHING, topics.MATCHES, "M-9", b'{"specversion":"1.0"}'),
        stack.own(MATCHING, "M-2", 1, make_acceptance()),
    )
    await wait_for_count(service, "M-1", 1)
    await wait_for_count(service, "M-2", 1)
    letters = await wait_for_dead_letters(service, 3)
    assert len(letters) == 3


async def test_record_that_nobody_signed_is_refused(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    topic, key, value, _ = stack.own(MATCHING, "M-1", 1, make_acceptance())
    await stack.publish((topic, key, value, None), (topic, key, value, b"00" * 32))
    letters = await wait_for_dead_letters(service, 2)
    codes = {problem["code"] for letter in letters for problem in letter["problems"]}
    assert codes == {"signature_wrong"}
    assert (await load_counter(service, "M-1")).total == 0


async def test_dead_letter_content_is_not_readable_in_the_database(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    await stack.publish(stack.foreign("/bank/icbc", "1", make_donation(13)))
    [letter] = await wait_for_dead_letters(service, 1)
    row = await service.runtime.database["dead_letters"].find_one({"_id": letter["id"]})
    assert row is not None
    assert b"B1" not in bytes(row["incoming"]["value"])
    assert "B1" in str(await service.runtime.dead_letters.show(str(letter["id"])))


async def test_bug_brake_stops_before_a_topic_is_emptied_into_dead_letters(
    stack: StackHarness,
) -> None:
    service = await stack.start(ledgerlet(), bugs_max=5)
    poison = [stack.own(MATCHING, f"M-{n}", 1, make_acceptance(666)) for n in range(60)]
    await stack.publish(*poison)

    async def ready() -> int:
        return (await service.http.get("/health/ready")).status_code

    await eventually(ready, lambda status: status == 503)
    assert await service.runtime.dead_letters.open_count() <= 5


async def test_transient_is_tried_again_in_place_until_it_works(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    await stack.mongod.supervisor.pause("mongod")
    asking = asyncio.create_task(
        service.runtime.processor.execute(Command(Add(counter="C", amount=1), key="k"))
    )
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    assert not asking.done()
    await stack.mongod.supervisor.resume("mongod")
    assert (await asking).body == {"total": 1}
    assert (await wait_for_count(service, "M-1", 1)).total == 1


async def test_what_the_database_cannot_hold_is_a_dead_letter_and_the_rest_is_kept(
    stack: StackHarness,
) -> None:
    service = await stack.start(ledgerlet())
    stack.bearer("bank", Role.BANK, source="/bank/icbc")
    too_large = Command(Add(counter="C", amount=2**70), key="k0")
    fine = [Command(Add(counter="D", amount=1), key=f"k{n}") for n in range(1, 5)]
    answers = await service.runtime.processor.execute_many([*fine, too_large, *fine])
    assert isinstance(answers[4], Exception)
    assert [a for a in answers if isinstance(a, Exception)] == [answers[4]]
    assert (await load_counter(service, "D")).total == 4


async def test_dead_letter_that_cannot_be_stored_ends_the_process(
    stack: StackHarness, tmp_path: Path
) -> None:
    """Going on would lose it: a clean process tries again instead."""
    async with LedgerletProcesses(stack, tmp_path, "one") as processes:
        client = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_audit")
        rule = {"$jsonSchema": {"required": ["never"]}}
        await client.command("collMod", "dead_letters", validator=rule, validationLevel="strict")
        await stack.publish(stack.signed(MATCHING, topics.MATCHES, "M-9", b"not json"))

        async def is_gone() -> bool:
            return "one" not in processes.list_pids()

        await eventually(is_gone, lambda ended: ended)
        assert "process_ends" in (tmp_path / "one.log").read_text()


async def test_of_several_brokers_that_are_listed_one_is_enough_to_begin(
    stack: StackHarness,
) -> None:
    """For the subscriber too, which takes a text for one address."""
    dead = f"{LOOPBACK}:{find_free_port()}"
    listed = f"{dead},{stack.broker.kafka_bootstrap}"
    service = await stack.start(ledgerlet(), kafka_bootstrap=listed, replication_factor=1)
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    assert (await wait_for_count(service, "M-1", 1)).total == 1
