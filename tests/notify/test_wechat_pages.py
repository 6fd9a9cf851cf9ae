"""What a person consents to inside WeChat: on a page that WeChat takes for the account's."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import Request
from wechatpy.client import WeChatClient

from deploy.simulators.main import run_simulators
from deploy.simulators.settings import SimulatorSettings
from services.notify.pages.subscribe import (
    PROBLEMS,
    TEMPLATES_MAX,
    build_headers,
    find_obstacle,
    find_page_url,
    list_offers,
    render_subscribe,
)
from services.notify.providers import PageSigner, WeChatTemplate
from services.notify.providers.wechat_pages import LEFT_ALONE_S, PageSignature, sign_address
from services.notify.wordbook import WordBook
from shared.clock import system_now
from shared.http import FetchingClient, open_http_client
from tests.support.readers import make_reader

SETTINGS = SimulatorSettings(wechat_secret="simulated", wechat_templates={"S1": "进展"})
PAGE = "https://gj.example/notify/subscribe?from=menu"
# The example of WeChat's own page.
TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
NONCE, TIMESTAMP, URL = "Wm3WZYTPz0wzccnW", 1414587457, "http://mp.weixin.qq.com?params=value"


def test_a_page_is_signed_as_wechat_publishes_it_and_as_wechatpy_signs() -> None:
    ours = sign_address(TICKET, NONCE, TIMESTAMP, URL)
    assert ours == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    judge = WeChatClient("wx1", "s").jsapi
    for url in (URL, PAGE, "https://gj.example/notify/subscribe"):
        theirs = judge.get_jsapi_signature(NONCE, TICKET, TIMESTAMP, url)
        assert sign_address(TICKET, NONCE, TIMESTAMP, url) == theirs


# --- at the simulator -----------------------------------------------------------------------------


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with run_simulators(SETTINGS) as base:
        yield base


@pytest.fixture
async def http() -> AsyncIterator[FetchingClient]:
    async with open_http_client(trust_env=False) as client:
        yield client


def make_signer(
    http: FetchingClient, url: str, secret: str = "simulated", **more: Any
) -> PageSigner:
    account = WeChatTemplate(http, url, SETTINGS.wechat_appid, secret, {})
    return PageSigner(http, url, SETTINGS.wechat_appid, account.token, system_now, **more)


def as_config(signature: PageSignature, page: str) -> dict[str, object]:
    """As the page's script hands it to `wx.config`."""
    return {
        "appId": signature.appid,
        "timestamp": signature.timestamp,
        "nonceStr": signature.nonce,
        "signature": signature.signature,
        "url": page,
    }


async def ask(url: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return dict((await client.post(path, json=body)).json())


async def count(url: str, name: str) -> int:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return int((await client.get("/simulator/counters")).json().get(name, 0))


async def test_what_is_signed_is_the_page_where_it_stands(http: FetchingClient, url: str) -> None:
    signature = await make_signer(http, url).sign(PAGE)
    assert signature is not None
    assert (await ask(url, "/open/config", as_config(signature, PAGE)))["errMsg"] == "config:ok"
    for other in ("https://gj.example/notify/subscribe", "https://else.example/notify/subscribe"):
        answer = await ask(url, "/open/config", as_config(signature, other))
        assert answer["errMsg"] == "config:invalid signature"


async def test_many_readers_are_one_ticket(http: FetchingClient, url: str) -> None:
    signer = make_signer(http, url)
    signatures = await asyncio.gather(*(signer.sign(PAGE) for _ in range(20)))
    assert len({each.nonce for each in signatures if each}) == 20
    assert await count(url, "wechat_ticket_calls") == 1


async def test_a_token_that_died_is_fetched_again_for_a_ticket(
    http: FetchingClient, url: str
) -> None:
    account = WeChatTemplate(http, url, SETTINGS.wechat_appid, "simulated", {})
    await account.token.get()
    await ask(url, "/simulator/wechat/expire-tokens", {})
    signer = PageSigner(http, url, SETTINGS.wechat_appid, account.token, system_now)
    assert await signer.sign(PAGE) is not None


async def test_without_a_ticket_wechat_is_left_alone_for_a_while(
    http: FetchingClient, url: str
) -> None:
    now = 0.0
    signer = make_signer(http, url, secret="wrong", elapsed=lambda: now)
    assert [await signer.sign(PAGE) for _ in range(5)] == [None] * 5
    assert await count(url, "wechat_token_calls") == 1
    now = LEFT_ALONE_S
    assert await signer.sign(PAGE) is None
    assert await count(url, "wechat_token_calls") == 2


async def test_the_simulator_takes_no_more_than_wechat_takes(
    http: FetchingClient, url: str
) -> None:
    signature = await make_signer(http, url).sign(PAGE)
    assert signature is not None
    tap: dict[str, Any] = {"config": as_config(signature, PAGE), "openid": "oPerson_000001"}
    unknown = await ask(url, "/open/tap", tap | {"accepted": {"S2": True}})
    too_many = {f"S{number}": True for number in range(TEMPLATES_MAX + 1)}
    assert unknown["errCode"] == 20001
    assert (await ask(url, "/open/tap", tap | {"accepted": too_many}))["errCode"] == 20003
    forged = tap | {"config": as_config(signature, "https://else.example/"), "accepted": {"S1": 1}}
    assert (await ask(url, "/open/tap", forged))["errMsg"] == "config:invalid signature"
    agreed = await ask(url, "/open/tap", tap | {"accepted": {"S1": True}})
    assert agreed["errMsg"] == "subscribe:ok"


# --- the page -------------------------------------------------------------------------------------


def test_who_gets_what_has_a_button_of_three_templates_at_most() -> None:
    ids = {
        "request_opened": "A",
        "request_recorded": "A",
        "match_committed": "B",
        "match_delivered": "C",
        "case_closed": "D",
        "match_asked": "E",
        "case_closed.en": "F",
    }
    offers = list_offers(ids, WordBook())
    assert [offer.template_ids for offer in offers] == [("A", "B", "C"), ("D",), ("E",), ("F",)]
    asks, gives = "申请帮助的人", "捐赠方"
    assert [offer.recipient[0] for offer in offers] == [asks, asks, gives, asks]
    assert offers[0].lines[0].examples == "已受理，正在寻找帮助；已登记，正在审核"


def make_request(**headers: str) -> Request:
    app = SimpleNamespace(state=SimpleNamespace(public_scheme="http"))
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "app": app, "headers": raw, "path": "/notify/subscribe"}
    return Request({**scope, "query_string": b"from=menu&isappinstalled=0", "method": "GET"})


def test_buttons_are_for_wechats_browser_and_for_nobody_who_is_signed_in() -> None:
    offers = list_offers({"request_opened": "A"}, WordBook())
    wechat, other = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50", "Mozilla/5.0 (iPhone)"
    for user_agent, cookie, obstacle in (
        (wechat, "", ""),
        (wechat, "guanjia-language=en; guanjia-visit=v", ""),
        (wechat, "guanjia-session=s", "signed_in"),
        (wechat, "guanjia-giver=g", "signed_in"),
        (other, "", "elsewhere"),
    ):
        request = make_request(user_agent=user_agent, cookie=cookie)
        assert find_obstacle(request, offers, is_simulated=False) == obstacle
    assert find_obstacle(make_request(), offers, is_simulated=True) == ""
    assert find_obstacle(make_request(), [], is_simulated=True) == "needless"


def test_what_is_signed_is_the_address_with_what_wechat_added_to_it() -> None:
    url = find_page_url(make_request(), "https://gj.example")
    assert url == "https://gj.example/notify/subscribe?from=menu&isappinstalled=0"


@pytest.mark.parametrize("why", PROBLEMS)
def test_a_page_without_buttons_says_why_and_has_no_script(why: str) -> None:
    page = render_subscribe(make_reader(), list_offers({"request_opened": "A"}, WordBook()), why)
    html = bytes(page.body).decode()
    assert PROBLEMS[why][0] in html
    assert "<script" not in html
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_wechats_script_fetches_none_of_our_pages_and_frames_are_not_named() -> None:
    policy = build_headers("https://res.wx.qq.com/open/js/jweixin-1.6.0.js")
    parts = dict(
        part.strip().partition(" ")[::2] for part in policy["Content-Security-Policy"].split(";")
    )
    assert parts["script-src"] == "'self' 'unsafe-eval' https://res.wx.qq.com"
    assert "'self'" not in parts["connect-src"]
    assert parts["form-action"] == parts["frame-ancestors"] == "'none'"
    assert not {"default-src", "frame-src", "child-src"} & parts.keys()
    assert policy["Cache-Control"] == "no-store"
