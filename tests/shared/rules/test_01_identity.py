"""Rule 1. An event is (source, subject, sequence): applied in order, each once, gaps wait."""

import asyncio
import json

from shared.contracts import topics
from shared.messaging.decision import Command
from shared.messaging.inbox import Incoming
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.ledgerlet_harness import (
    MATCHING,
    load_counter,
    make_acceptance,
    wait_for_count,
    wait_for_dead_letters,
)
from tests.support.stack_harness import StackHarness


async def test_duplicate_event_changes_nothing(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    one, two = (stack.own(MATCHING, "M-1", n, make_acceptance()) for n in (1, 2))
    await stack.publish(one, one, two, one, two)
    await stack.publish(stack.own(MATCHING, "M-1", 3, make_acceptance()))
    found = await wait_for_count(service, "M-1", 3)
    assert found.seen == (f"{MATCHING}:M-1:1", f"{MATCHING}:M-1:2", f"{MATCHING}:M-1:3")


async def test_reordered_events_wait_for_their_turn(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    await stack.publish(
        *(stack.own(MATCHING, "M-1", n, make_acceptance()) for n in (3, 2, 5, 1, 4))
    )
    found = await wait_for_count(service, "M-1", 5)
    assert found.seen == tuple(f"{MATCHING}:M-1:{n}" for n in range(1, 6))
    assert await service.runtime.database["parked"].count_documents({}) == 0


async def test_missing_event_holds_back_its_subject_and_no_other(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    await stack.publish(
        stack.own(MATCHING, "M-1", 2, make_acceptance()),
        stack.own(MATCHING, "M-2", 1, make_acceptance()),
    )
    await wait_for_count(service, "M-2", 1)
    assert (await load_counter(service, "M-1")).total == 0
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))
    assert (await wait_for_count(service, "M-1", 2)).total == 2


async def test_poisonous_event_leaves_its_gap_until_it_is_discarded(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    await stack.publish(
        stack.own(MATCHING, "M-1", 1, make_acceptance()),
        stack.own(MATCHING, "M-1", 2, make_acceptance(666)),
        stack.own(MATCHING, "M-1", 3, make_acceptance()),
        stack.own(MATCHING, "M-2", 1, make_acceptance()),
    )
    await wait_for_count(service, "M-2", 1)
    [letter] = await wait_for_dead_letters(service, 1)
    assert letter["bug"]
    assert (await wait_for_count(service, "M-1", 1)).total == 1
    operator = stack.bearer("op", Role.OPERATOR)
    negative = await service.http.get("/dead-letters?limit=-5508", headers=operator)
    assert negative.status_code == 422
    shown = await service.http.get(f"/dead-letters/{letter['id']}", headers=operator)
    assert "ZeroDivisionError" in shown.json()["traceback"]
    still = await service.http.post(f"/dead-letters/{letter['id']}/replay", headers=operator)
    assert still.status_code == 409
    done = await service.http.post(f"/dead-letters/{letter['id']}/discard", headers=operator)
    assert done.status_code == 200, done.text
    found = await wait_for_count(service, "M-1", 2)
    assert found.seen == (f"{MATCHING}:M-1:1", f"{MATCHING}:M-1:3")


async def test_resend_publishes_every_event_of_a_subject_again(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    for key, name in (("a", "C"), ("b", "D"), ("c", "C")):
        await service.runtime.processor.execute(Command(Add(counter=name, amount=1), key=key))
    assert await service.runtime.outbox.resend("C") == 2


async def test_correlation_id_goes_from_cause_to_effect(stack: StackHarness) -> None:
    await stack.start(ledgerlet())
    await stack.publish(stack.own(MATCHING, "M-1", 1, make_acceptance()))

    async def read() -> list[dict[str, object]]:
        return await stack.read(topics.LEDGER)

    [event] = await eventually(read, lambda found: len(found) >= 1)
    assert event["correlationid"] == "C-1"
    assert event["causationid"] == f"{MATCHING}:M-1:1"
    assert json.dumps(event)


async def test_parking_is_fenced_so_that_nothing_waits_behind_a_closed_gap(
    stack: StackHarness,
) -> None:
    """One instance parks while the other closes the gap: whoever is slower looks again."""
    one, two = await stack.start(ledgerlet()), await stack.start(ledgerlet())
    for round_ in range(20):
        subject = f"M-{round_}"
        first, second = (
            Incoming("c", topic, 0, n, value, signature)
            for n in (1, 2)
            for topic, _, value, signature in [stack.own(MATCHING, subject, n, make_acceptance())]
        )
        await asyncio.gather(
            one.runtime.processor.submit([second]), two.runtime.processor.submit([first])
        )
        assert (await load_counter(one, subject)).total == 2
