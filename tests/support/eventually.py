"""Waiting for a fact instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 0.01
# A long wait is looked at less often: what looks takes the time of what is waited for.
LOOK_EVERY_S_MAX = 0.25


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], object], within_s: float = 90
) -> T:
    """The first value that holds. Fails with the last one seen, by a look that began too late."""
    began = time.monotonic()
    while True:
        waited = time.monotonic() - began
        value = await look()
        if holds(value):
            return value
        if waited > within_s:
            raise AssertionError(f"not within {within_s} s; last seen: {value!r}")
        await asyncio.sleep(min(max(LOOK_EVERY_S, waited / 10), LOOK_EVERY_S_MAX))
