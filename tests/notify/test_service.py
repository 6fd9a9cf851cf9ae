"""The service with everything real around it: broker, database, intake, providers' wire formats."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from deploy.local.stack import Stack
from services.notify.main import create_app
from services.notify.model import Notice
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import LedgerReceived, MatchCommitted, MatchProposed, RequestOpened
from shared.contracts.links import GIFT_RECEIPT
from shared.security import Keyring, first_secrets
from tests.conftest import BROKER
from tests.intake.making import submitted
from tests.notify.desk import Desk, open_desk
from tests.notify.world import match_fields, opened
from tests.support.eventually import eventually
from tests.support.house import House
from tests.support.stack import start_broker


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(mongod: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    broker = await start_broker(tmp_path_factory.mktemp("broker"), BROKER)
    secrets = tmp_path_factory.mktemp("secrets")
    first_secrets(secrets)
    house = House(mongod, broker, secrets, prefix=f"t{uuid4().hex[:12]}")
    async with open_desk(house) as desk:
        yield desk
    await broker.stop()


def request_id() -> str:
    return f"R-{uuid4().hex[:20]}"


def number(script: str = "000000") -> str:
    """A number of its own; its last six digits are the script that it follows."""
    return f"1{uuid4().int % 10**4:04d}{script}"


def openid(script: str = "000000") -> str:
    return f"o{uuid4().hex[:12]}{script}"


def to(person_id: str) -> RequestOpened:
    return opened().model_copy(update={"person_id": person_id})


@pytest.mark.parametrize(("consents", "told"), [(True, "张三"), (False, "爱心人士")])
async def test_donor_is_named_to_the_person_only_with_his_consent(
    desk: Desk, consents: bool, told: str
) -> None:
    phone = number()
    person, donor = await desk.person(phone), await desk.person(number())
    named = {"person_id": person, "donor_id": donor, "name_shown": consents}
    fact = MatchCommitted.model_validate(match_fields() | named)
    await desk.tell(fact, f"M-{request_id()}-O-{uuid4().hex[:20]}-1", source="/matching")
    await desk.becomes(person, "delivered")
    [message] = await desk.phone(f"+86{phone}")
    assert f"已由{told}落实帮助" in message["text"]


async def test_person_is_told_by_sms_and_the_receipt_comes_back(desk: Desk) -> None:
    phone, id_ = number(), request_id()
    person = await desk.person(phone)
    await desk.tell(to(person), id_)
    notice = await desk.becomes(person, "delivered")
    (message,) = await desk.phone(f"+86{phone}")
    assert id_[-6:].upper() in message["text"]
    assert message["notice_id"] == notice["id"]
    assert (notice["regarding"], notice["channel"]) == (id_, "sms")


async def test_its_facts_carry_ids_only_and_the_correlation_id(desk: Desk) -> None:
    phone = number()
    person = await desk.person(phone)
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "delivered")
    types = ["guanjia.notice.sent.v1", "guanjia.notice.delivered.v1"]

    async def published() -> list[dict[str, Any]]:
        found = await desk.house.read(topics.NOTIFICATIONS)
        return [event for event in found if event["subject"] == notice["id"]]

    events = await eventually(published, lambda es: [e["type"] for e in es] == types)
    assert events[0]["correlationid"] == "C-1"
    assert phone not in repr(events)


async def test_donor_gets_a_signed_link_by_wechat(desk: Desk) -> None:
    donor = openid()
    person = await desk.person(number(), donor)
    match_id = f"M-{request_id()}-O-{uuid4().hex[:20]}-1"
    expires_at = datetime.now(UTC) + timedelta(days=3)
    fact = MatchProposed(**match_fields() | {"donor_id": person}, expires_at=expires_at)
    await desk.tell(fact, match_id, "/matching")
    await desk.becomes(person, "delivered")
    (message,) = await desk.phone(donor)
    address, _, token = message["url"].rpartition("/")
    assert address == "http://matching.example/d"
    keyring = desk.house.keyring
    assert keyring.open_link("match.donor", token, datetime.now(UTC)) == match_id
    assert await desk.phone(f"+86{number()}") == []


async def test_applicant_gets_a_link_that_opens_at_intake(desk: Desk) -> None:
    theirs = openid()
    asked = submitted(applicant={"name": "张三", "wechat_openid": theirs})
    headers = desk.operator | {"Idempotency-Key": uuid4().hex}
    body = asked.model_dump(mode="json", exclude_none=True)
    told = (await desk.intake.http.post("/requests", json=body, headers=headers)).json()

    async def messages() -> list[dict[str, Any]]:
        return await desk.phone(theirs)

    (message,) = await eventually(messages, bool)
    async with httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(message["url"])
    assert page.json()["request_id"] == told["request_id"]


async def test_donation_is_acknowledged_with_its_amount(desk: Desk) -> None:
    donor = openid()
    person = await desk.person(openid=donor)
    fact = LedgerReceived(
        log="l", index=0, fund_id="F-1", amount_fen=20_450_000, donor_id=person, entry="{}"
    )
    donation = f"D-{uuid4().hex[:20]}"
    await desk.tell(fact, donation, "/audit")
    await desk.becomes(person, "delivered")
    (message,) = await desk.phone(donor)
    assert "¥204500.00" in message["text"]
    base, _, token = message["url"].rpartition("/g/")
    assert base == "http://audit.example"
    later = datetime.now(UTC) + timedelta(days=364)
    assert Keyring(desk.house.secrets_dir).open_link(GIFT_RECEIPT.purpose, token, later) == donation


async def test_event_published_twice_is_one_message(desk: Desk) -> None:
    phone, id_ = number(), request_id()
    person = await desk.person(phone)
    await desk.tell(to(person), id_)
    await desk.tell(to(person), id_)
    await desk.becomes(person, "delivered")
    assert len(await desk.phone(f"+86{phone}")) == 1


async def test_who_left_wechat_is_told_by_sms(desk: Desk) -> None:
    phone, left = number(), openid("990009")
    person = await desk.person(phone, left)
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "delivered")
    assert [(a["channel"], a["outcome"]) for a in notice["attempts"]] == [
        ("wechat", "refused"),
        ("sms", "sent"),
    ]
    assert len(await desk.phone(f"+86{phone}")) == 1


async def test_failure_that_wechat_reports_later_is_followed_by_an_sms(desk: Desk) -> None:
    phone = number()
    person = await desk.person(phone, openid("990001"))
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "delivered")
    assert notice["channel"] == "sms"


async def test_provider_that_is_busy_once_is_asked_again(desk: Desk) -> None:
    phone = number("990002")
    person = await desk.person(phone)
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "delivered")
    assert [a["outcome"] for a in notice["attempts"]] == ["retry", "sent"]
    assert len(await desk.phone(f"+86{phone}")) == 1


async def test_token_that_dies_does_not_stop_wechat(desk: Desk) -> None:
    person = await desk.person(openid=openid("990012"))
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "delivered")
    assert len(notice["attempts"]) == 1


async def test_receipt_that_overtakes_the_answer_is_not_lost(desk: Desk) -> None:
    person = await desk.person(number("990006"))
    await desk.tell(to(person), request_id())
    await desk.becomes(person, "delivered")


async def test_number_that_opted_out_at_the_provider_fails(desk: Desk) -> None:
    person = await desk.person(number("990009"))
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "failed")
    assert notice["code"] == "FailedOperation.PhoneNumberInBlacklist"


async def test_unanswered_sms_is_left_to_a_person_and_the_receipt_that_waits(desk: Desk) -> None:
    phone = number("990005")
    person = await desk.person(phone)
    await desk.tell(to(person), request_id())
    notice = await desk.becomes(person, "unknown")
    (message,) = await desk.phone(f"+86{phone}")
    answer = await desk.resolve(
        notice["id"], verdict="sent", provider_message_id=message["provider_message_id"]
    )
    assert answer.status_code == 200
    resolved = await desk.becomes(person, "delivered")
    assert resolved["resolved_by"] == "operator"
    assert len(await desk.phone(f"+86{phone}")) == 1


async def test_erased_person_is_told_nothing(desk: Desk) -> None:
    phone = number()
    person = await desk.person(phone)
    await desk.erase(person)
    await desk.tell(to(person), request_id())
    assert (await desk.becomes(person, "failed"))["code"] == "erased"
    assert await desk.phone(f"+86{phone}") == []


async def test_who_replied_td_gets_no_more_sms(desk: Desk) -> None:
    phone = number()
    person = await desk.person(phone)
    await desk.simulators.post(f"/simulator/phones/+86{phone}/reply", json={"text": "TD"})
    await desk.tell(to(person), request_id())
    assert (await desk.becomes(person, "failed"))["code"] == "opted_out"


async def test_claim_of_a_dead_process_leaves_an_unclear_sms(desk: Desk) -> None:
    """The sender never held this claim, as if its process had died with it."""
    phone = number("990004")
    person = await desk.person(phone)
    await desk.tell(to(person), request_id())
    sent = await desk.becomes(person, "sent")
    database = desk.notify.runtime.database
    notice = await mongo.load(database, Notice, sent["id"])
    assert notice is not None
    (attempt,) = notice.attempts
    held = notice.model_copy(
        update={
            "state": "sending",
            "due_at": await desk.notify.runtime.processor.now(),
            "attempts": (attempt.model_copy(update={"outcome": None}),),
        }
    )
    document = mongo.to_document(held)
    await database[Notice.COLLECTION].update_one({"_id": notice.id}, {"$set": document})
    assert (await desk.becomes(person, "unknown"))["code"] == "no_outcome"
    assert len(await desk.phone(f"+86{phone}")) == 1


async def test_two_instances_share_the_work_and_send_nothing_twice(desk: Desk) -> None:
    second = await desk.house.start_app(create_app(desk.settings))
    phones = [f"138{i:04d}{i:04d}" for i in range(150)]
    persons = await asyncio.gather(*(desk.person(phone) for phone in phones))
    await desk.tell_all({request_id(): to(person) for person in persons})

    async def states() -> Counter[str]:
        query = {"person_id": {"$in": persons}}
        found = await mongo.find(desk.notify.runtime.database, Notice, query)
        return Counter(notice.state for notice in found)

    await eventually(states, lambda found: found == {"delivered": 150}, within_s=60)
    assert [len(await desk.phone(f"+86{phone}")) for phone in phones] == [1] * 150
    assert (await desk.counters()).get("sms_repeated_notices", 0) == 0
    await second.stop()


async def test_sums_agree_with_what_happened(desk: Desk) -> None:
    answer = await desk.notify.http.get("/summary", headers=desk.operator)
    sums = answer.json()
    count = await desk.notify.runtime.database[Notice.COLLECTION].count_documents({})
    assert [sum(group.values()) for group in sums.values()] == [count] * 3
    assert sums["by_channel"]["wechat"] > 0


async def test_only_who_sees_the_whole_city_may_ask(desk: Desk) -> None:
    http = desk.notify.http
    collector, auditor = desk.bearer("collector"), desk.bearer("auditor")
    for path in ("/notices", "/notices/N-0", "/summary"):
        assert (await http.get(path)).status_code == 401
        assert (await http.get(path, headers=collector)).status_code == 403
    assert (await http.get("/notices/N-0", headers=auditor)).status_code == 404
    resolution = await http.post(
        "/notices/N-0/resolve",
        json={"verdict": "sent"},
        headers=auditor | {"Idempotency-Key": "k"},
    )
    assert resolution.status_code == 403
