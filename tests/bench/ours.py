"""The house itself under load: every process of `guanjia up`, set as it is by default."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import SERVICES, Stack, StackOptions
from tests.bench.loop import Load, Say, Throughput, hold, pace
from tests.bench.oplog import Oplog
from tests.bench.shape import Shape, read_records, shape_of
from tests.support.eventually import eventually
from tests.support.lifecycles import Lifecycle, Lifecycles

WISHES_MAX = 200_000
# What a lifecycle passes, as the driver hears of it; the time before each is that step's.
STEPS = (
    "guanjia.match.proposed.v1",
    "guanjia.match.accepted.v1",
    "guanjia.ledger.committed.v1",
    "guanjia.match.committed.v1",
    "guanjia.match.delivered.v1",
    "guanjia.match.confirmed.v1",
    "guanjia.ledger.disbursed.v1",
)
TOLD = "told"


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of lifecycles that arrived evenly. steps: the median time each step took."""

    per_s: float
    count: int
    p50: float
    p90: float
    p99: float
    steps: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """records: requests that were there before."""

    records: int
    throughput: Throughput
    latency: Latency


@asynccontextmanager
async def running(
    path: Path, services: tuple[str, ...] = SERVICES, run: str = "run"
) -> AsyncIterator[tuple[Stack, Lifecycles]]:
    stack = await started(path, services)
    try:
        async with Lifecycles(stack, run=run) as lifecycles:
            yield stack, lifecycles
    finally:
        await stack.stop()


async def started(path: Path, services: tuple[str, ...]) -> Stack:
    """A part that dies stays dead: then the run fails, it does not pass for a slow one."""
    stack = Stack(StackOptions(data_dir=path, services=services), announce=print)
    await stack.start()
    return stack


async def prepare(lifecycles: Lifecycles) -> None:
    """A fund, offers and money for more than any run asks for."""
    await lifecycles.give(WISHES_MAX)

    async def received() -> int:
        kinds = [event["type"] for event in list(lifecycles.events.values())]
        return kinds.count("guanjia.ledger.received.v1")

    await eventually(received, lambda n: n >= 8)


async def record_one(stack: Stack, lifecycles: Lifecycles, shape_load: "ShapeLoad") -> Shape:
    """One lifecycle alone gives the events; the load before it gave the writes."""
    await lifecycles.submit([shape_load.number])
    await eventually(_done(lifecycles), lambda n: n >= shape_load.done_before + 1)
    await _quiet(lifecycles)
    records = await read_records(stack.kafka_bootstrap)
    submitted = max(r.time for r in records if r.kind == "guanjia.request.submitted.v1")
    return shape_of([r for r in records if r.time >= submitted], await shape_load.writes)


def _done(lifecycles: Lifecycles):
    async def look() -> int:
        return lifecycles.done

    return look
