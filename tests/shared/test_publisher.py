"""What is published goes at once; that it went is noted for several batches together."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from operator import eq
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from shared.errors import Transient
from shared.messaging.batch_store import Position
from shared.messaging.outbox import Acknowledged
from shared.messaging.publisher import Publisher
from tests.support.eventually import eventually
from tests.support.log_lines import capture_lines

PLACE = ("cluster", "topic", 0)


class FakeOutbox:
    """sent, marked: ids, in order, one list for each call."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.marked: list[list[str]] = []
        self.failure = ""

    async def send(self, waiting: Sequence[Mapping[str, Any]], _now: object) -> Acknowledged:
        if self.failure:
            raise Transient(self.failure)
        self.sent.append([document["_id"] for document in waiting])
        return Acknowledged("cluster", self.sent[-1])

    async def mark(self, acknowledged: Acknowledged, _now: object) -> None:
        self.marked.append(list(acknowledged.ids))

    async def count_sent(self) -> int:
        return len(self.sent)

    async def count_marked(self) -> int:
        return len(self.marked)


class FakeCommitter:
    def __init__(self) -> None:
        self.committed: list[Mapping[Position, int]] = []

    async def commit(self, positions: Mapping[Position, int]) -> None:
        self.committed.append(positions)


@asynccontextmanager
async def open_publisher(outbox: FakeOutbox) -> AsyncIterator[Publisher]:
    publisher = Publisher("ledgerlet", outbox, Mock(now=AsyncMock()))  # type: ignore[arg-type]
    publisher.committer = FakeCommitter()
    running = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_each_batch_is_sent_at_once_and_several_are_noted_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At the latest before the process ends."""
    monkeypatch.setattr("shared.messaging.publisher.NOTED_WITHIN_S", 3600)
    outbox = FakeOutbox()
    async with open_publisher(outbox) as publisher:
        for number in (1, 2, 3):
            await publisher.put([{"_id": str(number)}], {PLACE: number})
            await eventually(outbox.count_sent, partial(eq, number))
        assert outbox.marked == [], "nobody waits for it"
    assert outbox.marked == [["1", "2", "3"]]
    assert isinstance(publisher.committer, FakeCommitter)
    assert publisher.committer.committed == [{PLACE: 3}]


async def test_that_the_broker_has_it_is_noted_soon_after() -> None:
    outbox = FakeOutbox()
    async with open_publisher(outbox) as publisher:
        for number in (1, 2):
            await publisher.put([{"_id": str(number)}], {})
            await eventually(outbox.count_marked, partial(eq, number))
    assert outbox.marked == [["1"], ["2"]]


async def test_what_no_broker_took_is_not_noted() -> None:
    outbox = FakeOutbox()
    outbox.failure = "no broker"
    async with open_publisher(outbox) as publisher:
        await publisher.put([{"_id": "1"}], {})
        await asyncio.wait_for(publisher._neglected.wait(), 30)
    assert outbox.marked == []


async def test_each_reason_why_nothing_passes_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = capture_lines(monkeypatch, "shared.messaging.publisher")
    outbox = FakeOutbox()
    async with open_publisher(outbox) as publisher:
        for failure in ("no broker", "no broker", "too large", "too large"):
            outbox.failure = failure
            publisher._neglected.clear()
            await publisher.put([{"_id": "1"}], {})
            await asyncio.wait_for(publisher._neglected.wait(), 30)
    assert [line["error"] for line in lines] == ["no broker", "too large"]


async def test_a_bug_in_noting_ends_the_publisher() -> None:
    """Else nothing would be noted any more, and all of it published every two seconds."""
    outbox = FakeOutbox()
    outbox.mark = AsyncMock(side_effect=RuntimeError("a bug"))  # type: ignore[method-assign]
    publisher = Publisher("ledgerlet", outbox, Mock(now=AsyncMock()))  # type: ignore[arg-type]
    await publisher.put([{"_id": "1"}], {})
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(publisher.run(), 30)
    assert ended.group_contains(RuntimeError, match="a bug")
