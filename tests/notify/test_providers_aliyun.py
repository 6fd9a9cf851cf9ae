"""Aliyun's adapter against published vectors and the simulator on a real socket."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulators import acs3
from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.notify.providers import AliyunSms, Message
from services.notify.providers.aliyun import (
    CODES,
    EMPTY_BODY_SHA256,
    parse_aliyun_reply,
    sign_aliyun,
)
from shared.clock import Clock, system_now
from shared.http import HttpClient, Reply, open_http_client
from tests.support.wire import ScriptedWire

SETTINGS = SimulatorSettings(
    aliyun_key_secret="simulated-secret",
    hang_s=5,
    aliyun_templates={"SMS_1": "诉求{1}：{2}。"},
    # As if it were raised in the console.
    same_content_s=0,
)
TEMPLATES = {"request_opened": "SMS_1", "unapproved": "SMS_404"}
NONCE = "3156853299f313e23d1673dc12e1703d"
words = st.text(max_size=20)


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with run_simulators(SETTINGS) as base:
        yield base


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


def sms(http: HttpClient, url: str, *, now: Clock = system_now, **changes: Any) -> AliyunSms:
    key, nonce = changes.pop("key", SETTINGS.aliyun_key_secret), changes.pop("nonce", "")
    more: dict[str, Any] = {"make_nonce": lambda: nonce} if nonce else {}
    return AliyunSms(
        http,
        f"{url}/",
        SETTINGS.aliyun_key_id,
        key,
        SETTINGS.tencent_sign_name,
        TEMPLATES,
        now,
        **changes,
        **more,
    )


def notice(number: str = "+8613800138000", **changes: Any) -> Message:
    content: dict[str, Any] = {
        "notice_id": f"notice-{number}",
        "recipient": number,
        "template": "request_opened",
        "parameters": ("0A1B2C", "*~+ 已受理"),
    }
    return Message(**content | changes)


def make_headers(host: str, action: str, version: str, date: str) -> dict[str, str]:
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": date,
        "x-acs-signature-nonce": NONCE,
        "x-acs-content-sha256": EMPTY_BODY_SHA256,
    }


def test_published_vector_is_signed_as_published() -> None:
    query = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    headers = make_headers(
        "ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", "2023-10-26T10:22:32Z"
    )
    _, authorization = sign_aliyun("YourAccessKeyId", "YourAccessKeySecret", query, headers)
    assert authorization.endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


async def test_the_adapter_signs_send_sms_as_the_official_sdk_does() -> None:
    """The signature was made by the SDK, alibabacloud-dysmsapi20170525 4.6.0."""
    query = {
        "PhoneNumbers": "13800138000",
        "SignName": "东莞慈善",
        "TemplateCode": "SMS_153055065",
        "TemplateParam": '{"no": "DG20250001", "st": "已受理 *~+"}',
        "OutId": "n1",
    }
    headers = make_headers("dysmsapi.aliyuncs.com", "SendSms", "2017-05-25", "2025-01-15T10:30:00Z")
    _, authorization = sign_aliyun("LTAIEXAMPLE", "SECRETEXAMPLE", query, headers)
    assert authorization.endswith(
        "Signature=827613aecae0cd93980eb08a500e2ca42750ba64e22831a14e06ad16380fab30"
    )


@given(st.dictionaries(st.text(min_size=1, max_size=9), words, max_size=4), st.text(min_size=1))
def test_simulator_accepts_our_signature_and_no_other_query(
    query: dict[str, str], key: str
) -> None:
    at = datetime(2026, 1, 15, 10, tzinfo=UTC)
    headers = make_headers("127.0.0.1:8", "SendSms", "2017-05-25", "2026-01-15T10:00:00Z")
    line, authorization = sign_aliyun("LTAI", key, query, headers)
    signed = headers | {"authorization": authorization}
    assert acs3.Gateway({"LTAI": key}).find_failure(signed, line, b"", at) is None
    changed = f"{line}&x=1"
    assert acs3.Gateway({"LTAI": key}).find_failure(signed, changed, b"", at) is not None
    assert acs3.Gateway({"LTAI": f"{key}x"}).find_failure(signed, line, b"", at) is not None
    assert acs3.Gateway({"LTAI": key}).find_failure(signed, line, b"!", at) is not None


@pytest.mark.parametrize("code", CODES)
def test_every_listed_code_is_judged_at_any_status(code: str) -> None:
    body = json.dumps({"Code": code, "Message": "told 13800138000", "BizId": "1^0"}).encode()
    for status in (200, 400, 403, 503):
        outcome = parse_aliyun_reply(Reply(status, {}, body))
        assert outcome.kind == CODES[code].kind
        assert "13800138000" not in outcome.detail


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling.User", "retry"),
        ("Throttling.Api", "retry"),
        ("isv.AMOUNT_NOT_ENOUGH", "misconfigured"),
        ("isv.OUT_OF_SERVICE", "misconfigured"),
        ("isv.DAY_LIMIT_CONTROL", "misconfigured"),
        ("isv.SMS_TEMPLATE_ILLEGAL", "misconfigured"),
        ("InvalidAccessKeyId.NotFound", "misconfigured"),
        ("isp.SOMETHING_NEW", "unknown"),
        ("SomethingNew", "unknown"),
    ],
)
def test_unlisted_code_is_judged_by_its_family(code: str, kind: str) -> None:
    reply = Reply(200, {}, json.dumps({"Code": code, "Message": ""}).encode())
    assert parse_aliyun_reply(reply).kind == kind


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [("触发分钟级流控Permits:1", 60), ("触发小时级流控Permits:5", 3600), ("触发天级流控", 21600)],
)
def test_limit_of_a_number_says_how_long_it_lasts(text: str, wait_s: float) -> None:
    body = json.dumps({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": text}).encode()
    outcome = parse_aliyun_reply(Reply(200, {}, body))
    assert (outcome.kind, outcome.retry_after_s, outcome.throttled) == ("retry", wait_s, False)


def test_throttle_of_the_account_names_its_wait() -> None:
    reply = Reply(429, {"x-acs-retry-after": "2500"}, b'{"Code":"Throttling.User","Message":""}')
    outcome = parse_aliyun_reply(reply)
    assert (outcome.kind, outcome.retry_after_s, outcome.throttled) == ("retry", 2.5, True)


@given(st.binary(), st.sampled_from([200, 302, 404, 500, 502]))
def test_any_answer_is_read_without_raising(body: bytes, status: int) -> None:
    assert parse_aliyun_reply(Reply(status, {}, body)).kind != "sent"


async def test_delivered_message_lies_on_the_phone(http: HttpClient, url: str) -> None:
    outcome = await sms(http, url).send(notice("13800138001"))
    assert outcome.kind == "sent"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as control:
        query = {"recipient": "+8613800138001"}
        (message,) = (await control.get("/simulator/messages", params=query)).json()["messages"]
    assert message["text"] == "【东莞民政】诉求0A1B2C：*~+ 已受理。"
    assert message["provider_message_id"].replace("^", ".") == outcome.provider_message_id
    assert (message["notice_id"], message["sender"]) == ("notice-13800138001", "aliyun")


async def test_the_simulator_gives_one_number_what_aliyun_gives_it(http: HttpClient) -> None:
    """The same content once in half a minute, ten a day, unless they are raised."""
    async with run_simulators(SimulatorSettings(aliyun_templates={"SMS_1": "{1}{2}"})) as base:
        provider = sms(http, base, key=SimulatorSettings().aliyun_key_secret)
        parameters = [("DG1", "a"), ("DG1", "a"), *(("DG1", str(n)) for n in range(10))]
        outcomes = [await provider.send(notice(parameters=each)) for each in parameters]
    codes = [outcome.code for outcome in outcomes]
    limit = "isv.BUSINESS_LIMIT_CONTROL"
    assert codes == ["OK", limit, *["OK"] * 9, limit]
    waits = [outcome.retry_after_s for outcome in outcomes if outcome.kind == "retry"]
    assert waits[0] == 60
    assert waits[1] is not None
    assert waits[1] > 3600


@pytest.mark.parametrize(
    ("number", "kinds"),
    [
        ("13800990001", ["sent", "sent"]),
        ("13800990002", ["retry", "sent"]),
        ("13800990003", ["retry", "sent"]),
        ("13800990009", ["refused", "refused"]),
        ("13800990010", ["unknown"]),
        ("+85251234567", ["refused"]),
        ("12345", ["refused"]),
    ],
)
async def test_scripted_recipient_is_classified(
    http: HttpClient, url: str, number: str, kinds: list[str]
) -> None:
    provider = sms(http, url)
    assert [(await provider.send(notice(number))).kind for _ in kinds] == kinds


async def test_read_timeout_is_unknown_though_it_was_delivered(http: HttpClient, url: str) -> None:
    outcome = await sms(http, url, timeout_s=1).send(notice("13800990005"))
    assert (outcome.kind, outcome.code) == ("unknown", "SocketTimeoutError")


async def test_no_connection_is_retried(http: HttpClient) -> None:
    assert (await sms(http, "http://127.0.0.1:1").send(notice())).kind == "retry"


@pytest.mark.parametrize(
    ("changes", "kind", "code"),
    [
        ({"template": "unheard"}, "misconfigured", "no_template"),
        ({"template": "unapproved"}, "misconfigured", "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"parameters": ("DG1",)}, "misconfigured", "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"parameters": ("DG1", "请捐款")}, "refused", "isv.SMS_CONTENT_ILLEGAL"),
        ({"parameters": ("DG1", "见 https://gj.cn")}, "refused", "isv.PARAM_NOT_SUPPORT_URL"),
        ({"parameters": ("DG1", "长" * 36)}, "refused", "isv.PARAM_LENGTH_LIMIT"),
    ],
)
async def test_message_that_can_never_pass_is_told_from_a_bad_name(
    http: HttpClient, url: str, changes: dict[str, Any], kind: str, code: str
) -> None:
    outcome = await sms(http, url).send(notice("13800138002", **changes))
    assert (outcome.kind, outcome.code) == (kind, code)
    assert outcome.blames_name == (kind == "refused")


async def test_wrong_key_wrong_clock_and_a_nonce_used_twice_are_refused(
    http: HttpClient, url: str
) -> None:
    wrong_key = await sms(http, url, key="another").send(notice())
    assert (wrong_key.kind, wrong_key.code) == ("misconfigured", "SignatureDoesNotMatch")
    slow = await sms(http, url, now=lambda: system_now() - timedelta(minutes=16)).send(notice())
    assert (slow.kind, slow.code) == ("misconfigured", "InvalidTimeStamp.Expired")
    near = await sms(http, url, now=lambda: system_now() - timedelta(minutes=14)).send(notice())
    assert near.kind == "sent"
    once = sms(http, url, nonce="n-1")
    assert [(await once.send(notice())).kind for _ in range(2)] == ["sent", "retry"]


async def test_what_is_signed_is_what_is_sent() -> None:
    urls: list[str] = []

    def answer(url: str) -> Reply:
        urls.append(url)
        return Reply(200, {}, b'{"Code":"OK","BizId":"1^0"}')

    outcome = await sms(ScriptedWire(answer), "https://dysmsapi.aliyuncs.com").send(notice())
    assert outcome.provider_message_id == "1.0"
    query = dict(parse_qsl(urlsplit(urls[0]).query))
    assert query["PhoneNumbers"] == "13800138000"
    assert json.loads(query["TemplateParam"]) == {"v1": "0A1B2C", "v2": "*~+ 已受理"}
