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

    async def read_theirs() -> datetime:
        hello = await service.runtime.database.command("hello")
        return datetime.fromtimestamp(hello["localTime"].timestamp(), UTC)

    # However long a busy machine takes between two looks.
    before = await read_theirs()
    ours = await service.runtime.processor.now()
    after = await read_theirs()
    assert before - timedelta(seconds=1) < ours < after + timedelta(seconds=1)
