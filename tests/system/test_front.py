"""The front before a service of this test: what it hands on, in which pieces, and what not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest_asyncio
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.front.main import create_app
from deploy.front.settings import FrontSettings
from tests.support.serving import serve_app

NOBODY = "http://127.0.0.1:9"


@dataclass
class Upstream:
    """A service that says what it was asked, and waits where the test tells it to."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[bytes] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/r/echo", self.echo, methods=["GET", "POST"]),
            Route("/r/away", self.redirect),
            Route("/r/lost", self.lose),
            Route("/r/events", self.stream),
            Route("/r/upload", self.upload, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def echo(self, request: Request) -> Response:
        body = {"query": request.url.query, "headers": list(request.headers.items())}
        answer = JSONResponse(body | {"body": (await request.body()).decode()})
        for name in ("a", "b"):
            answer.set_cookie(name, "1")
        answer.headers["Connection"] = "close, X-Hop"
        answer.headers["X-Hop"] = "1"
        return answer

    async def lose(self, _request: Request) -> Response:
        return JSONResponse({"problems": [{"code": "address_unknown"}]}, 404)

    async def redirect(self, _request: Request) -> Response:
        return RedirectResponse("http://elsewhere.example/")

    async def stream(self, _request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            await self.go_on.wait()
            yield b"data: 2\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def upload(self, request: Request) -> Response:
        async for piece in request.stream():
            if piece:
                self.received.append(piece)
                self.go_on.set()
        return JSONResponse({"bytes": sum(map(len, self.received))})


@pytest_asyncio.fixture(loop_scope="session")
async def upstream() -> Upstream:
    return Upstream()


@pytest_asyncio.fixture(loop_scope="session")
async def front(upstream: Upstream) -> AsyncIterator[httpx.AsyncClient]:
    async with serve_app(upstream.app, lifespan="on") as behind:
        settings = FrontSettings(
            intake_url=behind.url,
            matching_url=NOBODY,
            front_body_bytes_max=2048,
            public_url="http://guanjia.example",
            front_token=SecretStr("of-the-front"),
        )
        async with (
            serve_app(create_app(settings), lifespan="on", proxy_headers=False) as server,
            httpx.AsyncClient(base_url=server.url, timeout=30, trust_env=False) as http,
        ):
            yield http


async def test_a_request_is_handed_on_with_who_asks_and_without_what_is_of_one_hop(
    front: httpx.AsyncClient,
) -> None:
    answer = await front.post(
        "/r/echo?a=1&b=%E8%8C%B6",
        content=b"words",
        headers={
            "Host": "guanjia.example",
            "Cookie": "guanjia-session=x",
            "X-Forwarded-For": "10.9.9.9",
            "X-Guanjia-Front": "guess",
            "X-Real-IP": "10.9.9.9",
            "Forwarded": "for=10.9.9.9",
            "Connection": "keep-alive, X-Secret-Hop",
            "X-Secret-Hop": "1",
            "Upgrade": "websocket",
        },
    )
    seen = dict(answer.json()["headers"])
    assert (answer.json()["query"], answer.json()["body"]) == ("a=1&b=%E8%8C%B6", "words")
    assert seen["host"] == "guanjia.example"
    assert seen["cookie"] == "guanjia-session=x"
    assert (seen["x-forwarded-for"], seen["x-guanjia-front"]) == ("127.0.0.1", "of-the-front")
    assert not {"x-real-ip", "forwarded", "upgrade", "x-secret-hop"} & set(seen)
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition(";")[0] for cookie in cookies] == ["a=1", "b=1"]
    assert "x-hop" not in answer.headers


async def test_a_proxy_of_the_houses_before_the_front_says_who_asks(
    front: httpx.AsyncClient,
) -> None:
    proxy = {"X-Forwarded-For": "203.0.113.9", "X-Guanjia-Front": "of-the-front"}
    seen = dict((await front.get("/r/echo", headers=proxy)).json()["headers"])
    assert seen["x-forwarded-for"] == "203.0.113.9"


async def test_a_redirect_is_the_browsers_to_follow(front: httpx.AsyncClient) -> None:
    answer = await front.get("/r/away")
    assert (answer.status_code, answer.headers["location"]) == (307, "http://elsewhere.example/")


async def test_what_is_said_piece_by_piece_arrives_piece_by_piece(
    front: httpx.AsyncClient, upstream: Upstream
) -> None:
    async with front.stream("GET", "/r/events") as answer:
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"data: 1\n\n"
        upstream.go_on.set()
        assert await anext(pieces) == b"data: 2\n\n"


async def test_an_upload_is_read_while_it_comes(
    front: httpx.AsyncClient, upstream: Upstream
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await upstream.go_on.wait()  # the service has the first before there is a second
        yield b"second"

    answer = await front.post("/r/upload", content=pieces())
    assert answer.json() == {"bytes": len(b"firstsecond")}


async def test_too_much_is_refused_announced_or_not(front: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 1024

    for content in (b"x" * 5000, pieces()):
        answer = await front.post("/r/upload", content=content)
        assert answer.status_code == 413
        assert answer.json()["problems"][0]["code"] == "body_too_large"


async def test_what_is_internal_or_nowhere_is_not_to_be_had(front: httpx.AsyncClient) -> None:
    for path in ("/internal/sessions", "/api/intake/metrics", "/nothing", "/api/intake/internal/x"):
        answer = await front.get(path)
        assert answer.status_code == 404, path
        page = await front.get(path, headers={"Accept": "text/html"})
        assert "没有这个地址" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_a_person_at_an_address_that_no_page_has_reads_words(
    front: httpx.AsyncClient,
) -> None:
    page = await front.get("/r/lost", headers={"Accept": "text/html"})
    assert (page.status_code, "没有这个地址" in page.text) == (404, True)
    program = await front.get("/r/lost")
    assert (program.status_code, program.json()["problems"][0]["code"]) == (404, "address_unknown")


async def test_a_service_that_is_away_is_said_in_words(front: httpx.AsyncClient) -> None:
    answer = await front.get("/d/token", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "服务暂不可用，请稍后再试" in answer.text
