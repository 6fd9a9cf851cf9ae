"""The ten rules of the processing loop, on the real broker and the real database."""

import asyncio
import json

import pytest

from shared import mongo
from shared.contracts import topics
from shared.contracts.events import DonationReceived, MatchAccepted
from shared.errors import Invalid
from shared.messaging.decision import Answer, Command
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.house import House, Running
from tests.support.ledgerlet import Add, Counter, ledgerlet

M = "/matching"


def accepted(quantity: int = 1) -> MatchAccepted:
    return MatchAccepted(
        request_id="R-1",
        offer_id="O-1",
        person_id="P-1",
        donor_id="P-2",
        unit="fen",
        quantity=quantity,
        fund_id="F-1",
    )


def donation(amount_fen: int = 100) -> DonationReceived:
    return DonationReceived.model_validate(
        {
            "donor_id": "P-2",
            "fund_id": "F-1",
            "amount_fen": amount_fen,
            "received_at": "2026-01-01T00:00:00Z",
            "bank_reference": "B1",
        }
    )


async def counter(running: Running, id_: str) -> Counter:
    found = await mongo.load(running.runtime.database, Counter, id_)
    return found or Counter(id=id_)


async def counts(running: Running, id_: str, total: int) -> Counter:
    return await eventually(lambda: counter(running, id_), lambda c: c.total >= total)


async def open_dead_letters(running: Running, count: int) -> list[dict[str, object]]:
    return await eventually(running.runtime.dead_letters.list, lambda found: len(found) >= count)


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


async def test_unparsable_record_is_a_dead_letter_and_good_ones_beside_it_pass(
    house: House,
) -> None:
    service = await house.start(ledgerlet())
    bad_header = (topics.MATCHES, b"M-9", b"{}", b"\xff\xfe")
    await house.publish(
        house.own(M, "M-1", 1, accepted()),
        house.signed(M, topics.MATCHES, "M-9", b"\xff not json"),
        bad_header,
        house.signed(M, topics.MATCHES, "M-9", b'{"specversion":"1.0"}'),
        house.own(M, "M-2", 1, accepted()),
    )
    await counts(service, "M-1", 1)
    await counts(service, "M-2", 1)
    letters = await open_dead_letters(service, 3)
    assert len(letters) == 3


async def test_record_that_nobody_signed_is_refused(house: House) -> None:
    service = await house.start(ledgerlet())
    topic, key, value, _ = house.own(M, "M-1", 1, accepted())
    await house.publish((topic, key, value, None), (topic, key, value, b"00" * 32))
    letters = await open_dead_letters(service, 2)
    codes = {problem["code"] for letter in letters for problem in letter["problems"]}  # type: ignore[attr-defined]
    assert codes == {"signature_wrong"}
    assert (await counter(service, "M-1")).total == 0


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


async def test_dead_letter_content_is_not_readable_in_the_database(house: House) -> None:
    service = await house.start(ledgerlet())
    house.bearer("bank", Role.BANK, source="/bank/icbc")
    await house.publish(house.foreign("/bank/icbc", "1", donation(13)))
    [letter] = await open_dead_letters(service, 1)
    row = await service.runtime.database["dead_letters"].find_one({"_id": letter["id"]})
    assert row is not None
    assert b"B1" not in bytes(row["incoming"]["value"])
    assert "B1" in str(await service.runtime.dead_letters.show(str(letter["id"])))


async def test_foreign_event_twice_is_worked_once(house: House) -> None:
    service = await house.start(ledgerlet())
    house.bearer("bank", Role.BANK, source="/bank/icbc")
    record = house.foreign("/bank/icbc", "1", donation())
    await house.publish(record, record)
    await house.publish(record, house.foreign("/bank/icbc", "2", donation()))
    assert (await counts(service, "F-1", 200)).total == 200


async def test_foreign_id_with_other_content_is_refused(house: House) -> None:
    service = await house.start(ledgerlet())
    house.bearer("bank", Role.BANK, source="/bank/icbc")
    await house.publish(
        house.foreign("/bank/icbc", "1", donation(100)),
        house.foreign("/bank/icbc", "1", donation(101)),
    )
    [letter] = await open_dead_letters(service, 1)
    assert letter["problems"][0]["code"] == "idempotency_key_reused"  # type: ignore[index]
    assert (await counter(service, "F-1")).total == 100


async def test_command_is_answered_with_its_durable_decision_once(house: House) -> None:
    service = await house.start(ledgerlet())
    processor = service.runtime.processor
    command = Command(Add(counter="C", amount=5), key="k")
    first = await processor.execute(command)
    again = await processor.execute(command)
    assert first == again == Answer(200, {"total": 5})
    reused = await processor.execute(Command(Add(counter="C", amount=6), key="k"))
    assert reused.status == 422
    assert (await counter(service, "C")).total == 5


async def test_concurrent_commands_share_a_transaction(house: House) -> None:
    service = await house.start(ledgerlet())
    answers = await asyncio.gather(
        *(
            service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))
            for n in range(200)
        )
    )
    assert sorted(a.body["total"] for a in answers) == list(range(1, 201))
    transactions = await service.runtime.database["outbox"].count_documents({})
    assert transactions < 20


async def test_invalid_command_says_why_and_leaves_nothing(house: House) -> None:
    service = await house.start(ledgerlet())
    with pytest.raises(Invalid) as refused:
        await service.runtime.processor.execute(Command(Add(counter="C", amount=13), key="k"))
    assert refused.value.problems[0].field == "amount"
    assert await service.runtime.database["idempotency_keys"].count_documents({}) == 0


async def test_two_instances_never_lose_an_update(house: House) -> None:
    one, two = await house.start(ledgerlet()), await house.start(ledgerlet())
    await asyncio.gather(
        *(
            side.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"{i}-{n}"))
            for i, side in enumerate((one, two))
            for n in range(100)
        )
    )
    found = await counter(one, "C")
    assert found.total == 200
    assert len(set(found.seen)) == 200


async def test_events_are_published_in_gapless_sequence_and_only_once_stored(
    house: House,
) -> None:
    service = await house.start(ledgerlet())
    for n in range(20):
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))

    async def read() -> list[dict[str, object]]:
        return await house.read(topics.LEDGER)

    events = await eventually(read, lambda found: len(found) >= 20)
    assert [int(str(event["sequence"])) for event in events] == list(range(1, 21))


async def test_bug_brake_stops_before_a_topic_is_emptied_into_dead_letters(house: House) -> None:
    service = await house.start(ledgerlet(), bugs_max=5)
    poison = [house.own(M, f"M-{n}", 1, accepted(666)) for n in range(60)]
    await house.publish(*poison)

    async def ready() -> int:
        return (await service.http.get("/health/ready")).status_code

    await eventually(ready, lambda status: status == 503)
    assert await service.runtime.dead_letters.open_count() <= 5


async def test_empty_broker_is_filled_again_from_the_outbox(house: House) -> None:
    """The embedded broker forgets everything; Kafka keeps its cluster id and its data."""
    if house.broker.options.broker_kind == "kafka":
        pytest.skip("Apache Kafka does not come back empty")
    service = await house.start(ledgerlet(), outbox_stale_ms=100)
    for n in range(5):
        await service.runtime.processor.execute(Command(Add(counter="C", amount=1), key=f"k{n}"))
    await house.broker.supervisor.kill("broker")
    await house.broker.supervisor.restart("broker")

    async def read() -> list[dict[str, object]]:
        return await house.read(topics.LEDGER)

    events = await eventually(read, lambda found: len(found) >= 5)
    assert {int(str(event["sequence"])) for event in events} == {1, 2, 3, 4, 5}
    await house.publish(house.own(M, "M-1", 1, accepted()))
    assert (await counts(service, "M-1", 1)).total == 1


async def test_what_a_dead_instance_left_unpublished_is_published_by_the_next(
    house: House,
) -> None:
    first = await house.start(ledgerlet(), outbox_stale_ms=100)
    await first.runtime.processor.execute(Command(Add(counter="C", amount=1), key="k"))
    await eventually(first.runtime.outbox.waiting, lambda n: n == 0)
    await first.stop()
    database = mongo.connect(house.mongod.mongo_uri, f"{house.prefix}_audit")
    await database["outbox"].update_many({}, {"$set": {"cluster": None}})
    second = await house.start(ledgerlet(), outbox_stale_ms=100)
    await eventually(second.runtime.outbox.waiting, lambda n: n == 0)
    events = await house.read(topics.LEDGER)
    assert [event["id"] for event in events] == ["/audit:C:1", "/audit:C:1"]


async def test_resend_publishes_every_event_of_a_subject_again(house: House) -> None:
    service = await house.start(ledgerlet())
    for key, name in (("a", "C"), ("b", "D"), ("c", "C")):
        await service.runtime.processor.execute(Command(Add(counter=name, amount=1), key=key))
    assert await service.runtime.outbox.resend("C") == 2


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


async def test_correlation_id_goes_from_cause_to_effect(house: House) -> None:
    await house.start(ledgerlet())
    await house.publish(house.own(M, "M-1", 1, accepted()))

    async def read() -> list[dict[str, object]]:
        return await house.read(topics.LEDGER)

    [event] = await eventually(read, lambda found: len(found) >= 1)
    assert event["correlationid"] == "C-1"
    assert event["causationid"] == f"{M}:M-1:1"
    assert json.dumps(event)
