"""Tencent's adapter against published vectors, its own SDK and the simulator on a real socket."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.common import abstract_client, credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.sms.v20210111.sms_client import SmsClient

from deploy.simulators import tc3
from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.notify.providers import Message, Outcome, TencentSms
from services.notify.providers.protocol import format_e164
from services.notify.providers.tencent import CODES, parse_tencent_reply, sign_tencent
from shared.clock import Clock, system_now
from shared.http import HttpClient, Reply, open_http_client
from tests.support.wire import ScriptedWire

SETTINGS = SimulatorSettings(
    tencent_secret_key="simulated-secret",
    hang_s=5,
    sms_templates={"100": "诉求{1}：{2}。"},
    # As if the limits of one number were raised in the console.
    same_content_s=0,
    per_day_max=0,
)
TEMPLATES = {"request_opened": "100", "unapproved": "404"}
P = {
    "PhoneNumberSet": ["+8613800138000"],
    "SmsSdkAppId": "1400006666",
    "TemplateId": "449739",
    "SignName": "东莞慈善",
    "TemplateParamSet": ["DG20250001", "已受理"],
    "SessionContext": "n1",
}


@pytest.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with run_simulators(SETTINGS) as base:
        yield base


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


def sms(
    http: HttpClient, url: str, *, now: Clock = system_now, key: str = "", **more: Any
) -> TencentSms:
    return TencentSms(
        http,
        f"{url}/",
        SETTINGS.tencent_secret_id,
        key or SETTINGS.tencent_secret_key,
        SETTINGS.tencent_app_id,
        SETTINGS.tencent_sign_name,
        TEMPLATES,
        now,
        **more,
    )


async def read_phone(url: str, number: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as control:
        answer = await control.get("/simulator/messages", params={"recipient": number})
    return list(answer.json()["messages"])


def notice(number: str = "+8613800138000", **changes: Any) -> Message:
    content: dict[str, Any] = {
        "notice_id": f"notice-{number}",
        "recipient": number,
        "template": "request_opened",
        "parameters": ("0A1B2C", "已受理"),
    }
    return Message(**(content | changes))


def signature(authorization: str) -> str:
    match = re.search(r"Signature=([0-9a-f]{64})$", authorization)
    assert match
    return match[1]


def test_signature_is_the_published_one() -> None:
    body = (
        rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    )
    authorization = sign_tencent(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        host="cvm.tencentcloudapi.com",
        body=body,
        at=datetime.fromtimestamp(1551113065, UTC),
        service="cvm",
        content_type="application/json; charset=utf-8",
    )
    expected = "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
    assert signature(authorization) == expected
    scope = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request"
    assert authorization.startswith(f"TC3-HMAC-SHA256 Credential={scope}, ")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps(P), "425e434855e5a070d24613a77ffa42f0e86cd156a3115d607c881fbf7a2959db"),
        (
            json.dumps(P, ensure_ascii=False, separators=(",", ":")),
            "4e779a2c8dbc2d6f28229baf938c3fd8db64df45c2ab5e3e85bde12d6ef135f4",
        ),
    ],
)
def test_signature_of_send_sms_is_the_recorded_one(body: str, expected: str) -> None:
    authorization = sign_tencent(
        "AKIDEXAMPLE",
        "SECRETEXAMPLE",
        host="sms.tencentcloudapi.com",
        body=body.encode(),
        at=datetime.fromtimestamp(1736937000, UTC),
    )
    assert signature(authorization) == expected


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=40)


@given(words, words, st.dictionaries(st.text(), st.text()), st.integers(0, 4_000_000_000))
def test_sdk_signs_the_same_bytes_the_same_way(
    secret_id: str, key: str, content: dict[str, str], timestamp: int
) -> None:
    request = RequestInternal("sms.tencentcloudapi.com", "POST", "/", header={})
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(abstract_client.time, "time", lambda: timestamp)
        client = SmsClient(credential.Credential(secret_id, key), "ap-guangzhou")
        client._build_req_inter("SendSms", content, request)
    ours = sign_tencent(
        secret_id,
        key,
        host="sms.tencentcloudapi.com",
        body=request.data.encode(),
        at=datetime.fromtimestamp(timestamp, UTC),
    )
    assert ours == request.header["Authorization"]


@given(st.binary(max_size=200), st.integers(0, 199), words)
def test_simulator_accepts_our_signature_and_no_other_body(
    body: bytes, place: int, key: str
) -> None:
    at = datetime(2026, 1, 15, 10, tzinfo=UTC)
    headers = {
        "authorization": sign_tencent("AKID", key, host="127.0.0.1:8", body=body, at=at),
        "x-tc-timestamp": str(int(at.timestamp())),
        "content-type": "application/json",
        "host": "127.0.0.1:8",
    }
    assert tc3.find_failure(headers, body, {"AKID": key}, at) is None
    changed = body[:place] + b"!" + body[place:]
    assert tc3.find_failure(headers, changed, {"AKID": key}, at) == "AuthFailure.SignatureFailure"
    assert tc3.find_failure(headers, body, {"AKID": f"{key}x"}, at) is not None


@given(st.binary() | st.from_type(object).map(lambda o: json.dumps(str(o)).encode()))
def test_any_answer_is_read_without_raising(body: bytes) -> None:
    assert parse_tencent_reply(body).kind == "unknown"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Response", "Error", "SendStatusSet", "Code", "SerialNo"]), inner
            )
        ),
    )
)
def test_any_json_answer_is_read_without_raising(content: object) -> None:
    assert parse_tencent_reply(json.dumps(content).encode()).kind != "sent"


@pytest.mark.parametrize("code", CODES)
def test_every_listed_code_means_the_same_on_both_levels(code: str) -> None:
    status = {"SerialNo": "1", "Code": code, "Message": "told 13800138000 something"}
    one = parse_tencent_reply(json.dumps({"Response": {"SendStatusSet": [status]}}).encode())
    assert (one.kind, one.retry_after_s) == (CODES[code].kind, CODES[code].retry_after_s)
    assert "13800138000" not in one.detail
    if code != "Ok":
        call = parse_tencent_reply(json.dumps({"Response": {"Error": status}}).encode())
        assert call == one


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("RequestLimitExceeded.UinLimitExceeded", "retry"),
        ("AuthFailure.SignatureExpire", "misconfigured"),
        ("UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", "misconfigured"),
        ("FailedOperation.InsufficientBalanceInSmsPackage", "misconfigured"),
        ("InternalError.OtherError", "unknown"),
        ("SomethingNew", "unknown"),
    ],
)
def test_unlisted_code_is_judged_by_its_family(code: str, kind: str) -> None:
    body = json.dumps({"Response": {"Error": {"Code": code, "Message": ""}}}).encode()
    assert parse_tencent_reply(body).kind == kind


@pytest.mark.parametrize("number", ["", "139", "+86139x", "1380013800０", "12345", "+"])
def test_what_is_no_number_is_no_number(number: str) -> None:
    assert format_e164(number) is None


async def test_delivered_message_lies_on_the_phone(http: HttpClient, url: str) -> None:
    outcome = await sms(http, url).send(notice("13800138001"))
    assert outcome.kind == "sent"
    (message,) = await read_phone(url, "+8613800138001")
    assert message["text"] == "【东莞民政】诉求0A1B2C：已受理。"
    assert message["provider_message_id"] == outcome.provider_message_id
    assert message["notice_id"] == "notice-13800138001"


@pytest.mark.parametrize(
    ("number", "kinds"),
    [
        ("13800990001", ["sent", "sent"]),
        ("13800990002", ["retry", "sent"]),
        ("13800990003", ["retry", "sent"]),
        ("13800990004", ["sent"]),
        ("13800990009", ["refused", "refused"]),
        ("13800990010", ["unknown"]),
        ("23800138000", ["refused"]),
        ("+85251234567", ["refused"]),
    ],
)
async def test_scripted_recipient_is_classified(
    http: HttpClient, url: str, number: str, kinds: list[str]
) -> None:
    provider = sms(http, url)
    assert [(await provider.send(notice(number))).kind for _ in kinds] == kinds


async def test_throttle_says_how_long_to_wait(http: HttpClient, url: str) -> None:
    outcome = await sms(http, url).send(notice("13900990003"))
    assert (outcome.kind, outcome.retry_after_s) == ("retry", 30)


async def test_read_timeout_is_unknown_though_it_was_delivered(http: HttpClient, url: str) -> None:
    outcome = await sms(http, url, timeout_s=1).send(notice("13800990005"))
    assert (outcome.kind, outcome.code) == ("unknown", "SocketTimeoutError")
    assert len(await read_phone(url, "+8613800990005")) == 1


async def test_no_connection_is_retried(http: HttpClient) -> None:
    outcome = await sms(http, "http://127.0.0.1:1").send(notice())
    assert (outcome.kind, outcome.code) == ("retry", "ClientConnectorError")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
async def test_connection_that_breaks_after_the_request_is_unknown(
    http: HttpClient, answer: bytes
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(break_off, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await sms(http, f"http://127.0.0.1:{port}").send(notice())
    assert outcome.kind == "unknown"


@pytest.mark.parametrize(
    ("status", "kind"), [(503, "retry"), (429, "retry"), (502, "unknown"), (404, "misconfigured")]
)
async def test_http_status_is_classified(status: int, kind: str) -> None:
    wire = ScriptedWire(lambda _: Reply(status, {"Retry-After": "7"}, b"no"))
    outcome = await sms(wire, "http://provider").send(notice())
    assert outcome.kind == kind
    assert outcome.retry_after_s == (7 if kind == "retry" else None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": "unheard"}, "no_template"),
        ({"template": "unapproved"}, "FailedOperation.TemplateUnapprovedOrNotExist"),
        ({"notice_id": "n" * 512}, "notice_id_too_long"),
        ({"parameters": ("DG1", "见 https://gj.example/1")}, "link_in_variable"),
        (
            {"parameters": ("DG1",)},
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        ),
    ],
)
async def test_message_that_can_never_pass_is_misconfigured(
    http: HttpClient, url: str, changes: dict[str, Any], code: str
) -> None:
    outcome = await sms(http, url).send(notice("13800138002", **changes))
    assert (outcome.kind, outcome.code) == ("misconfigured", code)


async def test_a_word_that_is_banned_is_this_messages_own(http: HttpClient, url: str) -> None:
    """Often of a donor's name: it goes again without, and raises no alarm."""
    outcome = await sms(http, url).send(notice("13800138003", parameters=("DG1", "请捐款")))
    assert (outcome.kind, outcome.blames_name) == ("refused", True)


async def test_wrong_key_and_wrong_clock_are_misconfigured(http: HttpClient, url: str) -> None:
    wrong_key = await sms(http, url, key="another").send(notice())
    assert (wrong_key.kind, wrong_key.code) == ("misconfigured", "AuthFailure.SignatureFailure")
    slow = await sms(http, url, now=lambda: system_now() - timedelta(seconds=310)).send(notice())
    assert (slow.kind, slow.code) == ("misconfigured", "AuthFailure.SignatureExpire")
    near = await sms(http, url, now=lambda: system_now() - timedelta(seconds=280)).send(notice())
    assert near.kind == "sent"


async def test_neither_number_nor_text_reaches_a_log(
    http: HttpClient, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    message = notice("13800138003")
    outcome = await sms(http, url).send(message)
    assert caplog.text == ""
    assert "13800138003" not in repr(Outcome("sent")) + repr(outcome)
    assert "已受理" not in repr(message)
    assert message.recipient not in repr(message).replace(message.notice_id, "")
