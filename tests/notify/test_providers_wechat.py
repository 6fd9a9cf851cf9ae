"""WeChat's adapter against the simulator on a real socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.notify.providers import Message, Outcome, WeChatTemplate
from services.notify.providers.wechat import CODES, parse_wechat_reply
from shared.http import HttpClient, NoAnswerError, NotSentError, Reply, open_http_client
from tests.support.wire import ScriptedWire

SETTINGS = SimulatorSettings(
    wechat_secret="simulated", hang_s=1, wechat_templates={"T1": "进展", "S1": "进展"}
)
TEMPLATES = {"request_opened": "T1", "unapproved": "T404"}


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with run_simulators(SETTINGS) as base:
        yield base


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


def wechat(http: HttpClient, url: str, *, secret: str = "simulated", **more: Any) -> WeChatTemplate:
    return WeChatTemplate(http, url, SETTINGS.wechat_appid, secret, TEMPLATES, **more)


def notice(openid: str = "oPerson_000001", **changes: Any) -> Message:
    content: dict[str, Any] = {
        "notice_id": f"notice-{openid}",
        "recipient": openid,
        "template": "request_opened",
        "parameters": (("character_string1", "DG20250001"), ("thing2", "已受理")),
        "url": "https://gj.example/r/1",
    }
    return Message(**(content | changes))


async def count_calls(url: str) -> dict[str, int]:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as control:
        return dict((await control.get("/simulator/counters")).json())


async def read_phone(url: str, openid: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as control:
        answer = await control.get("/simulator/messages", params={"recipient": openid})
    return list(answer.json()["messages"])


async def test_message_lies_on_the_phone_with_its_link(http: HttpClient, url: str) -> None:
    outcome = await wechat(http, url).send(notice())
    (message,) = await read_phone(url, "oPerson_000001")
    assert outcome == Outcome("sent", message["provider_message_id"], "0")
    assert message["text"] == "DG20250001\n已受理"
    assert (message["title"], message["url"]) == ("进展", "https://gj.example/r/1")


async def choose(url: str, openid: str, *, accepted: bool = True) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as control:
        choice = {"template_id": "S1", "accepted": accepted}
        await control.post(f"/simulator/wechat/{openid}/subscription", json=choice)


async def test_a_subscribe_message_needs_a_credit_each(http: HttpClient, url: str) -> None:
    provider = wechat(http, url, subscriptions={"request_opened": "S1"})
    message = notice(as_subscription=True)
    assert (await provider.send(message)).code == "43101"
    await choose(url, message.recipient)
    outcomes = [await provider.send(message) for _ in range(2)]
    assert [(each.kind, each.code) for each in outcomes] == [("sent", "0"), ("refused", "43101")]
    (sent,) = await read_phone(url, message.recipient)
    assert (sent["template"], sent["url"]) == ("S1", "https://gj.example/r/1")


async def post(url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """As an account's own script does, past our adapter."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        account = {"appid": SETTINGS.wechat_appid, "secret": "simulated"}
        tokens = {"grant_type": "client_credential", **account, "force_refresh": False}
        token = (await client.post("/cgi-bin/stable_token", json=tokens)).json()["access_token"]
        query = {} if path.endswith("stable_token") else {"access_token": token}
        content = json.dumps(tokens | body if not query else body, ensure_ascii=False)
        answer = await client.post(path, content=content.encode(), params=query)
    return dict(answer.json())


async def test_the_simulator_tells_no_id_of_a_subscribe_message(url: str) -> None:
    await choose(url, "oPerson_000001")
    data = {"thing1": {"value": "已受理"}}
    body = {"touser": "oPerson_000001", "template_id": "S1", "data": data}
    answer = await post(url, "/cgi-bin/message/subscribe/bizsend", body)
    assert answer == {"errcode": 0, "errmsg": "ok"}


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        ("thing1", "一" * 20, True),
        ("thing1", "一" * 21, False),
        ("phrase1", "已受理", True),
        ("phrase1", "Received", False),
        ("name1", "王芳", True),
        ("name1", "王" * 11, False),
        ("name1", "Anna Li", True),
        ("amount1", "¥2000.00", True),
        ("amount1", "2000元", True),
        ("amount1", "约两千元", False),
        ("amount1", "¥12345678901", False),
        ("time1", "2019年10月1日 15:01", True),
        ("time1", "2019年10月1日", True),
        ("time1", "15:01", True),
        ("time1", "明天下午", False),
        ("date1", "2019-10-01", True),
        ("phone_number1", "+86-0766-66888866", True),
        ("phone_number1", "请拨12345", False),
        ("character_string1", "DG20250001", True),
        ("character_string1", "编号1", False),
        ("number1", "3.5", True),
        ("number1", "3床", False),
        ("letter1", "OK", True),
        ("car_number1", "粤S8Z888挂", True),
        ("words1", "没有这种", False),
    ],
)
async def test_the_simulator_takes_of_a_field_what_wechat_takes(
    url: str, name: str, value: str, is_taken: bool
) -> None:
    body = {"touser": "oPerson_000001", "template_id": "T1", "data": {name: {"value": value}}}
    answer = await post(url, "/cgi-bin/message/template/send", body)
    assert (answer["errcode"] == 0, answer["errcode"] in (0, 47003)) == (is_taken, True)


async def test_the_simulator_has_a_days_quota_and_forces_no_token_twice_at_once() -> None:
    async with run_simulators(replace(SETTINGS, wechat_day_max=2)) as url:
        data = {"thing1": {"value": "已受理"}}
        body = {"touser": "oPerson_000001", "template_id": "T1", "data": data}
        codes = [
            (await post(url, "/cgi-bin/message/template/send", body))["errcode"] for _ in range(3)
        ]
        forced = [
            await post(url, "/cgi-bin/stable_token", {"force_refresh": True}) for _ in range(2)
        ]
    assert codes == [0, 0, 45009]
    assert "access_token" in forced[0]
    assert forced[1]["errcode"] == 45011


async def test_a_subscribe_message_whose_answer_is_lost_is_not_posted_again(
    http: HttpClient, url: str
) -> None:
    openid = "oPerson_990005"
    for _ in range(2):
        await choose(url, openid)
    provider = wechat(http, url, subscriptions={"request_opened": "S1"}, timeout_s=1)
    assert (await provider.send(notice(openid, as_subscription=True))).kind == "unknown"
    assert len(await read_phone(url, openid)) == 1


async def test_many_senders_fetch_one_token(http: HttpClient, url: str) -> None:
    provider = wechat(http, url)
    people = [notice(f"oPerson_{n:06d}") for n in range(20)]
    outcomes = await asyncio.gather(*(provider.send(one) for one in people))
    assert {outcome.kind for outcome in outcomes} == {"sent"}
    assert (await count_calls(url))["wechat_token_calls"] == 1


async def test_token_that_dies_in_mid_batch_is_fetched_again_once(
    http: HttpClient, url: str
) -> None:
    provider = wechat(http, url)
    people = [notice(f"oPerson_{n:06d}") for n in range(20)]
    people[10] = notice("oPerson_990012")
    outcomes = await asyncio.gather(*(provider.send(one) for one in people))
    assert {outcome.kind for outcome in outcomes} == {"sent"}
    counters = await count_calls(url)
    assert counters["wechat_token_calls"] == 2
    assert counters["wechat_accepted"] == 20


async def test_token_is_fetched_again_before_its_end(http: HttpClient, url: str) -> None:
    elapsed = [0.0]
    provider = wechat(http, url, elapsed=lambda: elapsed[0])
    for at in (0.0, 6900.0, 6970.0):
        elapsed[0] = at
        assert (await provider.send(notice(f"oPerson_{int(at):06d}"))).kind == "sent"
    assert (await count_calls(url))["wechat_token_calls"] == 2


async def test_same_notice_twice_is_one_message(http: HttpClient, url: str) -> None:
    provider = wechat(http, url)
    first, second = [await provider.send(notice()) for _ in range(2)]
    assert first == second
    assert len(await read_phone(url, "oPerson_000001")) == 1


async def test_lost_answer_is_asked_for_again_and_sends_no_second_message(
    http: HttpClient, url: str
) -> None:
    outcome = await wechat(http, url, timeout_s=1).send(notice("oPerson_990005"))
    assert outcome.kind == "unknown"
    assert len(await read_phone(url, "oPerson_990005")) == 1
    assert (await count_calls(url))["wechat_deduplicated"] == 1


def build_reply(**answer: Any) -> Reply:
    return Reply(200, {}, json.dumps(answer).encode())


def answer_code(errcode: int) -> Reply:
    return build_reply(errcode=errcode, errmsg="", msgid=7)


@pytest.mark.parametrize(("as_subscription", "kind"), [(True, "sent"), (False, "unknown")])
async def test_a_subscribe_message_that_was_taken_is_sent_though_wechat_gives_it_no_id(
    as_subscription: bool, kind: str
) -> None:
    """`bizsend` answers errcode and errmsg alone; read as unclear, each would wait for a person."""

    def answer(url: str) -> Reply:
        if url.endswith("/stable_token"):
            return build_reply(access_token="T0", expires_in=7200)
        return build_reply(errcode=0, errmsg="ok")

    wire, ids = ScriptedWire(answer), {"request_opened": "S1"}
    provider = wechat(wire, "http://wechat.example", subscriptions=ids)
    outcome = await provider.send(notice(as_subscription=as_subscription))
    assert (outcome.kind, outcome.provider_message_id) == (kind, None)


@pytest.mark.parametrize(
    ("errmsg", "kind", "blames_name"),
    [
        ("argument invalid! data.thing5.value rid: 65-1", "refused", True),
        ("argument invalid! data.thing10.value is empty", "misconfigured", False),
        ("argument invalid! data.thing1.value", "misconfigured", False),
        ("argument invalid! data.thing55.value", "misconfigured", False),
        ("data format error", "misconfigured", False),
    ],
    ids=["a donor's name", "one that was not sent", "our own words", "no such field", "no field"],
)
async def test_what_people_wrote_is_this_messages_own_fault_and_not_the_accounts(
    errmsg: str, kind: str, blames_name: bool
) -> None:
    """As an alarm it would be raised every five minutes for three days, by one name."""

    def answer(url: str) -> Reply:
        if url.endswith("/stable_token"):
            return build_reply(access_token="T0", expires_in=7200)
        return build_reply(errcode=47003, errmsg=errmsg)

    provider = wechat(ScriptedWire(answer), "http://wechat.example")
    message = notice(parameters=(("thing1", "已受理"), ("thing5", "好人一生平安")))
    outcome = await provider.send(message)
    assert (outcome.kind, outcome.code) == (kind, "47003")
    assert outcome.blames_name is blames_name
    assert not outcome.blocked


async def test_a_days_quota_that_is_gone_is_not_asked_for_every_five_minutes() -> None:
    def answer(url: str) -> Reply:
        if url.endswith("/stable_token"):
            return build_reply(access_token="T0", expires_in=7200)
        return answer_code(45009)

    outcome = await wechat(ScriptedWire(answer), "http://wechat.example").send(notice())
    assert (outcome.kind, outcome.retry_after_s) == ("misconfigured", 3600)


@pytest.mark.parametrize(
    ("later", "kind"),
    [
        ([answer_code(0)], "sent"),
        ([answer_code(43004)], "refused"),
        ([answer_code(-1)], "unknown"),
        ([answer_code(45011)], "unknown"),
        ([answer_code(40037)], "unknown"),
        ([NotSentError("down")], "unknown"),
        ([Reply(503, {}, b"")], "unknown"),
        ([answer_code(40001), answer_code(0)], "sent"),
        ([answer_code(40001), answer_code(43004)], "refused"),
        ([answer_code(40001), answer_code(40001)], "unknown"),
        ([answer_code(40001), answer_code(-1)], "unknown"),
    ],
)
async def test_lost_answer_stays_unclear_until_wechat_says_what_became_of_it(
    later: list[Reply | Exception], kind: str
) -> None:
    """On a scripted wire: no simulated recipient answers otherwise when asked again."""
    assert (await _send_over([NoAnswerError("lost"), *later])).kind == kind


async def test_lost_answer_stays_unclear_when_no_new_token_comes() -> None:
    posts: list[Reply | Exception] = [NoAnswerError("lost"), answer_code(42001)]
    assert (await _send_over(posts, tokens=1)).kind == "unknown"


async def _send_over(posts: list[Reply | Exception], tokens: int = 2) -> Outcome:
    """What a send comes to when its posts are answered so, one after the other."""
    answers, issued = iter(posts), iter(range(tokens))

    def answer(url: str) -> Reply:
        if url.endswith("/stable_token"):
            number = next(issued, None)
            if number is None:
                return build_reply(errcode=40125, errmsg="")
            return build_reply(access_token=f"T{number}", expires_in=7200)
        prepared = next(answers)
        if isinstance(prepared, Exception):
            raise prepared
        return prepared

    return await wechat(ScriptedWire(answer), "http://wechat.example").send(notice())


@pytest.mark.parametrize(
    ("openid", "kinds"),
    [
        ("oPerson_990002", ["retry", "sent"]),
        ("oPerson_990003", ["retry", "sent"]),
        ("oPerson_990009", ["refused"]),
        ("oPerson_990010", ["retry"]),
        ("无", ["refused"]),
    ],
)
async def test_scripted_recipient_is_classified(
    http: HttpClient, url: str, openid: str, kinds: list[str]
) -> None:
    provider = wechat(http, url)
    assert [(await provider.send(notice(openid))).kind for _ in kinds] == kinds


async def test_wrong_secret_is_misconfigured(http: HttpClient, url: str) -> None:
    outcome = await wechat(http, url, secret="wrong").send(notice())
    assert (outcome.kind, outcome.code) == ("misconfigured", "40125")


async def test_no_connection_is_retried(http: HttpClient) -> None:
    assert (await wechat(http, "http://127.0.0.1:1").send(notice())).kind == "retry"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": "unheard"}, "no_template"),
        ({"template": "unapproved"}, "40037"),
        ({"parameters": ("bare",)}, "parameter_without_field_name"),
        ({"parameters": (("number1", "9" * 33),)}, "field_does_not_fit.number1"),
    ],
)
async def test_message_that_can_never_pass_is_misconfigured(
    http: HttpClient, url: str, changes: dict[str, Any], code: str
) -> None:
    outcome = await wechat(http, url).send(notice(**changes))
    assert (outcome.kind, outcome.code) == ("misconfigured", code)


async def test_neither_token_nor_openid_reaches_a_log(
    http: HttpClient, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    message = notice(notice_id="n1")
    await wechat(http, url).send(message)
    assert caplog.text == ""
    assert message.recipient not in repr(message)


@pytest.mark.parametrize("errcode", [code for code in CODES if code])
def test_refusal_names_no_openid(errcode: int) -> None:
    body = json.dumps({"errcode": errcode, "errmsg": "openid oPerson_000001 fails"}).encode()
    outcome = parse_wechat_reply(body, "oPerson_000001")
    assert outcome.kind == CODES[errcode].kind
    assert outcome.detail == "openid … fails"


@given(st.binary() | st.dictionaries(st.text(), st.text()).map(json.dumps).map(str.encode))
def test_any_answer_is_read_without_raising(body: bytes) -> None:
    assert parse_wechat_reply(body).kind == "unknown"
