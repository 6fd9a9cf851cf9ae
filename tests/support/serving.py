"""An app on a real socket, in the event loop of its test."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests.support.eventually import eventually

STOPS_WITHIN_S = 1
"""What comes in when the app has stopped would be waited for without end."""


class EmbeddedServer(uvicorn.Server):
    """A server in another's event loop leaves the signals to its host."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.servers[0].sockets[0].getsockname()
        return host, port

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://{host}:{port}"


@contextlib.asynccontextmanager
async def serve_app(
    app: ASGIApp, at: socket.socket | None = None, **changed: Any
) -> AsyncIterator[EmbeddedServer]:
    """at: where it listens, if not on a port of its own. The app has been started already, unless
    `lifespan` says otherwise; changed: of uvicorn's configuration."""
    terms = {"lifespan": "off", "log_config": None, "timeout_graceful_shutdown": STOPS_WITHIN_S}
    server = EmbeddedServer(uvicorn.Config(app, port=0, **(terms | changed)))
    serving = asyncio.create_task(server.serve(sockets=[at] if at else None))

    async def has_begun() -> bool:
        return server.started or serving.done()

    try:
        await eventually(has_begun, bool)
        yield server
    finally:
        server.should_exit = True
        await serving
