"""Rule 11. Who sends a record to an inbound topic hears what became of it, and nobody else does."""

import json
from typing import Any

from shared.contracts import topics
from shared.contracts.events import DonationReceived
from shared.security import Role
from tests.support.eventually import eventually
from tests.support.ledgerlet import ledgerlet
from tests.support.ledgerlet_harness import make_donation, wait_for_dead_letters
from tests.support.stack_harness import StackHarness

ICBC = "/bank/icbc"


async def test_each_record_is_answered_once_in_order_to_its_own_source(
    stack: StackHarness,
) -> None:
    service = await stack.start(ledgerlet())
    icbc = stack.bearer("bank", Role.BANK, source=ICBC)
    other = stack.bearer("other", Role.BANK, source="/bank/boc")
    collector = stack.bearer("collector", Role.COLLECTOR)
    gift = stack.foreign(ICBC, "1", make_donation())
    await stack.publish(
        gift,
        gift,
        stack.foreign(ICBC, "1", make_donation(99)),
        stack.foreign(ICBC, "unlucky 13800138000", make_donation(13)),
        stack.foreign(ICBC, "5", make_donation(666)),
        stack.foreign("/bank/boc", "1", make_donation()),
    )

    async def list_answers() -> list[dict[str, Any]]:
        answer = await service.http.get("/feedback", headers=icbc)
        return list(answer.json()["feedback"])

    rows = await eventually(list_answers, lambda found: len(found) >= 5)
    assert [(row["number"], row["message_id"], row["outcome"]) for row in rows] == [
        (1, "1", "accepted"),
        (2, "1", "repeated"),
        (3, "1", "refused"),
        (4, None, "refused"),
        (5, "5", "dead_letter"),
    ]
    assert [each["code"] for row in rows for each in row["problems"]] == [
        "idempotency_key_reused",
        "unlucky",
        "bug",
    ]
    letters = {letter["id"] for letter in await wait_for_dead_letters(service, 3)}
    assert {row["reference"] for row in rows[2:]} == letters
    assert [row["offset"] for row in rows] == sorted({row["offset"] for row in rows})

    later = (await service.http.get("/feedback?after=3&limit=1", headers=icbc)).json()
    assert [row["number"] for row in later["feedback"]] == [later["next"]] == [4]

    async def list_others() -> list[dict[str, Any]]:
        return list((await service.http.get("/feedback", headers=other)).json()["feedback"])

    [foreign] = await eventually(list_others, lambda rows: len(rows) == 1)
    assert (foreign["number"], foreign["outcome"]) == (1, "accepted")
    assert (await service.http.get("/feedback", headers=collector)).status_code == 403

    async def read() -> list[dict[str, Any]]:
        return await stack.read(topics.FEEDBACK)

    await service.runtime.dead_letters.replay(rows[3]["reference"])
    await service.runtime.dead_letters.discard(rows[4]["reference"])
    latest = (await list_answers())[-1]
    assert (latest["number"], latest["outcome"]) == (6, "discarded"), "what fails again is not said"
    assert latest["reference"] == rows[4]["reference"]
    events = await eventually(read, lambda found: len(found) >= 7)
    assert [event["sequence"] for event in events if event["subject"] == ICBC] == list("123456")
    assert "13800138000" not in json.dumps(events)


async def test_what_nobody_proved_to_have_sent_is_answered_by_its_place_alone(
    stack: StackHarness,
) -> None:
    """A partner who signs wrongly has to hear it; a forger puts no word into what he reads."""
    service = await stack.start(ledgerlet())
    icbc = stack.bearer("bank", Role.BANK, source=ICBC)
    topic, key, value, _ = stack.foreign(ICBC, "said by a forger", make_donation())
    no_time = json.loads(value) | {"time": "yesterday", "id": "mine"}
    wrong = json.dumps(no_time).encode()
    nobody = value.replace(ICBC.encode(), b"/bank/none")
    await stack.publish(
        (topic, key, value, b"0" * 64),
        (topic, key, nobody, b"0" * 64),
        (topic, key, b"\xff not JSON", None),
        stack.signed(ICBC, topic, key.decode(), wrong),
    )
    await wait_for_dead_letters(service, 4)
    rows = (await service.http.get("/feedback", headers=icbc)).json()["feedback"]
    assert [(row["message_id"], row["problems"][0]["code"]) for row in rows] == [
        (None, "signature_wrong"),
        ("mine", "datetime_from_date_parsing"),
    ]
    assert rows[0]["record_topic"] == DonationReceived.TOPIC
