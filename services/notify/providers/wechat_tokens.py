"""What WeChat lends for two hours and takes from whoever asks too often: fetched once for all.

The access token of every call, and the ticket that signs pages.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from services.notify.providers.protocol import Outcome

# The old and the new one both work in the last five minutes: refresh inside them.
TOKEN_SPARE_S = 240.0
LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """lives_s: from when it was asked for."""

    value: str = field(repr=False)
    lives_s: float


class TokenSource(Protocol):
    """Where all instances have one token. fetch: asks WeChat for it. Raises TokenRefusedError."""

    async def obtain(
        self, rejected: str | None, fetch: Callable[[], Awaitable[Token]]
    ) -> Token: ...


class TokenRefusedError(Exception):
    """No token, hence nothing was sent; carries the outcome that says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


class TokenCache:
    """One for all callers of a process, unless spent or just rejected; of many callers, one
    fetches.

    source: shared with other processes; None: fetched here. elapsed: a monotonic clock in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Token]],
        source: TokenSource | None = None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._source, self._elapsed = fetch, source, elapsed
        self._value = ""
        self._usable_until = 0.0
        self._fetching = asyncio.Lock()

    async def get(self, rejected: str | None = None) -> str:
        """rejected: one that WeChat refused. Raises TokenRefusedError."""
        async with self._fetching:
            asked_at = self._elapsed()
            if self._value and self._value != rejected and asked_at < self._usable_until:
                return self._value
            token = await self._obtain(rejected)
            # What is near its end is asked for again soon: meanwhile another may have fetched.
            usable_s = max(token.lives_s - TOKEN_SPARE_S, min(token.lives_s / 2, LOOK_AGAIN_S))
            self._value, self._usable_until = token.value, asked_at + usable_s
            return self._value

    async def _obtain(self, rejected: str | None) -> Token:
        if self._source is None:
            return await self._fetch()
        return await self._source.obtain(rejected, self._fetch)
