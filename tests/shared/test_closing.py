"""A close that swallows its cancellation, as aiokafka's does now and then, ends all the same."""

import asyncio
from unittest.mock import Mock, patch

import pytest

from shared.errors import Transient
from shared.messaging import cluster
from shared.messaging.batch import Commit
from shared.messaging.closing import close_within
from shared.messaging.cluster import ClusterWatch
from shared.messaging.connection import BrokerConnection
from shared.messaging.processor import Processor
from tests.support.pipeline import settle


async def test_a_close_that_swallows_a_cancellation_is_cancelled_until_it_is_done() -> None:
    swallowed = 0

    async def close() -> None:
        nonlocal swallowed
        while swallowed < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1

    assert not await asyncio.wait_for(close_within(close(), 0.01), 60)
    assert swallowed == 3


async def test_a_close_that_ends_is_waited_for_and_its_error_is_told() -> None:
    async def fail() -> None:
        raise OSError("gone")

    assert await close_within(asyncio.sleep(0), 60)
    with pytest.raises(OSError, match="gone"):
        await close_within(fail(), 60)


async def test_a_watch_whose_connection_does_not_close_ends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the service looks at no broker any more, and does not end either."""

    class Admin:
        def __init__(self, **_: object) -> None: ...

        async def start(self) -> None:
            raise OSError("away")

        async def close(self) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(cluster, "AIOKafkaAdminClient", Admin)
    monkeypatch.setattr(cluster, "CLOSE_S_MAX", 0.01)
    with pytest.raises(Transient):
        await asyncio.wait_for(ClusterWatch(BrokerConnection("127.0.0.1:1")).look(), 5)


async def test_the_loop_ends_with_its_cancellation_while_the_broker_takes_what_is_durable() -> None:
    """Which it waits for before the next batch begins."""
    parts = {name: Mock() for name in ("inbox", "store", "publisher", "clock")}
    processor = Processor(service="audit", **parts)
    handed_over = asyncio.Event()

    async def decide(*_: object) -> None:
        await handed_over.wait()

    async def finish(*_: object) -> None:
        handed_over.set()
        await asyncio.Event().wait()

    commit = Commit(Mock(), asyncio.create_task(settle()))
    with patch.object(processor, "_decide", decide), patch.object(processor, "_finish", finish):
        deciding = asyncio.create_task(processor._decide_ahead([], commit))
        await asyncio.wait_for(handed_over.wait(), 60)
        await settle()
        assert not deciding.done()
        deciding.cancel()
        await asyncio.wait({deciding}, timeout=5)
        assert deciding.cancelled()
