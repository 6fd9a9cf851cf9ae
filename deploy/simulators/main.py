"""Builds one simulator and serves it: `create_app`, `serve`, `run_simulators`."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from deploy.simulators.aliyun import Aliyun
from deploy.simulators.callbacks import Callbacks
from deploy.simulators.control import People, Provider, build_console_router, build_router
from deploy.simulators.faults import Chance
from deploy.simulators.media import MediaShelf, build_media_router
from deploy.simulators.phones import Phones
from deploy.simulators.scripts import Scripts
from deploy.simulators.settings import SimulatorSettings
from deploy.simulators.sms import SmsBook
from deploy.simulators.tencent import Tencent
from deploy.simulators.web_pages import WebPages, add_web_pages
from deploy.simulators.wechat import WeChat
from shared.clock import Clock, system_now

PAGE = Path(__file__).with_name("phones.html")
# Longer than any client keeps an idle connection: closing first would look like a lost answer.
KEEP_ALIVE_S = 120


def create_app(settings: SimulatorSettings, now: Clock = system_now) -> FastAPI:
    """One app with its own phones; the queues towards intake run while it is served."""
    templates: dict[Provider, dict[str, str]] = {
        "tencent": dict(settings.sms_templates),
        "aliyun": dict(settings.aliyun_templates),
        "wechat": dict(settings.wechat_templates),
    }
    settings = replace(
        settings,
        sms_templates=templates["tencent"],
        aliyun_templates=templates["aliyun"],
        wechat_templates=templates["wechat"],
    )
    counters: Counter[str] = Counter()
    chance = Chance(settings.faults, settings.seed, counters)
    phones, scripts = Phones(), Scripts(chance)
    callbacks = Callbacks(settings, counters, now)
    book = SmsBook(phones, counters, now)
    tencent = Tencent(settings, book, scripts, callbacks, counters, now)
    aliyun = Aliyun(settings, book, scripts, callbacks, counters, now)
    wechat = WeChat(settings, phones, scripts, callbacks, counters, now)
    shelf = MediaShelf(wechat.tokens, counters)
    people = People(settings, phones, callbacks, wechat, counters, now)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with callbacks.run():
            yield

    app = FastAPI(title="Guanjia provider simulators", lifespan=lifespan)
    # Plain routes: these carry the load, and their bodies are not JSON models.
    app.add_route("/", partial(_answer_sms, tencent, aliyun), methods=["POST"])
    app.add_route("/cgi-bin/message/template/send", wechat.send_template, methods=["POST"])
    app.add_route("/cgi-bin/message/subscribe/bizsend", wechat.send_subscription, methods=["POST"])
    app.add_route("/cgi-bin/stable_token", wechat.answer_stable_token, methods=["POST"])
    app.add_route("/cgi-bin/media/get", shelf.answer, methods=["GET"])
    menu = settings.wechat_menu_url
    app.include_router(
        build_router(phones, scripts, chance, callbacks, wechat, people, counters, menu)
    )
    app.include_router(build_media_router(shelf, people))
    app.include_router(build_console_router(templates))
    add_web_pages(app, WebPages(settings, wechat.tokens, people, counters))
    page = PAGE.read_text(encoding="utf-8")

    @app.get("/", include_in_schema=False)
    async def phone_page() -> HTMLResponse:
        return HTMLResponse(page)

    @app.get("/health/live")
    @app.get("/health/ready")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def _answer_sms(tencent: Tencent, aliyun: Aliyun, request: Request) -> Response:
    """Both listen at the root, as their real ones do."""
    provider = aliyun if "x-acs-action" in request.headers else tencent
    return await provider.answer(request)


def _build_config(settings: SimulatorSettings, now: Clock) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings, now),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )


async def serve(settings: SimulatorSettings, now: Clock = system_now) -> None:
    """Until a signal comes."""
    await uvicorn.Server(_build_config(settings, now)).serve()


class _EmbeddedServer(uvicorn.Server):
    """A server in another's event loop leaves the signals to its host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    """asyncio sets TCP_NODELAY only where the protocol is named; else an answer takes 40 ms."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    listening.listen(1024)
    return listening


@contextlib.asynccontextmanager
async def run_simulators(
    settings: SimulatorSettings, now: Clock = system_now
) -> AsyncIterator[str]:
    """Serves them inside this event loop, on a real socket; yields the base URL."""
    with _listen(settings.host, settings.port) as listening:
        server = _EmbeddedServer(_build_config(settings, now))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            # The socket already listens: whoever comes before the start waits in its backlog.
            yield f"http://{settings.host}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
