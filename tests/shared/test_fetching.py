"""A full fetch is handed over, and the next one fetched before it is durable: two at most."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shared.errors import BugBrake
from shared.messaging.broker import FETCH_AHEAD_FROM, Subscription
from shared.messaging.connection import BrokerConnection
from shared.messaging.inbox import Incoming
from tests.support.pipeline import settle


class Loop:
    """What fetches are handed to: each is durable when the test says so."""

    def __init__(self) -> None:
        self.fetches: list[list[int]] = []
        self.durable: list[asyncio.Future[None]] = []
        settings: Any = SimpleNamespace(fetch_max_wait_ms=10, fetch_quiet_wait_ms=10)
        positions: Any = SimpleNamespace(cluster="c", consumer=None)
        self.subscription = Subscription(
            service="audit",
            topics=(),
            settings=settings,
            connection=BrokerConnection("127.0.0.1:1"),
            positions=positions,
            submit=self.submit,
        )

    async def submit(self, records: Sequence[Incoming]) -> None:
        durable = asyncio.get_running_loop().create_future()
        self.fetches.append([record.offset for record in records])
        self.durable.append(durable)
        await durable

    async def hand_over(self, first: int, count: int) -> asyncio.Task[None]:
        """As FastStream, which fetches more when this has returned."""
        records: list[Any] = [
            SimpleNamespace(topic="t", partition=0, offset=n, value=b"", headers=(), timestamp=0)
            for n in range(first, first + count)
        ]
        handling = asyncio.create_task(self.subscription._on_batch(records))
        await settle()
        return handling


async def test_while_a_full_fetch_is_not_durable_one_more_is_fetched() -> None:
    loop = Loop()
    assert (await loop.hand_over(0, FETCH_AHEAD_FROM)).done()
    second = await loop.hand_over(FETCH_AHEAD_FROM, FETCH_AHEAD_FROM)
    assert [fetch[0] for fetch in loop.fetches] == [0, FETCH_AHEAD_FROM]
    assert not second.done(), "a third would be fetched"
    loop.durable[0].set_result(None)
    await second
    await loop.subscription.stop()


async def test_a_small_fetch_is_durable_before_more_is_fetched() -> None:
    loop = Loop()
    await loop.hand_over(0, FETCH_AHEAD_FROM)
    last = await loop.hand_over(FETCH_AHEAD_FROM, 1)
    loop.durable[0].set_result(None)
    await settle()
    assert not last.done()
    loop.durable[1].set_result(None)
    await last
    await loop.subscription.stop()


async def test_what_stopped_the_loop_is_heard_with_the_next_fetch() -> None:
    loop = Loop()
    await loop.hand_over(0, FETCH_AHEAD_FROM)
    loop.durable[0].set_exception(BugBrake("audit"))
    second = await loop.hand_over(FETCH_AHEAD_FROM, 1)
    with pytest.raises(BugBrake):
        await asyncio.wait_for(second, 10)
    await loop.subscription.stop()
