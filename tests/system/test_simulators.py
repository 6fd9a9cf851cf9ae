"""The simulators over real sockets, against an intake that reads with our own parsers."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from deploy.simulators.control import find_passive_text
from deploy.simulators.faults import Chance, Faults
from deploy.simulators.main import run_simulators
from deploy.simulators.phones import Entry, Phones
from deploy.simulators.plans import Plan
from deploy.simulators.scripts import SUFFIXES, Script
from services.intake.channels.wechat import (
    WeChatReceipt,
    WeChatText,
    WeChatUnfollowed,
)
from services.notify.providers import Message
from shared.clock import system_now
from shared.http import open_http_client
from shared.settings import SettingsError
from tests.support.serving import serve_app
from tests.support.simulators import (
    AES_KEY,
    SETTINGS,
    ReceivingIntake,
    SimulatorHarness,
    bind,
    open_harness,
)


@pytest.fixture
async def harness() -> AsyncIterator[SimulatorHarness]:
    async with open_harness() as opened:
        yield opened


def make_message(recipient: str, number: int = 0) -> Message:
    is_phone = recipient.startswith("1")
    parameters: tuple[Any, ...] = (f"DG{number}",) if is_phone else (("thing1", "已受理"),)
    return Message(f"n{number}", recipient, "notice", parameters)


async def test_receipts_come_in_batches_and_match_what_was_sent(harness: SimulatorHarness) -> None:
    provider = harness.sms()
    numbers = [f"138{n:08d}" for n in range(150)]
    sent = await asyncio.gather(*(provider.send(make_message(number)) for number in numbers))
    await harness.intake.wait_until(lambda: len(harness.intake.receipts) == 150)
    assert {one.provider_message_id for one in sent} == {
        receipt.provider_message_id for receipt in harness.intake.receipts
    }
    assert {receipt.outcome for receipt in harness.intake.receipts} == {"delivered"}
    assert max(harness.intake.batches) <= 100
    assert len(harness.intake.batches) < 75


async def test_permanent_failure_ends_in_a_failed_receipt(harness: SimulatorHarness) -> None:
    sent = await harness.sms().send(make_message("13800990001"))
    await harness.intake.wait_until(lambda: bool(harness.intake.receipts))
    (receipt,) = harness.intake.receipts
    assert (receipt.provider_message_id, receipt.outcome, receipt.code) == (
        sent.provider_message_id,
        "failed",
        "UNDELIV",
    )


async def test_receipt_may_come_before_the_answer(harness: SimulatorHarness) -> None:
    sent = await harness.sms().send(make_message("13800990006"))
    (receipt,) = harness.intake.receipts
    assert receipt.provider_message_id == sent.provider_message_id


async def test_receipt_may_come_twice(harness: SimulatorHarness) -> None:
    await harness.sms().send(make_message("13800990007"))
    await harness.intake.wait_until(lambda: len(harness.intake.receipts) == 2)
    assert len(set(harness.intake.receipts)) == 1


async def test_receipts_may_come_in_another_order(harness: SimulatorHarness) -> None:
    provider = harness.sms()
    first = await provider.send(make_message("13800990008", 1))
    second = await provider.send(make_message("13800990008", 2))
    await harness.intake.wait_until(lambda: len(harness.intake.receipts) == 2)
    came = [receipt.provider_message_id for receipt in harness.intake.receipts]
    assert came == [second.provider_message_id, first.provider_message_id]


async def test_receipt_may_come_late_or_never(harness: SimulatorHarness) -> None:
    provider = harness.sms()
    dropped = await provider.send(make_message("13800990004"))
    late = await provider.send(make_message("13800990011"))
    await harness.intake.wait_until(lambda: bool(harness.intake.receipts))
    assert [r.provider_message_id for r in harness.intake.receipts] == [late.provider_message_id]
    assert dropped.kind == "sent"
    counters = await harness.get("/counters")
    assert counters["sms_dropped"] == 1


async def test_receipt_follows_a_call_whose_answer_was_lost(harness: SimulatorHarness) -> None:
    sent = await harness.sms(timeout_s=1).send(make_message("13800990005"))
    await harness.intake.wait_until(lambda: bool(harness.intake.receipts))
    assert sent.kind == "unknown"
    assert harness.intake.receipts[0].outcome == "delivered"


async def test_receipts_wait_while_intake_is_away() -> None:
    at = bind()
    port = at.getsockname()[1]
    at.close()
    settings = replace(SETTINGS, intake=f"http://127.0.0.1:{port}")
    intake = ReceivingIntake(settings)
    async with (
        run_simulators(settings) as url,
        httpx.AsyncClient(timeout=30, trust_env=False) as control,
        open_http_client(trust_env=False) as wire,
    ):
        harness = SimulatorHarness(url, intake, control, wire)
        sent = await harness.sms().send(make_message("13800000001"))
        answer = await harness.post("/phones/13800000001/reply", {"text": "收到"})
        assert answer == {"status": 0, "answer": "", "queued": True}
        async with serve_app(intake.app(), bind(port)):
            await intake.wait_until(lambda: bool(intake.receipts and intake.replies))
    assert intake.receipts[0].provider_message_id == sent.provider_message_id
    assert intake.replies[0].text == "收到"


async def test_refused_push_is_repeated_twice_and_dropped(harness: SimulatorHarness) -> None:
    harness.intake.answers.extend([400, 400, 400])
    await harness.sms().send(make_message("13800000001"))
    await harness.intake.wait_until(lambda: not harness.intake.answers)
    await harness.sms().send(make_message("13800000002"))
    await harness.intake.wait_until(lambda: bool(harness.intake.receipts))
    counters = await harness.get("/counters")
    assert counters["receipts_dropped"] == 1
    assert len(harness.intake.receipts) == 1


async def test_failing_intake_is_asked_until_it_recovers(harness: SimulatorHarness) -> None:
    harness.intake.answers.extend([500, 503, 429, 500])
    await harness.sms().send(make_message("13800000001"))
    await harness.intake.wait_until(lambda: bool(harness.intake.receipts))
    assert (await harness.get("/counters"))["receipts_failed_posts"] == 4


async def test_person_texts_back(harness: SimulatorHarness) -> None:
    answer = await harness.post("/phones/13800000001/reply", {"text": "1", "time": 1714037059})
    assert answer == {"status": 200, "answer": '{"result":0,"errmsg":"OK"}', "queued": False}
    (reply,) = harness.intake.replies
    assert (reply.phone, reply.text) == ("+8613800000001", "1")
    (message,) = (await harness.get("/messages", recipient="+8613800000001"))["messages"]
    assert (message["direction"], message["text"]) == ("out", "1")


async def test_many_people_text_at_once_and_are_answered_in_order(
    harness: SimulatorHarness,
) -> None:
    people = [{"number": f"138{n:08d}", "text": f"第{n}条"} for n in range(40)]
    answers = await harness.post("/phones/replies", people)
    assert [one["status"] for one in answers] == [200] * 40
    assert {reply.text for reply in harness.intake.replies} == {one["text"] for one in people}


@pytest.mark.parametrize("aes_key", ["", AES_KEY])
async def test_person_writes_by_wechat_in_plaintext_and_encrypted(aes_key: str) -> None:
    async with open_harness(replace(SETTINGS, wechat_aes_key=aes_key)) as harness:
        answer = await harness.post("/wechat/oPerson_000001/text", {"text": "灯坏了 ]]> <b>"})
        assert (answer["status"], answer["answer"]) == (200, "success")
        (words,) = harness.intake.wechat
        assert isinstance(words, WeChatText)
        assert (words.openid, words.text) == ("oPerson_000001", "灯坏了 ]]> <b>")


async def test_batch_of_wechat_texts_keeps_given_message_ids(harness: SimulatorHarness) -> None:
    people = [
        {"openid": f"oPerson_{n:06d}", "text": "漏水", "message_id": f"{n}"} for n in range(40)
    ]
    answers = await harness.post("/wechat/texts", people)
    assert [one["status"] for one in answers] == [200] * 40
    ids = {words.message_id for words in harness.intake.wechat if isinstance(words, WeChatText)}
    assert ids == {f"{n}" for n in range(40)}


async def test_template_message_is_followed_by_its_event(harness: SimulatorHarness) -> None:
    provider = harness.wechat()
    sent = [await provider.send(make_message(o)) for o in ("oPerson_000001", "oPerson_990001")]
    await harness.intake.wait_until(lambda: len(harness.intake.wechat) == 2)
    receipts = {
        e.provider_message_id: e for e in harness.intake.wechat if isinstance(e, WeChatReceipt)
    }
    outcomes = [receipts[str(one.provider_message_id)].outcome for one in sent]
    assert outcomes == ["delivered", "failed"]


async def test_who_leaves_is_reached_no_more_until_he_returns(harness: SimulatorHarness) -> None:
    provider = harness.wechat()
    await harness.post("/wechat/oPerson_000001/event", {"event": "unsubscribe"})
    assert isinstance(harness.intake.wechat[0], WeChatUnfollowed)
    assert (await provider.send(make_message("oPerson_000001"))).code == "43004"
    await harness.post("/wechat/oPerson_000001/event", {"event": "subscribe"})
    assert (await provider.send(make_message("oPerson_000001"))).kind == "sent"


async def test_tokens_expire_when_told(harness: SimulatorHarness) -> None:
    provider = harness.wechat()
    assert (await provider.send(make_message("oPerson_000001", 1))).kind == "sent"
    await harness.post("/wechat/expire-tokens", {})
    assert (await provider.send(make_message("oPerson_000001", 2))).kind == "sent"
    assert (await harness.get("/counters"))["wechat_token_calls"] == 2


async def test_tencents_limits_of_one_number_hold_unless_they_are_raised(
    harness: SimulatorHarness,
) -> None:
    provider = harness.sms()
    messages = [make_message("13800000001", number) for number in (1, 1, 2, 3)]
    codes = [(await provider.send(message)).code for message in messages]
    assert codes == [
        "Ok",
        "LimitExceeded.PhoneNumberThirtySecondLimit",
        "Ok",
        "LimitExceeded.PhoneNumberDailyLimit",
    ]


async def test_behaviour_is_assigned_to_any_recipient(harness: SimulatorHarness) -> None:
    assigned = {"recipient": "+8613800000001", "script": "blacklisted"}
    await harness.post("/behaviours", assigned)
    assert (await harness.sms().send(make_message("13800000001"))).kind == "refused"


def test_every_script_has_one_suffix() -> None:
    assert set(SUFFIXES.values()) == set(Script) - {Script.DELIVERED}
    assert SUFFIXES["990005"] is Script.READ_TIMEOUT
    assert SUFFIXES["990012"] is Script.TOKEN_EXPIRES


async def test_messages_are_followed_by_a_cursor(harness: SimulatorHarness) -> None:
    provider = harness.sms()
    for number in range(3):
        await provider.send(make_message(f"1380000000{number}", number))
    first = await harness.get("/messages", limit=2)
    rest = await harness.get("/messages", since=first["next"])
    assert [m["notice_id"] for m in first["messages"] + rest["messages"]] == ["n0", "n1", "n2"]
    assert (await harness.get("/messages", since=rest["next"]))["messages"] == []


async def test_notice_that_was_accepted_twice_is_counted() -> None:
    async with open_harness(replace(SETTINGS, same_content_s=0)) as harness:
        provider = harness.sms()
        for _ in range(2):
            await provider.send(make_message("13800000001"))
        assert (await harness.get("/counters"))["sms_repeated_notices"] == 1


# --- by chance ------------------------------------------------------------------------------------

SOME = Faults(throttle=10, late_answer=5, fail=5, drop=5, duplicate=20)
CALLS = [(f"p{n % 400}", ("tencent", "aliyun")[n % 2]) for n in range(4000)]


def draw_all(calls: list[tuple[str, str]], seed: int) -> dict[tuple[str, str], list[Plan]]:
    chance, plans = Chance(SOME, seed, Counter()), defaultdict(list)
    for recipient, provider in calls:
        plans[recipient, provider].append(chance.draw(recipient, provider))
    return dict(plans)


def test_the_same_seed_brings_each_recipient_the_same_in_whatever_order_they_are_called() -> None:
    backwards = draw_all(CALLS[::-1], seed=7)
    assert draw_all(CALLS, seed=7) == backwards
    assert draw_all(CALLS, seed=8) != backwards


def test_as_many_of_a_hundred_calls_go_wrong_as_was_said() -> None:
    plans = [plan for each in draw_all(CALLS, seed=7).values() for plan in each]
    throttled = sum(plan.refusal == "overloaded" for plan in plans)
    accepted = [plan for plan in plans if plan.refusal is None]
    assert throttled / len(plans) == pytest.approx(0.10, abs=0.02)
    assert sum(p.hangs for p in accepted) / len(accepted) == pytest.approx(0.05, abs=0.02)
    assert sum(p.fate == "dropped" for p in accepted) / len(accepted) == pytest.approx(
        0.05, abs=0.02
    )
    assert all(plan.receipt_copies == 0 for plan in accepted if plan.fate == "dropped")


async def test_every_fault_is_set_while_it_runs_and_none_is_left(harness: SimulatorHarness) -> None:
    patient, impatient, wechat = harness.sms(), harness.sms(timeout_s=0.5), harness.wechat()
    seen = {}
    for number, name in enumerate(("throttle", "unavailable", "ambiguous", "late_answer", "drop")):
        await harness.post("/faults", {"faults": {name: 100}})
        sms = impatient if name in ("ambiguous", "late_answer") else patient
        seen[name] = (await sms.send(make_message(f"1380000000{number}", number))).kind
    assert seen == {
        "throttle": "retry",
        "unavailable": "retry",
        "ambiguous": "unknown",
        "late_answer": "unknown",
        "drop": "sent",
    }
    await harness.post("/faults", {"faults": {"expire": 100}})
    assert (await wechat.send(make_message("oPerson_000001"))).code == "42001"
    await harness.post("/faults", {"faults": {}})
    assert (await wechat.send(make_message("oPerson_000001"))).kind == "sent"
    counters = await harness.get("/counters")
    assert (counters["fault_throttle"], counters["fault_expire"]) == (1, 2)


def test_phones_forget_the_oldest_first() -> None:
    phones = Phones(messages_max=3)
    for n in range(5):
        phones.add(Entry(phones.take_next_seq(), f"p{n % 2}", "sms", "in", f"{n}", system_now()))
    assert [entry.text for entry in phones.list_since(0, "", 10)] == ["2", "3", "4"]
    assert [entry.text for entry in phones.list_since(0, "p1", 10)] == ["3"]
    assert [(entry.text, count) for entry, count in phones.list_recent(10)] == [("4", 2), ("3", 1)]


def sdk(url: str, key: str) -> SmsClient:
    http = HttpProfile(protocol="http", endpoint=url.removeprefix("http://"))
    credential = Credential(SETTINGS.tencent_secret_id, key)
    return SmsClient(credential, "ap-guangzhou", ClientProfile(httpProfile=http))


def sdk_request(*numbers: str) -> models.SendSmsRequest:
    request = models.SendSmsRequest()
    request.from_json_string(
        json.dumps(
            {
                "PhoneNumberSet": numbers,
                "SmsSdkAppId": SETTINGS.tencent_app_id,
                "TemplateId": "100",
                "SignName": SETTINGS.tencent_sign_name,
                "TemplateParamSet": ["DG1", "已受理"],
            }
        )
    )
    return request


async def test_tencents_own_sdk_is_served_as_by_tencent(harness: SimulatorHarness) -> None:
    client = sdk(harness.url, SETTINGS.tencent_secret_key)
    numbers = ("+8613800000001", "+8613800990009")
    answer = await asyncio.to_thread(client.SendSms, sdk_request(*numbers))
    assert [status.Code for status in answer.SendStatusSet] == [
        "Ok",
        "FailedOperation.PhoneNumberInBlacklist",
    ]
    stranger = sdk(harness.url, "another")
    with pytest.raises(TencentCloudSDKException) as refused:
        await asyncio.to_thread(stranger.SendSms, sdk_request("+8613800000001"))
    assert refused.value.get_code() == "AuthFailure.SignatureFailure"


async def test_page_is_served_in_chinese_first(harness: SimulatorHarness) -> None:
    page = await harness.control.get(harness.url)
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="zh-CN">' in page.text
    assert page.text.index("模拟手机") < page.text.index("Simulated phones")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "guanjia.example", ""])
def test_simulators_refuse_to_listen_beyond_loopback(host: str) -> None:
    with pytest.raises(SettingsError, match="只能监听本机"):
        replace(SETTINGS, host=host)


def test_the_answer_to_a_push_is_shown_as_wechat_shows_it() -> None:
    text = "请拨打 120\n或 12356"
    assert find_passive_text(f"<xml><Content><![CDATA[{text}]]></Content></xml>") == text
    assert find_passive_text("success") == ""
