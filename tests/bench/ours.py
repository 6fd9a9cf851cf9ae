"""The whole stack under load: every process of `guanjia up`, by default settings but for a cap."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.chaos.lifecycles import Lifecycle, Lifecycles
from deploy.local.stack import AT_ONCE, SERVICES, Stack, StackOptions
from shared.contracts.events import RequestSubmitted
from tests.bench.first_notices import FirstNotices, measure_first_notices
from tests.bench.loop import Load, Say, Throughput, hold, pace
from tests.bench.oplog import Oplog
from tests.bench.shape import Record, Shape, build_shape, open_recorder
from tests.bench.work import Work, read_work
from tests.support.eventually import eventually

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
# One channel brings more in a minute than a real one may open by itself in a day.
ONE_CHANNEL = {
    "GUANJIA_CHANNEL_OPENINGS_MAX": str(10**9),
    "GUANJIA_CHANNEL_OPENING_LIMIT_FEN": str(10**15),
    **AT_ONCE,
}
QUIET_S = 2.5
PACE_PER_S_MIN = 0.5


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
    """records: requests that were there before. work: what the processors did under full load."""

    records: int
    throughput: Throughput
    latency: Latency
    first_notices: FirstNotices
    work: Mapping[str, Work]


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


async def started(path: Path, services: tuple[str, ...], kafka: str | None = None) -> Stack:
    """A part that dies stays dead: then the run fails, it does not pass for a slow one."""
    options = StackOptions(data_dir=path, services=services, kafka=kafka, settings_env=ONE_CHANNEL)
    stack = Stack(options, announce=print)
    await stack.start()
    return stack


async def prepare(lifecycles: Lifecycles) -> None:
    """A fund, offers and money for more than any run asks for."""
    await lifecycles.give(WISHES_MAX)

    async def received() -> int:
        kinds = [event["type"] for event in list(lifecycles.events.values())]
        return kinds.count("guanjia.ledger.received.v1")

    await eventually(received, lambda n: n >= 8)


async def measure(
    stack: Stack, lifecycles: Lifecycles, load: Load, records: int, say: Say
) -> tuple[Measured, Shape]:
    """Full load, then half and a tenth of what it reached at an even pace, then one alone."""
    await prepare(lifecycles)
    await _wait_until_quiet(lifecycles)
    oplog = Oplog(stack.mongo_uri)
    await oplog.begin()
    before = await read_work(stack.urls)
    throughput = await hold(lifecycles, load, stack.supervisor.list_pids(), say)
    await _wait_until_quiet(lifecycles)
    after = await read_work(stack.urls)
    writes = await oplog.writes(throughput.began)
    oplog.close()
    half = max(PACE_PER_S_MIN, throughput.per_s / 2)
    paced = await pace(lifecycles, half, load.seconds, throughput.began, say)
    latency = _compute_latency(half, list(lifecycles.started.values())[-paced:])
    begun, tenth = throughput.began + paced, max(PACE_PER_S_MIN, throughput.per_s / 10)
    first = await measure_first_notices(stack, lifecycles, tenth, load.seconds, begun, say)
    records_of_one = await _record_one(stack, lifecycles, begun + first.count)
    work = {name: after[name].since(before[name]) for name in after}
    measured = Measured(records, throughput, latency, first, work)
    return measured, build_shape(records_of_one, writes)


def _compute_latency(per_s: float, paced: list[Lifecycle]) -> Latency:
    seconds = [each.seconds for each in paced if each.seconds is not None]
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else []
    p50, p90, p99 = (cuts[49], cuts[89], cuts[98]) if cuts else (seconds[0],) * 3
    passed = [_compute_durations(each) for each in paced]
    steps = {
        step: statistics.median(durations[step] for durations in passed) for step in (*STEPS, TOLD)
    }
    return Latency(per_s, len(seconds), p50, p90, p99, steps)


def _compute_durations(lifecycle: Lifecycle) -> dict[str, float]:
    """How long each step took after the one before."""
    assert lifecycle.told_at is not None
    moments = [lifecycle.sent_at, *(lifecycle.steps[step] for step in STEPS), lifecycle.told_at]
    return {
        step: after - before
        for step, before, after in zip((*STEPS, TOLD), moments, moments[1:], strict=False)
    }


async def _record_one(stack: Stack, lifecycles: Lifecycles, number: int) -> list[Record]:
    """Every event of one lifecycle, in a stack that has nothing else to do."""
    await _wait_until_quiet(lifecycles)
    target = lifecycles.done + 1

    async def done() -> int:
        return lifecycles.done

    async with open_recorder(stack.kafka_bootstrap) as read:
        await lifecycles.submit([number])
        await eventually(done, lambda n: n >= target)
        await _wait_until_quiet(lifecycles)
        records = await read()
    submitted = next(record for record in records if record.kind == RequestSubmitted.TYPE)
    return [record for record in records if record.time >= submitted.time]


async def _wait_until_quiet(lifecycles: Lifecycles) -> None:
    """Until the last receipts are in: nothing was heard for a while."""
    count, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        if len(lifecycles.events) != count:
            count, since = len(lifecycles.events), time.monotonic()
        await asyncio.sleep(0.05)
