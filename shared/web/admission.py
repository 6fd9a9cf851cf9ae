"""How much, how often, and how many at a time a caller may send; counted in this process.

Starlette's own body limit answers in plain text, whatever the application says of problems.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import Message

BODY_BYTES_MAX = 256 * 1024
"""Of a request whose route does not say more."""
BATCH_BYTES_MAX = 2 * 1024 * 1024
"""Of a request with many rows."""


Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


def takes_bytes(most: int) -> Callable[[Endpoint], Endpoint]:
    """Marks a route whose body may be larger than `BODY_BYTES_MAX`."""

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

    return Request(request.scope, receive)


class TooManyError(Exception):
    """429: the caller is to wait. retry_after_s: at least one second."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


RUNNING_MAX = 16
"""Of one caller's requests at a time; his others wait in a line of his own."""


@dataclass(slots=True)
class Line:
    """Of one caller: how many of his requests are here, and which of them run."""

    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RUNNING_MAX))
    here: int = 0


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
        stranger_pause_s: float = 0,
    ) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._known = RateLimitItemPerMinute(per_minute)
        self._strangers = RateLimitItemPerMinute(strangers_per_minute)
        self._in_flight_max = in_flight_max
        self._stranger_pause_s = stranger_pause_s
        self._lines: dict[str, Line] = {}

    async def count(self, caller: str) -> None:
        """One more visit of a caller who is known. Raises TooManyError."""
        await self._hit(self._known, caller)

    async def count_stranger(self, request: Request) -> None:
        """One more visit of an address that showed no credential. Raises TooManyError.

        After a pause, which costs us nothing and who asks again at once his time.
        """
        address = request.client.host if request.client else "unknown"
        try:
            await self._hit(self._strangers, f"address:{address}")
        except TooManyError:
            await asyncio.sleep(self._stranger_pause_s)
            raise

    @asynccontextmanager
    async def occupy(self, caller: str) -> AsyncIterator[None]:
        """Holds one of the caller's places while a request runs. Raises TooManyError.

        One caller's flood waits in his own line and then outside, so the others find a short one.
        """
        line = self._lines.setdefault(caller, Line())
        if line.here >= self._in_flight_max:
            raise TooManyError(1)
        line.here += 1
        try:
            async with line.places:
                yield
        finally:
            line.here -= 1
            if not line.here:
                del self._lines[caller]

    async def _hit(self, item: RateLimitItemPerMinute, caller: str) -> None:
        await _hit(self._limiter, item, caller)


class Quota:
    """Counts what each caller asks for in a minute, where one request may ask for much."""

    def __init__(self, per_minute: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(per_minute)

    async def take(self, caller: str, cost: int) -> None:
        """Raises TooManyError, and then has taken nothing."""
        if cost:
            await _hit(self._limiter, self._item, caller, cost)


async def _hit(
    limiter: MovingWindowRateLimiter, item: RateLimitItemPerMinute, caller: str, cost: int = 1
) -> None:
    if not await limiter.hit(item, caller, cost=cost):
        window = await limiter.get_window_stats(item, caller)
        raise TooManyError(max(1, math.ceil(window.reset_time - time.time())))
