"""Nobody chooses the address he is counted under."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from shared.web.callers import FrontAddress, find_address

TOKEN = "of-the-front"


async def ask(headers: dict[str, str], token: str = TOKEN, peer: str = "127.0.0.1") -> str:
    """As whom a service counts a caller who comes from `peer` with these headers."""

    async def say(request: Request) -> PlainTextResponse:
        return PlainTextResponse(find_address(request))

    app = FrontAddress(Starlette(routes=[Route("/", say)]), token)
    transport = httpx.ASGITransport(app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        return (await http.get("/", headers=headers)).text


async def test_the_front_says_who_comes() -> None:
    seen = {"X-Forwarded-For": "203.0.113.9", "X-Guanjia-Front": TOKEN}
    assert await ask(seen) == "203.0.113.9"


async def test_what_a_caller_wrote_before_the_front_added_to_it_does_not_count() -> None:
    seen = {"X-Forwarded-For": "10.0.0.1, 203.0.113.9", "X-Guanjia-Front": TOKEN}
    assert await ask(seen) == "203.0.113.9"


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, TOKEN),
        ({"X-Guanjia-Front": "guess"}, TOKEN),
        ({"X-Guanjia-Front": ""}, ""),
        ({"X-Real-IP": "10.9.9.9", "Forwarded": "for=10.9.9.9"}, TOKEN),
    ],
)
async def test_nobody_else_does_from_this_machine_either(
    headers: dict[str, str], token: str
) -> None:
    assert await ask({"X-Forwarded-For": "10.9.9.9"} | headers, token) == "127.0.0.1"


async def test_no_address_is_none_of_the_fronts() -> None:
    assert await ask({"X-Forwarded-For": "me", "X-Guanjia-Front": TOKEN}) == "127.0.0.1"


async def test_a_network_of_one_household_is_one_caller() -> None:
    one = await ask({}, peer="2001:db8:1:2::3")
    assert one == await ask({}, peer="2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert await ask({}, peer="2001:db8:1:3::3") != one
    assert await ask({}, peer="::ffff:203.0.113.9") == "203.0.113.9"
