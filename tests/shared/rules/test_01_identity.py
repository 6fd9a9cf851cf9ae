"""Rule 1. An event is (source, subject, sequence): applied in order, each once, gaps wait."""

import asyncio
import json

from shared.contracts import topics
from shared.messaging.decision import Command
from shared.messaging.inbox import Incoming
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.ledgerlet import Add, ledgerlet
from tests.support.looking import M, accepted, counter, counts, open_dead_letters


async def test_duplicate_event_changes_nothing(house: House) -> None:
    service = await house.start(ledgerlet())
    one, two = (house.own(M, "M-1", n, accepted()) for n in (1, 2))
    await house.publish(one, one, two, one, two)
    await house.publish(house.own(M, "M-1", 3, accepted()))
    found = await counts(service, "M-1", 3)
    assert found.seen == (f"{M}:M-1:1", f"{M}:M-1:2", f"{M}:M-1:3")


async def test_reordered_events_wait_for_their_turn(house: House) -> None:
    service = await house.start(ledgerlet())
    await house.publish(*(house.own(M, "M-1", n, accepted()) for n in (3, 2, 5, 1, 4)))
    found = await counts(service, "M-1", 5)
    assert found.seen == tuple(f"{M}:M-1:{n}" for n in range(1, 6))
    assert await service.runtime.database["parked"].count_documents({}) == 0


async def test_missing_event_holds_back_its_subject_and_no_other(house: House) -> None:
    service = await house.start(ledgerlet())
    await house.publish(
        house.own(M, "M-1", 2, accepted()),
        house.own(M, "M-2", 1, accepted()),
    )
    await counts(service, "M-2", 1)
    assert (await counter(service, "M-1")).total == 0
    await house.publish(house.own(M, "M-1", 1, accepted()))
    assert (await counts(service, "M-1", 2)).total == 2


async def test_poisonous_event_leaves_its_gap_until_it_is_discarded(house: House) -> None:
    service = await house.start(ledgerlet())
    await house.publish(
        house.own(M, "M-1", 1, accepted()),
        house.own(M, "M-1", 2, accepted(666)),
        house.own(M, "M-1", 3, accepted()),
        house.own(M, "M-2", 1, accepted()),
    )
    await counts(service, "M-2", 1)
    [letter] = await open_dead_letters(service, 1)
    assert letter["bug"]
    assert (await counts(service, "M-1", 1)).total == 1
    operator = house.bearer("op", Role.OPERATOR)
    shown = await service.http.get(f"/dead-letters/{letter['id']}", headers=operator)
    assert "ZeroDivisionError" in shown.json()["traceback"]
    still = await service.http.post(f"/dead-letters/{letter['id']}/replay", headers=operator)
    assert still.status_code == 409
    done = await service.http.post(f"/dead-letters/{letter['id']}/discard", headers=operator)
    assert done.status_code == 200, done.text
    found = await counts(service, "M-1", 2)
    assert found.seen == (f"{M}:M-1:1", f"{M}:M-1:3")


async def test_resend_publishes_every_event_of_a_subject_again(house: House) -> None:
    service = await house.start(ledgerlet())
    for key, name in (("a", "C"), ("b", "D"), ("c", "C")):
        await service.runtime.processor.execute(Command(Add(counter=name, amount=1), key=key))
    assert await service.runtime.outbox.resend("C") == 2


async def test_correlation_id_goes_from_cause_to_effect(house: House) -> None:
    await house.start(ledgerlet())
    await house.publish(house.own(M, "M-1", 1, accepted()))

    async def read() -> list[dict[str, object]]:
        return await house.read(topics.LEDGER)

    [event] = await eventually(read, lambda found: len(found) >= 1)
    assert event["correlationid"] == "C-1"
    assert event["causationid"] == f"{M}:M-1:1"
    assert json.dumps(event)


async def test_parking_is_fenced_so_that_nothing_waits_behind_a_closed_gap(house: House) -> None:
    """One instance parks while the other closes the gap: whoever is slower looks again."""
    one, two = await house.start(ledgerlet()), await house.start(ledgerlet())
    for round_ in range(20):
        subject = f"M-{round_}"
        first, second = (
            Incoming("c", topic, 0, n, value, signature)
            for n in (1, 2)
            for topic, _, value, signature in [house.own(M, subject, n, accepted())]
        )
        await asyncio.gather(
            one.runtime.processor.submit([second]), two.runtime.processor.submit([first])
        )
        assert (await counter(one, subject)).total == 2
