"""In quiet times a job looks rarely, and a commit wakes it."""

import asyncio
import time
from unittest.mock import Mock

import pytest

from shared.messaging import processor as loop
from shared.messaging.processor import Processor


@pytest.fixture
def processor() -> Processor:
    parts = {name: Mock() for name in ("inbox", "store", "publisher", "clock")}
    return Processor(service="ledgerlet", **parts)


async def measure_rest(processor: Processor, seconds: float) -> float:
    started = time.monotonic()
    await processor.rest(seconds)
    return time.monotonic() - started


async def test_where_nothing_was_decided_the_rest_is_longer(processor: Processor) -> None:
    assert await measure_rest(processor, 0.02) >= 0.02 * loop.QUIET_TIMES * 0.9


async def test_a_commit_ends_a_quiet_rest(processor: Processor) -> None:
    resting = asyncio.create_task(processor.rest(600))
    await asyncio.sleep(0)
    processor._wake_jobs()
    await asyncio.wait_for(resting, 60)


async def test_quiet_times_end_with_a_commit_and_come_back(
    processor: Processor, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor._wake_jobs()
    assert not processor._is_quiet()
    monkeypatch.setattr(loop, "QUIET_AFTER_S", -1.0)
    assert processor._is_quiet()


async def test_a_commit_while_a_job_looks_for_work_is_not_missed(processor: Processor) -> None:
    committed = processor.next_commit
    processor._wake_jobs()
    await asyncio.wait_for(processor.wait_commit(600, committed), 60)
    later = asyncio.create_task(processor.wait_commit(600, processor.next_commit))
    await asyncio.sleep(0)
    assert not later.done()
    processor._wake_jobs()
    await asyncio.wait_for(later, 60)
