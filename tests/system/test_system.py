"""The whole house under load, each service and the broker killed: ids compared on both ends."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.chaos.lifecycles import Lifecycles
from deploy.chaos.running import compare
from deploy.local.parts import SERVICE_MODULE
from deploy.local.stack import SERVICES, BrokerKind, Stack, StackOptions
from tests.support.eventually import eventually
from tests.system import ahead

BROKER: BrokerKind = "kafka" if os.environ.get("GUANJIA_TEST_BROKER") == "kafka" else "mesh"
BROKERS = int(os.environ.get("GUANJIA_TEST_BROKERS", "1"))
WISHES = 120
FEW = 48
SETTINGS = {
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_PROVIDER_TIMEOUT_S": "5",
    "GUANJIA_CLAIM_S": "30",  # a send cut short by kill -9 is unclear after this
}


@asynccontextmanager
async def running(
    path: Path,
    settings: Mapping[str, str] | None = None,
    brokers: int = BROKERS,
    days_ahead: float = 0,
    **given: Any,
) -> AsyncIterator[tuple[Stack, Lifecycles]]:
    """settings: beside those of all. brokers: more than one are Apache Kafka. days_ahead: of the
    services' clocks. given: of the `Lifecycles`."""
    options = StackOptions(
        data_dir=path,
        broker=BROKER if brokers == 1 else "kafka",
        brokers=brokers,
        settings_env={**SETTINGS, **(settings or {})},
        service_module=ahead.__name__ if days_ahead else SERVICE_MODULE,
        service_env={name: {ahead.VARIABLE: str(days_ahead)} for name in SERVICES},
    )
    stack = Stack(options, announce=print)
    await stack.start()
    watching = asyncio.create_task(stack.watch())
    try:
        async with Lifecycles(stack, **given) as lifecycles:
            yield stack, lifecycles
    finally:
        await stack.stop()
        await watching


async def ended(lifecycles: Lifecycles, count: int, within_s: float) -> None:
    async def finished() -> int:
        return len(lifecycles.list_finished())

    await eventually(finished, lambda n: n >= count, within_s)


async def everything_agrees(stack: Stack, lifecycles: Lifecycles, count: int) -> None:
    """Each fact once, in every service, in the log, and in the providers' books."""
    assert len(lifecycles.requested) == count
    checks = await compare(stack, lifecycles)
    assert len(checks) > 100
    assert [check for check in checks if not check.holds] == []


async def progressed(lifecycles: Lifecycles, kind: str, at_least: int) -> None:
    async def seen() -> int:
        return sum(event["type"] == kind for event in list(lifecycles.events.values()))

    await eventually(seen, lambda n: n >= at_least, 60)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("wishes", [FEW, pytest.param(WISHES, marks=pytest.mark.long)])
async def test_each_service_killed_once_under_load_nothing_missing_nothing_doubled(
    tmp_path: Path, wishes: int
) -> None:
    async with running(tmp_path) as (stack, lifecycles):
        await lifecycles.give(wishes)
        third = wishes // 3
        await lifecycles.submit(range(third))
        await stack.supervisor.kill("intake")
        await progressed(lifecycles, "guanjia.match.proposed.v1", 1)
        await stack.supervisor.kill("matching")
        await lifecycles.submit(range(third, 2 * third))
        await progressed(lifecycles, "guanjia.ledger.committed.v1", 1)
        await stack.supervisor.kill("audit")
        await lifecycles.submit(range(2 * third, wishes))
        await stack.supervisor.kill("notify")
        await ended(lifecycles, wishes, 150)
        await everything_agrees(stack, lifecycles, wishes)


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_broker_and_database_killed_under_load_nothing_missing_nothing_doubled(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as (stack, lifecycles):
        await lifecycles.give(WISHES)
        await progressed(lifecycles, "guanjia.ledger.received.v1", 8)
        await lifecycles.submit(range(WISHES))
        await progressed(lifecycles, "guanjia.match.accepted.v1", 1)
        await stack.supervisor.kill("broker")
        await stack.supervisor.wait_healthy("broker")
        await progressed(lifecycles, "guanjia.match.confirmed.v1", 1)
        await stack.supervisor.kill("mongod")
        await stack.supervisor.wait_healthy("mongod")
        await ended(lifecycles, WISHES, 200)
        await everything_agrees(stack, lifecycles, WISHES)
