"""Waiting for a fact instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 0.02


async def eventually(
    look: Callable[[], Awaitable[T]], holds: Callable[[T], object], within_s: float = 30
) -> T:
    """The first value that holds. Fails with the last one seen."""
    deadline = time.monotonic() + within_s
    while True:
        value = await look()
        if holds(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s; last seen: {value!r}")
        await asyncio.sleep(LOOK_EVERY_S)
