"""The door: few requests of one caller come in at a time, before anything else is done for them.

A request costs the processor before we know whose it is: it is routed, its token is looked up.
Three hundred that arrive together would do all of that before anybody else's turn. Here they are
told apart by what they show, unread; `Admission` shares out among those who are known.
"""

import asyncio
import random

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.access import answer_too_many
from shared.web.admission import COMMANDS_MAX, LONG_LINE, READS_MAX, SAFE_METHODS, Line
from shared.web.callers import find_address_of

READS_INSIDE = READS_MAX + LONG_LINE
"""Of one caller: so many that `Admission` sees a long line."""
COMMANDS_INSIDE = 2 * COMMANDS_MAX
CREDENTIAL_HEADERS = (b"authorization", b"cookie")


class Doorway:
    """in_flight_max: of one caller's requests, those that wait outside included; more are refused
    after a pause, as `Admission` does it."""

    def __init__(self, app: ASGIApp, *, in_flight_max: int, pause_s: float) -> None:
        self._app = app
        self._in_flight_max = in_flight_max
        self._pause_s = pause_s
        self._lines: dict[tuple[bytes, bool], Line] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reads = scope["method"] in SAFE_METHODS
        key = (find_shown(scope), reads)
        line = self._lines.setdefault(key, Line())
        if line.here >= self._in_flight_max:
            await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.5))  # noqa: S311  # no secret
            await answer_too_many(1)(scope, receive, send)
            return
        line.here += 1
        try:
            most = READS_INSIDE if reads else COMMANDS_INSIDE
            await line.enter(most)
            try:
                await self._app(scope, receive, send)
            finally:
                line.leave(most)
        finally:
            line.here -= 1
            if not line.here:
                del self._lines[key]


def find_shown(scope: Scope) -> bytes:
    """What tells one caller from another, not believed yet: his credential, else his address."""
    for name, value in scope["headers"]:
        if name in CREDENTIAL_HEADERS:
            return bytes(value)
    return find_address_of(scope).encode()
