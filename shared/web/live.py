"""A part of a page that is kept up to date by server-sent events (`static/live.js`).

Each event is the part as it is now, drawn by the server for who is still who he was when he asked.
A stream ends after a while, and the browser opens it anew.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from shared.errors import Transient
from shared.security import Credential, Unauthenticated
from shared.web.access import authenticate, get_admission, get_runtime
from shared.web.pages import HEADERS

EVERY_S = 2.0
LASTS_S = 60.0
EVENT_STREAM = "text/event-stream"


class PartStream(StreamingResponse):
    """Gives the caller's place back, however it ends."""

    def __init__(self, events: AsyncIterator[str], leave: Callable[[], None]) -> None:
        headers = {**HEADERS, "X-Accel-Buffering": "no"}
        super().__init__(events, media_type=EVENT_STREAM, headers=headers)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def stream_part(
    request: Request, caller: Credential, draw: Callable[[], Awaitable[str]]
) -> PartStream:
    """draw: the HTML of the part. Who does not ask for a stream gets one event. Raises TooManyError
    where the caller has as many open as anybody may."""
    is_stream = EVENT_STREAM in request.headers.get("accept", "")

    async def list_events() -> AsyncIterator[str]:
        ends_at = time.monotonic() + LASTS_S
        yield format_event(await draw())
        while is_stream and time.monotonic() < ends_at:
            await asyncio.sleep(EVERY_S)
            if not await _is_still(request, caller):
                return
            yield format_event(await draw())

    return PartStream(list_events(), get_admission(request).open_stream(caller.id))


async def _is_still(request: Request, caller: Credential) -> bool:
    """Not signed out, nor with other rights than when he asked."""
    try:
        return await authenticate(request, get_runtime(request)) == caller
    except (Unauthenticated, Transient):
        return False


def format_event(content: str) -> str:
    """As the standard of HTML has it: a field for each line, and an empty line at the end."""
    lines = "".join(f"data: {line}\n" for line in content.splitlines())
    return f"event: part\n{lines}\n"
