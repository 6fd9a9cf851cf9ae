"""A close that swallows its cancellation, as aiokafka's does now and then, ends all the same."""

import asyncio

import pytest

from shared.messaging.closing import close_within


async def test_a_close_that_swallows_a_cancellation_is_cancelled_until_it_is_done() -> None:
    swallowed = 0

    async def close() -> None:
        nonlocal swallowed
        while swallowed < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1

    assert not await asyncio.wait_for(close_within(close(), 0.01), 5)
    assert swallowed == 3


async def test_a_close_that_ends_is_waited_for_and_its_error_is_told() -> None:
    async def fail() -> None:
        raise OSError("gone")

    assert await close_within(asyncio.sleep(0), 5)
    with pytest.raises(OSError, match="gone"):
        await close_within(fail(), 5)
