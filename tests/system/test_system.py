"""The whole house under load, each service and the broker killed: ids compared on both ends."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.chaos.lifecycles import Lifecycles
from deploy.chaos.wishes import WISH_FEN
from deploy.local.stack import BrokerKind, Stack, StackOptions
from services.audit.ledger.verification import verify_log
from tests.support.eventually import eventually

BROKER: BrokerKind = "kafka" if os.environ.get("GUANJIA_TEST_BROKER") == "kafka" else "mesh"
BROKERS = int(os.environ.get("GUANJIA_TEST_BROKERS", "1"))
WISHES = 120
FEW = 48
SETTINGS = {
    "GUANJIA_SESSION_TIMEOUT_MS": "6000",
    "GUANJIA_PROVIDER_TIMEOUT_S": "5",
    "GUANJIA_CLAIM_S": "30",  # a send cut short by kill -9 is unclear after this
}
# From each lifecycle: told it was opened, committed, delivered, closed; the donor that it arrived
# and was approved and paid; the person, that it was paid.
NOTICES_EACH = 8
# Where he has not accepted within a minute, he is asked: that depends on the machine.
ASKED = {"match_asked", "proposals_proposed"}
EVENTS_EACH = {
    "guanjia.match.proposed.v1": 1,
    "guanjia.match.accepted.v1": 1,
    "guanjia.match.committed.v1": 1,
    "guanjia.match.delivered.v1": 1,
    "guanjia.match.confirmed.v1": 1,
    "guanjia.ledger.committed.v1": 1,
    "guanjia.ledger.obligated.v1": 1,
    "guanjia.payment.approved.v1": 1,
    "guanjia.ledger.disbursed.v1": 1,
}


@asynccontextmanager
async def running(
    path: Path, settings: Mapping[str, str] | None = None, **given: Any
) -> AsyncIterator[tuple[Stack, Lifecycles]]:
    """settings: beside those of all. given: of the `Lifecycles`."""
    options = StackOptions(
        data_dir=path,
        broker=BROKER,
        brokers=BROKERS,
        settings_env={**SETTINGS, **(settings or {})},
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
    kinds = Counter(event["type"] for event in lifecycles.events.values())
    assert {kind: kinds[kind] for kind in EVENTS_EACH} == {
        kind: n * count for kind, n in EVENTS_EACH.items()
    }
    requests = [
        event["data"]["request_id"]
        for event in lifecycles.events.values()
        if event["type"] == "guanjia.match.confirmed.v1"
    ]
    assert sorted(requests) == sorted(lifecycles.started)
    async with httpx.AsyncClient(timeout=30) as http:
        await _requests_are_closed(http, stack, lifecycles, count)
        await _fund_adds_up(http, stack, lifecycles, count)
        counters = (await http.get(f"{stack.urls['simulators']}/simulator/counters")).json()
    assert counters.get("sms_repeated_notices", 0) == 0
    assert counters.get("wechat_repeated_notices", 0) == 0
    gifts = kinds["guanjia.ledger.received.v1"]
    await _everyone_is_told(lifecycles, NOTICES_EACH * count + gifts)


async def _everyone_is_told(lifecycles: Lifecycles, notices: int) -> None:
    """A send that a kill cut short ends as unclear only when its claim has run out."""

    async def ended() -> int:
        return len(
            {
                event["subject"]
                for event in list(lifecycles.events.values())
                if event["type"].startswith("guanjia.notice.")
                and event["data"]["purpose"] not in ASKED
            }
        )

    assert await eventually(ended, lambda found: found >= notices, 120) == notices


async def _requests_are_closed(
    http: httpx.AsyncClient, stack: Stack, lifecycles: Lifecycles, count: int
) -> None:
    async def states() -> dict[str, int]:
        answer = await http.get(
            f"{stack.urls['intake']}/summary", headers=_bearer(lifecycles, "operator")
        )
        return dict(answer.json()["requests"]["by_state"])

    assert await eventually(states, lambda found: found.get("closed") == count) == {"closed": count}


async def _fund_adds_up(
    http: httpx.AsyncClient, stack: Stack, lifecycles: Lifecycles, count: int
) -> None:
    answer = await http.get(
        f"{stack.urls['audit']}/summary", headers=_bearer(lifecycles, "auditor")
    )
    summary = answer.json()
    assert summary["spent_fen"] == summary["obligated_fen"] == count * WISH_FEN
    assert summary["remaining_fen"] == summary["received_fen"] - summary["spent_fen"]
    report = await asyncio.to_thread(verify_log, summary["log_dir"], summary["vkey"])
    assert report.ok, report.broken


def _bearer(lifecycles: Lifecycles, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {lifecycles.token(who)}"}


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
        await lifecycles.resend()
        await progressed(lifecycles, "guanjia.match.confirmed.v1", 1)
        await stack.supervisor.kill("mongod")
        await stack.supervisor.wait_healthy("mongod")
        await ended(lifecycles, WISHES, 200)
        await everything_agrees(stack, lifecycles, WISHES)
