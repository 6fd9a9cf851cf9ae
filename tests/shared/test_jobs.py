"""A job that fails begins again, and says why: once for each reason while an outage lasts."""

import asyncio
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest

from shared import tasks
from shared.errors import Transient
from shared.tasks import run_endlessly
from tests.support.log_lines import capture_lines

AWAY = "127.0.0.1:27017: [Errno 111] Connection refused (configured timeouts: "


async def read_reasons(monkeypatch: pytest.MonkeyPatch, failures: Iterator[str]) -> list[str]:
    """Of the lines that a job logs which fails so, until it has no more failures."""
    lines = capture_lines(monkeypatch, "shared.tasks")
    monkeypatch.setattr(tasks, "AGAIN_AFTER_S", 0)

    async def fail(_: Any) -> None:
        if reason := next(failures, ""):
            raise Transient(reason)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await run_endlessly(fail, Mock())
    return [line["error"] for line in lines if line["event"] == "job_waits"]


async def test_a_second_reason_is_not_hidden_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter(["intake: 503", "the broker is away", "intake: 503", "the broker is away"])
    assert await read_reasons(monkeypatch, failures) == ["intake: 503", "the broker is away"]


async def test_an_outage_is_one_line_though_each_failure_tells_its_own_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failures = iter([f"{AWAY}{seconds}s)" for seconds in range(5)])
    assert len(await read_reasons(monkeypatch, failures)) == 1


async def test_an_outage_after_another_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "ONE_OUTAGE_S", -1.0)
    assert len(await read_reasons(monkeypatch, iter(["away", "away"]))) == 2
