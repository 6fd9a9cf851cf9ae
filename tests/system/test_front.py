"""The front before a service of this test: what it hands on, in which pieces, and what not."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.commands import run
from deploy.front.instances import Instances, find_urls
from deploy.front.main import create_app
from deploy.front.settings import FrontSettings
from deploy.installation.files import Installation
from deploy.local.ports import find_free_port
from shared.clock import system_now
from tests.support.eventually import eventually
from tests.support.serving import serve_app

NOBODY = "http://127.0.0.1:9"


@dataclass
class Upstream:
    """A service that says what it was asked, and waits where the test tells it to."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    received: list[bytes] = field(default_factory=list)
    is_ready: bool = True
    asked: int = 0

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/health/ready", self.report_ready),
            Route("/r/asked", self.count, methods=["GET", "POST"]),
            Route("/r/echo", self.echo, methods=["GET", "POST"]),
            Route("/r/away", self.redirect),
            Route("/r/lost", self.lose),
            Route("/r/events", self.stream),
            Route("/r/upload", self.upload, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def report_ready(self, _request: Request) -> Response:
        return JSONResponse({}, 200 if self.is_ready else 503)

    async def count(self, request: Request) -> Response:
        self.asked += 1
        return JSONResponse({"bytes": len(await request.body())})

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


# --- TLS -----------------------------------------------------------------------------------------


async def test_the_front_speaks_tls_with_the_certificate_of_its_settings(tmp_path: Path) -> None:
    """As `guanjia run front` in an installation, with files of `guanjia install files`."""
    Installation(tmp_path).prepare(system_now())
    port = find_free_port()
    own = {
        "GUANJIA_PORT": str(port),
        "GUANJIA_PUBLIC_SCHEME": "https",
        "GUANJIA_PUBLIC_URL": f"https://localhost:{port}",
        "GUANJIA_FRONT_CERT_FILE": str(tmp_path / "front" / "front.pem"),
        "GUANJIA_FRONT_KEY_FILE": str(tmp_path / "front" / "front.key"),
        "GUANJIA_FRONT_TOKEN_FILE": str(tmp_path / "front" / "front.token"),
    }
    trust = ssl.create_default_context(cafile=str(tmp_path / "guanjia" / "ca.pem"))

    async def ask(scheme: str, verify: ssl.SSLContext) -> int:
        async with httpx.AsyncClient(verify=verify, trust_env=False) as http:
            try:
                return (await http.get(f"{scheme}://localhost:{port}/health/ready")).status_code
            except httpx.HTTPError:
                return 0

    words = ("-m", "deploy.cli", "run", "front")
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=os.environ | own)
    try:
        await eventually(partial(ask, "https", trust), lambda status: status == 200)
        assert await ask("https", ssl.create_default_context()) == 0, "whom nobody vouches for"
        assert await ask("http", trust) == 0
    finally:
        process.kill()
        await process.wait()


# --- several instances of a service ---------------------------------------------------------------


async def test_an_instance_that_stops_gets_nothing_and_nobody_sees_that_it_is_gone() -> None:
    staying, leaving = Upstream(), Upstream()
    async with AsyncExitStack() as running:
        gone = await running.enter_async_context(AsyncExitStack())
        first = await running.enter_async_context(serve_app(staying.app))
        second = await gone.enter_async_context(serve_app(leaving.app))
        settings = FrontSettings(
            intake_url=f"{first.url}, {second.url}", public_url="http://guanjia.example"
        )
        front = await running.enter_async_context(serve_app(create_app(settings), lifespan="on"))
        http = await running.enter_async_context(
            httpx.AsyncClient(base_url=front.url, timeout=30, trust_env=False)
        )

        async def ask() -> tuple[int, int]:
            answer = await http.post("/r/asked", content=b"words")
            assert (answer.status_code, answer.json()) == (200, {"bytes": 5})
            return staying.asked, leaving.asked

        await eventually(ask, all)
        leaving.is_ready = False
        await eventually(partial(_ask_twice, ask), lambda seen: seen[0] == seen[1])
        staying.is_ready = False
        await gone.aclose()
        assert await _ask_twice(ask)


async def _ask_twice(ask: Callable[[], Awaitable[tuple[int, int]]]) -> tuple[int, int]:
    """How often the second was asked, before and after."""
    return (await ask())[1], (await ask())[1]


def test_instances_take_turns_and_those_that_are_not_ready_come_last() -> None:
    instances = Instances("http://10.0.0.1:8001, http://10.0.0.2:8001/,http://10.0.0.3:8001")
    first = [instances.list_candidates()[0] for _ in range(6)]
    assert len(set(first)) == 3
    assert first[:3] == first[3:]
    instances.mark_away("http://10.0.0.2:8001")
    assert {instances.list_candidates()[-1] for _ in range(3)} == {"http://10.0.0.2:8001"}


async def test_a_name_with_several_addresses_is_several_instances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the containers of a Compose service have one name."""

    async def resolve(_host: str, port: int, **_: object) -> list[Any]:
        return [(0, 0, 0, "", (each, port)) for each in ("10.0.0.2", "10.0.0.1", "fd00::1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    found = await find_urls("http://intake:8001")
    assert found == ["http://10.0.0.1:8001", "http://10.0.0.2:8001", "http://[fd00::1]:8001"]
    for alone in ("http://10.0.0.9:8001", "https://intake.example"):
        assert await find_urls(alone) == [alone]


async def test_a_service_that_is_told_to_stop_says_so_and_answers_for_a_while(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_end_process", lambda: None)
    app = upstream.app
    app.state.ready = lambda: ""
    server = run.DrainingServer(uvicorn.Config(app), app, drain_s=0.2)
    server.handle_exit(signal.SIGTERM, None)
    assert app.state.ready() == "stopping"
    assert (b"connection", b"close") in server.config.encoded_headers
    assert not server.should_exit

    async def is_ending() -> bool:
        return server.should_exit

    await eventually(is_ending, bool, 10)
