"""A broker that is away for 80 s writes few lines into each service's log, which once had 6,300."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from deploy.chaos.running import list_away as find_away
from deploy.local.stack import Stack
from shared.contracts.topics import SERVICES
from tests.support.eventually import eventually
from tests.system.test_system import running

AWAY_S = 80
LINES_MAX = 120
"""Measured: 44 of an idle service (decision 0453)."""


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_a_broker_that_is_away_for_80_s_is_few_lines_in_each_log(tmp_path: Path) -> None:
    async with running(tmp_path) as (stack, _):
        before = count_lines(stack)
        await stack.supervisor.take_away("broker")
        await asyncio.sleep(AWAY_S)  # The outage itself: how much is written in it is the question.
        written = count_lines(stack) - before
        assert set(written) == set(SERVICES), "each says that it is away"
        assert max(written.values()) <= LINES_MAX, written
        await stack.supervisor.restart("broker")
        await eventually(lambda: list_away(stack), lambda away: away == [], 90)


def count_lines(stack: Stack) -> Counter[str]:
    return Counter({name: count_file(stack.log_dir / f"{name}.log") for name in SERVICES})


def count_file(file: Path) -> int:
    return file.read_bytes().count(b"\n")


async def list_away(stack: Stack) -> list[str]:
    return await find_away({name: stack.urls[name] for name in SERVICES})
