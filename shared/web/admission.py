"""How much, how often, and how many at a time a caller may send; counted in this process.

Starlette's own body limit answers in plain text, whatever the application says of problems.
"""

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import Message

from shared.errors import Invalid
from shared.messages import JSON_UNREADABLE
from shared.strictness import read_json
from shared.web.callers import find_address
from shared.web.windows import MovingWindow

BODY_BYTES_MAX = 256 * 1024
"""Of a request whose route does not say more."""
BATCH_BYTES_MAX = 2 * 1024 * 1024
"""Of a request with many rows."""


Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


def takes_bytes(most: int) -> Callable[[Endpoint], Endpoint]:
    """Marks a route whose body may be larger than `BODY_BYTES_MAX`, or not as large."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.body_bytes_max = most  # type: ignore[attr-defined]  # read by `limit_body`
        return endpoint

    return mark


def limit_body(request: Request, endpoint: object) -> Request:
    """The same request, whose body ends in HTTPException 413 where it grows too large.

    A body whose length is announced is refused before any of it is read.
    """
    most = getattr(endpoint, "body_bytes_max", BODY_BYTES_MAX)
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise HTTPException(413)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413)
        return message

    return StrictRequest(request.scope, receive)


class StrictRequest(Request):
    """One whose JSON is read strictly."""

    async def json(self) -> Any:
        """Raises LaxJsonError, or JSONDecodeError as FastAPI expects it."""
        body = await self.body()
        try:
            return read_json(body)
        except Invalid as error:
            if error.problems[0].code == JSON_UNREADABLE.code:
                return json.loads(body)
            raise LaxJsonError(error) from None


class LaxJsonError(HTTPException):
    """422: JSON that other readers would let pass. FastAPI hands on what is an HTTPException."""

    def __init__(self, error: Invalid) -> None:
        super().__init__(422)
        self.problems = error.problems


class TooManyError(Exception):
    """429: the caller is to wait. retry_after_s: at least one second."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


COMMANDS_MAX = 32
"""Of one caller's commands at a time: they cost little while they wait for a transaction that many
share."""
READS_MAX = 8
"""Of all callers' reads at a time, by and large: they cost the processor, so who is here shares
them."""
READS_MIN = 2
"""Of one caller's reads at a time, however many callers are here."""
STRANGERS_MAX = 8
"""Of one address at a time who are refused at once; more are refused after a pause."""
STREAMS_MAX = 6
"""Of one caller's streams at a time, which are the tabs that somebody has open."""
STREAM_AGAIN_S = 10
CALLER_SEEN_S = 2.0
"""How long a caller counts as here after his last request."""
LONG_LINE = 8
"""So many of one caller's reads wait: no page asks for as much at once."""
REST_S_MAX = 0.25
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Line:
    """Of one caller and one sort of request: how many are here, and which wait for their turn."""

    here: int = 0
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    async def enter(self, share: int) -> None:
        """Returns when it is this request's turn: no more than `share` run at a time."""
        if self.running < share:
            self.running += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(share)
            raise

    def leave(self, share: int) -> None:
        """Gives the place to who waits longest, and more places where the share has grown."""
        self.running -= 1
        while self.waiting and self.running < share:
            turn = self.waiting.popleft()
            if not turn.done():
                self.running += 1
                turn.set_result(None)


class Callers:
    """Who has been here within the last `CALLER_SEEN_S` seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def see(self, caller: str) -> None:
        self._seen.pop(caller, None)
        self._seen[caller] = time.monotonic()

    def compute_share(self, most: int, least: int) -> int:
        """What each may have of `most` things, and `least` in any case."""
        self._forget()
        return max(least, most // max(1, len(self._seen)))

    def are_several(self) -> bool:
        self._forget()
        return len(self._seen) > 1

    def _forget(self) -> None:
        limit = time.monotonic() - CALLER_SEEN_S
        while self._seen and next(iter(self._seen.values())) < limit:
            del self._seen[next(iter(self._seen))]


class Admission:
    """Counts, in this process, how often and how many at a time each caller comes in.

    Callers are credentials, links, and for who has neither the address they come from.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        strangers_per_minute: int,
        in_flight_max: int,
        pause_s: float = 0,
    ) -> None:
        self._known = MovingWindow(per_minute)
        self._strangers = MovingWindow(strangers_per_minute)
        self._in_flight_max = in_flight_max
        self._pause_s = pause_s
        self._callers = Callers()
        self._lines: dict[tuple[str, bool], Line] = {}
        self._streams: Counter[str] = Counter()

    async def count(self, caller: str) -> None:
        """One more visit of a caller who is known. Raises TooManyError."""
        await self._hit(self._known, caller)

    async def count_stranger(self, request: Request) -> None:
        """One more visit of an address that showed no credential. Raises TooManyError.

        Where many come from it at once, after a pause, which costs them time and us nothing.
        """
        address = find_address(request)
        caller = f"address:{address}"
        async with self.occupy(caller, reads=True) as line:
            await self._hit(self._strangers, caller)
            if line.here > STRANGERS_MAX:
                await self._pause()

    @asynccontextmanager
    async def occupy(self, caller: str, *, reads: bool) -> AsyncIterator[Line]:
        """Holds one of the caller's places while a request runs. Raises TooManyError.

        One caller's flood waits in his own line and then outside, so the others find a short one.
        """
        key = (caller, reads)
        line = self._lines.setdefault(key, Line())
        if line.here >= self._in_flight_max:
            await self._pause()
            raise TooManyError(1)
        self._callers.see(caller)
        line.here += 1
        try:
            await line.enter(self._compute_share(reads))
            began = time.monotonic()
            try:
                yield line
            finally:
                self._leave(line, reads, time.monotonic() - began)
        finally:
            line.here -= 1
            if not line.here:
                del self._lines[key]

    def open_stream(self, caller: str) -> Callable[[], None]:
        """Call what comes back when the stream has ended. Raises TooManyError."""
        if self._streams[caller] >= STREAMS_MAX:
            raise TooManyError(STREAM_AGAIN_S)
        self._streams[caller] += 1

        def leave() -> None:
            self._streams[caller] -= 1
            if not self._streams[caller]:
                del self._streams[caller]

        return leave

    def _leave(self, line: Line, reads: bool, took_s: float) -> None:
        """A place that a whole line waits for rests as long as it was used, while others are here:
        so the others find the processor free at least half of the time."""
        share = self._compute_share(reads)
        if reads and len(line.waiting) >= LONG_LINE and self._callers.are_several():
            rest_s = min(took_s, REST_S_MAX)
            asyncio.get_running_loop().call_later(rest_s, line.leave, share)
        else:
            line.leave(share)

    def _compute_share(self, reads: bool) -> int:
        return self._callers.compute_share(READS_MAX, READS_MIN) if reads else COMMANDS_MAX

    async def _hit(self, window: MovingWindow, caller: str) -> None:
        if wait_s := window.take(caller):
            await self._pause()
            raise TooManyError(wait_s)

    async def _pause(self) -> None:
        """Costs us nothing, and who asks again at once his time; not all of them the same."""
        await asyncio.sleep(self._pause_s * random.uniform(0.5, 1.5))  # noqa: S311  # no secret


class Quota:
    """Counts what each caller asks for in a minute, where one request may ask for much."""

    def __init__(self, per_minute: int) -> None:
        self._window = MovingWindow(per_minute)

    def take(self, caller: str, cost: int) -> None:
        """Raises TooManyError, and then has taken nothing."""
        if cost and (wait_s := self._window.take(caller, cost)):
            raise TooManyError(wait_s)
