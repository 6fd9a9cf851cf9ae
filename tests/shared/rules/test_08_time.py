"""Rule 8. Deadlines go by mongod's clock, carried on by this machine's monotonic one."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.ledgerlet import ledgerlet
from tests.support.stack_harness import StackHarness


async def test_a_machines_jumped_clock_moves_no_deadline(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await stack.start(ledgerlet())
    before = await service.runtime.processor.now()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86_400)
    after = await service.runtime.processor.now()
    assert timedelta(0) <= after - before < timedelta(minutes=1)


async def test_now_is_the_databases(stack: StackHarness) -> None:
    service = await stack.start(ledgerlet())
    hello = await service.runtime.database.command("hello")
    theirs = hello["localTime"].replace(tzinfo=UTC)
    ours = await service.runtime.processor.now()
    assert abs(ours - theirs) < timedelta(seconds=1)
    assert isinstance(ours, datetime)
