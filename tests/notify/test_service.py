"""The service with everything real around it: broker, database, intake, providers' wire formats."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notify import store
from services.notify.budgeting import BudgetWatch
from services.notify.decide import outcomes, waits
from services.notify.main import create_app
from services.notify.model import Notice
from services.notify.spending import find_month, sum_parts
from services.notify.subscriptions import Subscription
from services.notify.templates import TEMPLATES
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import (
    LedgerReceived,
    MatchCommitted,
    MatchProposed,
    PaymentUnsettled,
    RequestOverdue,
)
from shared.contracts.links import GIFT_RECEIPT
from shared.contracts.values import Area
from shared.security import Keyring, Role
from tests.intake.builders import make_submission
from tests.notify.decisions import make_opened, match_fields
from tests.notify.harness import SUBSCRIBE_IDS, NotifyHarness, end_digest, put_member, tap_subscribe
from tests.notify.recipients import number, openid, request_id
from tests.support.eventually import eventually


@pytest.mark.parametrize(("consents", "donor_words"), [(True, "张三"), (False, "爱心人士")])
async def test_donor_is_named_to_the_person_only_with_his_consent(
    harness: NotifyHarness, consents: bool, donor_words: str
) -> None:
    phone = number()
    person, donor = await harness.register_person(phone), await harness.register_person(number())
    named = {"person_id": person, "donor_id": donor, "name_shown": consents}
    fact = MatchCommitted.model_validate(match_fields() | named)
    await harness.publish(fact, f"M-{request_id()}-O-{uuid4().hex[:20]}-1", source="/matching")
    await harness.wait_for_state(person, "delivered")
    [message] = await harness.read_phone(f"+86{phone}")
    assert f"已由{donor_words}落实帮助" in message["text"]


async def test_person_is_told_by_sms_and_the_receipt_comes_back(harness: NotifyHarness) -> None:
    phone, id_ = number(), request_id()
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), id_)
    notice = await harness.wait_for_state(person, "delivered")
    for params, count in (({"case": id_}, 1), ({"case": id_, "purpose": "none"}, 0)):
        answer = await harness.notify.http.get("/notices", params=params, headers=harness.operator)
        assert len(answer.json()) == count
    (message,) = await harness.read_phone(f"+86{phone}")
    assert id_[-6:].upper() in message["text"]
    assert message["notice_id"] == notice["id"]
    assert (notice["regarding"], notice["channel"]) == (id_, "sms")


async def test_its_facts_carry_ids_only_and_the_correlation_id(harness: NotifyHarness) -> None:
    phone = number()
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    types = ["guanjia.notice.sent.v1", "guanjia.notice.delivered.v1"]

    async def published() -> list[dict[str, Any]]:
        events = await harness.stack.read(topics.NOTIFICATIONS)
        return [event for event in events if event["subject"] == notice["id"]]

    events = await eventually(published, lambda es: [e["type"] for e in es] == types)
    assert events[0]["correlationid"] == "C-1"
    assert phone not in repr(events)


async def test_donor_gets_a_signed_link_by_wechat(harness: NotifyHarness) -> None:
    donor = openid()
    person = await harness.register_person(number(), donor)
    match_id = f"M-{request_id()}-O-{uuid4().hex[:20]}-1"
    expires_at = datetime.now(UTC) + timedelta(days=3)
    fact = MatchProposed(**match_fields() | {"donor_id": person}, expires_at=expires_at)
    await harness.publish(fact, match_id, "/matching")
    await harness.wait_for_state(person, "delivered")
    (message,) = await harness.read_phone(donor)
    address, _, token = message["url"].rpartition("/")
    assert address == "http://matching.example/d"
    keyring = harness.stack.keyring
    link = keyring.open_link("match.donor", token, datetime.now(UTC))
    assert (link.subject, link.holder) == (match_id, person)
    assert await harness.read_phone(f"+86{number()}") == []


async def test_a_person_is_told_by_the_way_and_in_the_language_that_he_chose(
    harness: NotifyHarness,
) -> None:
    phone, theirs = number(), openid()
    person = await harness.register_person(phone, theirs)
    staff = harness.authorize("approver-city") | {"Idempotency-Key": uuid4().hex}
    wish = {"channel": "sms", "language": "en"}
    path = f"/persons/{person}/preference"
    noted = await harness.intake.http.post(path, json=wish, headers=staff)
    assert noted.json() == {"person_id": person, **wish}
    await harness.publish(make_opened(person), request_id())
    notice = await harness.wait_for_state(person, "delivered")
    assert notice["channel"] == "sms"
    text = (await harness.read_phone(f"+86{phone}"))[-1]["text"]
    assert "Your request (¥200) is accepted." in text


async def test_applicant_gets_a_link_that_opens_at_intake(harness: NotifyHarness) -> None:
    theirs = openid()
    await harness.register_person(openid=theirs)
    request = make_submission(applicant={"name": "张三", "wechat_openid": theirs})
    headers = harness.operator | {"Idempotency-Key": uuid4().hex}
    body = request.model_dump(mode="json", exclude_none=True)
    recorded = (await harness.intake.http.post("/requests", json=body, headers=headers)).json()

    async def messages() -> list[dict[str, Any]]:
        return await harness.read_phone(theirs)

    (message,) = await eventually(messages, bool)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        page = await http.get(message["url"])
    assert page.json()["request_id"] == recorded["request_id"]


async def test_donation_is_acknowledged_with_its_amount(harness: NotifyHarness) -> None:
    donor = openid()
    person = await harness.register_person(openid=donor)
    fact = LedgerReceived(
        log="l", index=0, fund_id="F-1", amount_fen=20_450_000, donor_id=person, entry="{}"
    )
    donation = f"D-{uuid4().hex[:20]}"
    await harness.publish(fact, donation, "/audit")
    await harness.wait_for_state(person, "delivered")
    (message,) = await harness.read_phone(donor)
    assert "¥204500.00" in message["text"]
    base, _, token = message["url"].rpartition("/g/")
    assert base == "http://audit.example"
    later = datetime.now(UTC) + timedelta(days=364)
    keyring = Keyring(harness.stack.secrets_dir)
    link = keyring.open_link(GIFT_RECEIPT.purpose, token, later)
    assert (link.subject, link.holder) == (donation, person)


async def test_event_published_twice_is_one_message(harness: NotifyHarness) -> None:
    phone, id_ = number(), request_id()
    person = await harness.register_person(phone)
    await harness.publish(make_opened(person), id_)
    await harness.publish(make_opened(person), id_)
    await harness.wait_for_state(person, "delivered")
    assert len(await harness.read_phone(f"+86{phone}")) == 1


async def test_a_consent_is_one_subscribe_message_and_the_next_goes_as_a_template(
    harness: NotifyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a tap on our page. WeChat tells no id of it: its event is found when it is looked for."""
    monkeypatch.setattr(outcomes, "UNCLEAR_LOOK_S", 0.5)
    monkeypatch.setattr(waits, "LOOK_AGAIN_S", 0.5)
    theirs = openid()
    person = await harness.register_person(openid=theirs)
    template_id = SUBSCRIBE_IDS["request_opened"]
    assert await tap_subscribe(harness, theirs) == {template_id: "accept"}
    subscriptions = harness.notify.runtime.database[Subscription.COLLECTION]
    account = f":{template_id}$"

    async def count_credits() -> int:
        rows = await subscriptions.find({"_id": {"$regex": account}}).to_list(None)
        return sum(row["credits"] for row in rows)

    await eventually(count_credits, lambda count: count == 1)

    async def count_delivered() -> int:
        notices = await harness.list_notices(person)
        return [notice["state"] for notice in notices].count("delivered")

    for count in (1, 2):
        await harness.publish(make_opened(person), request_id())
        await eventually(count_delivered, count.__eq__)
    first, second = await harness.read_phone(theirs)
    assert [each["template"] for each in (first, second)] == [
        template_id,
        TEMPLATES["request_opened"].wechat_id,
    ]
    assert first["url"].startswith("http")
    assert await count_credits() == 0


async def test_the_alarm_of_the_months_budget_reaches_the_operator(harness: NotifyHarness) -> None:
    """Nine tenths of it are spent by what this stack has sent: past four fifths, and not all."""
    reader, _ = await put_member(harness, "zhao-operates", "operator")
    person = await harness.register_person(number())
    await harness.publish(make_opened(person), request_id())
    await harness.wait_for_state(person, "delivered")
    runtime = harness.notify.runtime
    rows = await store.find_spending(runtime.database, find_month(await runtime.processor.now()))
    spent_yuan = sum(sum_parts(rows).values()) * runtime.settings.sms_price_fen / 100
    settings = runtime.settings.model_copy(update={"sms_budget_yuan": spent_yuan / 0.905})
    watch = BudgetWatch(replace(runtime, settings=settings))
    await watch.watch()
    (message,) = await eventually(lambda: harness.read_phone(f"+86{reader}"), bool)
    assert "本月短信预算已用80%" in message["text"]
    assert not watch.is_gone


async def test_two_instances_share_the_work_and_send_nothing_twice(harness: NotifyHarness) -> None:
    second = await harness.stack.start_app(create_app(harness.settings))
    phones = [f"138{i:04d}{i:04d}" for i in range(1, 151)]  # none of `number()`
    persons = await asyncio.gather(*(harness.register_person(phone) for phone in phones))
    await harness.publish_all({request_id(): make_opened(person) for person in persons})

    async def states() -> Counter[str]:
        query = {"person_id": {"$in": persons}}
        notices = await mongo.find(harness.notify.runtime.database, Notice, query)
        return Counter(notice.state for notice in notices)

    await eventually(states, lambda counts: counts == {"delivered": 150})
    assert [len(await harness.read_phone(f"+86{phone}")) for phone in phones] == [1] * 150
    assert (await harness.read_counters()).get("sms_repeated_notices", 0) == 0
    await second.stop()


async def test_sums_agree_with_what_happened(harness: NotifyHarness) -> None:
    person = await harness.register_person(openid=openid())
    await harness.publish(make_opened(person), request_id())
    await harness.wait_for_state(person, "delivered")
    answer = await harness.notify.http.get("/summary", headers=harness.operator)
    sums = answer.json()
    count = await harness.notify.runtime.database[Notice.COLLECTION].count_documents({})
    groups = [sums[name] for name in ("by_channel", "by_outcome", "by_purpose")]
    assert [sum(group.values()) for group in groups] == [count] * 3
    assert sums["by_channel"]["wechat"] > 0


async def test_only_who_sees_the_whole_city_may_ask(harness: NotifyHarness) -> None:
    http = harness.notify.http
    collector, auditor = harness.authorize("collector"), harness.authorize("auditor")
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


@pytest.mark.parametrize("area", ["441900103", "441900103001"])
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.APPROVER_CITY])
async def test_who_has_a_town_or_village_reads_no_notices_of_the_city(
    harness: NotifyHarness, role: Role, area: str
) -> None:
    """A notice carries no area: he is told whom to ask, and sees nobody."""
    http = harness.notify.http
    limited = harness.stack.bearer(f"limited-{role.replace('_', '-')}", role, area=area)

    async def read_status() -> int:
        return (await http.get("/summary", headers=limited)).status_code

    await eventually(read_status, lambda status: status != 401)  # the register is read again
    for path in ("/notices", "/notices?limit=1", "/notices/N-0", "/summary"):
        answer = await http.get(path, headers=limited)
        assert answer.status_code == 403
        (problem,) = answer.json()["problems"]
        assert problem["code"] == "area_limited"
        assert "全市" in problem["zh"]
    headers = limited | {"Idempotency-Key": f"{role}-{area}"}
    body = {"verdict": "resend"}
    answer = await http.post("/notices/N-0/resolve", json=body, headers=headers)
    assert answer.status_code == 403


async def test_what_waits_for_finance_is_one_message_without_names(harness: NotifyHarness) -> None:
    phone, person_id = await put_member(harness, "lin", "finance")
    unsettled = PaymentUnsettled(match_id="M-1", fund_id="F-1", amount_fen=100)
    facts = dict.fromkeys((request_id() for _ in range(12)), unsettled)
    await harness.publish_all(facts, source="/audit")
    await end_digest(harness, "staff_payment_unsettled", 12)
    await harness.wait_for_state(person_id, "delivered")
    [message] = await harness.read_phone(f"+86{phone}")
    assert "新增12笔已付款项" in message["text"]


async def test_where_nobody_is_a_collector_the_town_hears_what_is_late(
    harness: NotifyHarness,
) -> None:
    phone, _ = await put_member(harness, "wu", "approver_town")
    late = RequestOverdue(
        person_id="P-nobody",
        stage="committed",
        clock="stage",
        due_at=datetime.now(UTC),
        area=Area(town_code="441900103"),
    )
    await harness.publish_all({request_id(): late})
    await end_digest(harness, "staff_case_overdue", 1)
    await eventually(
        lambda: harness.read_phone(f"+86{phone}"),
        lambda messages: any("有1件诉求已经超期" in each["text"] for each in messages),
    )
