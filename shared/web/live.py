"""A part of a page that is kept up to date by server-sent events (`static/live.js`).

Each event is the part as it is now, drawn by the server. A stream ends after a while and the
browser opens it anew, so that who is signed out meanwhile is shown no more.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import Request
from fastapi.responses import StreamingResponse

from shared.web.pages import HEADERS

EVERY_S = 2.0
LASTS_S = 60.0
EVENT_STREAM = "text/event-stream"


def stream_part(request: Request, draw: Callable[[], Awaitable[str]]) -> StreamingResponse:
    """draw: the HTML of the part. Who does not ask for a stream gets one event."""
    is_stream = EVENT_STREAM in request.headers.get("accept", "")

    async def list_events() -> AsyncIterator[str]:
        ends_at = time.monotonic() + LASTS_S
        while True:
            yield format_event(await draw())
            if not is_stream or time.monotonic() >= ends_at:
                return
            await asyncio.sleep(EVERY_S)

    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    return StreamingResponse(list_events(), media_type=EVENT_STREAM, headers=headers)


def format_event(content: str) -> str:
    """As the standard of HTML has it: a field for each line, and an empty line at the end."""
    lines = "".join(f"data: {line}\n" for line in content.splitlines())
    return f"event: part\n{lines}\n"
