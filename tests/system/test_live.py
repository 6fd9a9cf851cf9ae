"""Live parts of pages: as many as a person has tabs, and only while he is who he was."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from shared.security import Credential, Role, Unauthenticated
from shared.web import live
from shared.web.access import install_problem_answers
from shared.web.admission import STREAMS_MAX, Admission
from shared.web.live import EVENT_STREAM, stream_part
from tests.support.eventually import eventually
from tests.support.serving import serve_app

OPERATOR = Credential(id="op", secret_sha256="", roles=frozenset({Role.OPERATOR}))
STREAM = {"Accept": EVENT_STREAM}


class House:
    """Its one reader is `now`: None once he is signed out. drawn: how many parts."""

    def __init__(self) -> None:
        self.now: Credential | None = OPERATOR
        self.drawn = 0
        self.app = FastAPI()
        self.app.state.admission = Admission(
            per_minute=1000, strangers_per_minute=10, in_flight_max=2
        )
        install_problem_answers(self.app)
        self.app.add_api_route("/live", self.stream, response_model=None)

    async def stream(self, request: Request) -> Response:
        return stream_part(request, OPERATOR, self.draw)

    async def draw(self) -> str:
        self.drawn += 1
        return "<p>part</p>"

    async def count(self) -> int:
        return self.drawn

    async def authenticate(self, _request: Request, _runtime: object) -> Credential:
        if self.now is None:
            raise Unauthenticated
        return self.now


@asynccontextmanager
async def opening(
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    house = House()
    monkeypatch.setattr(live, "authenticate", house.authenticate)
    monkeypatch.setattr(live, "get_runtime", lambda _: SimpleNamespace())
    monkeypatch.setattr(live, "EVERY_S", 0.02)
    monkeypatch.setattr(live, "LASTS_S", 3600)
    async with (
        serve_app(house.app) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as http,
    ):
        yield house, http


@pytest.mark.parametrize(
    "later", [None, OPERATOR.model_copy(update={"roles": frozenset({Role.AUDITOR})})]
)
async def test_a_stream_ends_with_the_session_or_the_rights_it_was_opened_with(
    monkeypatch: pytest.MonkeyPatch, later: Credential | None
) -> None:
    async with (
        opening(monkeypatch) as (house, http),
        asyncio.timeout(10),
        http.stream("GET", "/live", headers=STREAM) as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: part"
        await eventually(house.count, lambda drawn: drawn > 2)
        house.now = later
        async for _ in lines:
            """What was drawn before; then it ends."""


async def test_who_has_as_many_streams_as_anybody_may_waits_until_one_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opening(monkeypatch) as (_house, http):
        streams = [http.stream("GET", "/live", headers=STREAM) for _ in range(STREAMS_MAX)]
        for stream in streams:
            assert (await stream.__aenter__()).status_code == 200
        refused = await http.get("/live", headers=STREAM)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        await streams[0].__aexit__(None, None, None)

        async def ask() -> int:
            return (await http.get("/live")).status_code

        await eventually(ask, lambda status: status == 200)
        for stream in streams[1:]:
            await stream.__aexit__(None, None, None)


async def test_who_asks_for_no_stream_gets_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opening(monkeypatch) as (_, http):
        for _ in range(2 * STREAMS_MAX):
            once = await http.get("/live")
            assert once.text.count("event: part") == 1
