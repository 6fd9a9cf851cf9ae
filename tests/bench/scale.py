"""Scale out: 1, 2 and 4 instances of each service on the same cores, broker and database."""

import os
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.local import parts
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from tests.bench import ours
from tests.bench.loop import Load, Say, Throughput, hold
from tests.bench.shape import SERVICES
from tests.bench.work import Work, read_work

INSTANCES = (1, 2, 4)
CORES_FULL = 0.9
CONFLICTS_MANY = 0.1


@dataclass(frozen=True, slots=True)
class Scaled:
    """work: of all instances of a service together."""

    instances: int
    throughput: Throughput
    work: Mapping[str, Work]

    @property
    def conflicts(self) -> float:
        """Of a transaction: how many were decided again."""
        return _compute_conflicts(self.work.values())

    def find_limit(self) -> str:
        """What holds it, as far as the figures tell."""
        spent, cores = self.throughput.spent, os.cpu_count() or 1
        others = spent.others_s / (cores * self.throughput.seconds)
        if spent.idle_s < (1 - CORES_FULL) * cores * self.throughput.seconds:
            return f"{cores} 核已满 the {cores} cores are full ({others:.0%}: others)"
        if self.conflicts > CONFLICTS_MANY:
            return "冲突 conflicts: instances write the same states"
        return "等待 waits: cores are idle; batches wait for commits and one another"


async def measure_scale(load: Load, say: Say, counts: Sequence[int] = INSTANCES) -> list[Scaled]:
    """Each in a house of its own, on an empty database. What stands still is said and left out: the
    figures before it are worth minutes."""
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="guanjia-scale-") as path:
            say(f"scale: {count} of each service, starting")
            try:
                rows.append(await _measure(Path(path), count, load, say))
            except TimeoutError as error:
                print(f"scale: {count} of each service: {error}")
    return rows


async def _measure(path: Path, count: int, load: Load, say: Say) -> Scaled:
    async with (
        ours.running(path, run=f"scale{count}") as (stack, lifecycles),
        _run_more(stack, count) as (pids, urls),
    ):
        await ours.prepare(lifecycles)
        before = await _read_all(stack.urls, urls)
        throughput = await hold(lifecycles, load, stack.supervisor.list_pids() | pids, say)
        after = await _read_all(stack.urls, urls)
    return Scaled(count, throughput, {name: after[name].since(before[name]) for name in after})


@asynccontextmanager
async def _run_more(
    stack: Stack, count: int
) -> AsyncIterator[tuple[dict[str, int], list[dict[str, str]]]]:
    """Further instances up to `count` of each: their processes, and addresses by service."""
    urls: list[dict[str, str]] = []
    more: list[parts.Part | parts.ExternalPart] = []
    for number in range(2, count + 1):
        built = {name: _build_instance(stack, name, number) for name in SERVICES}
        urls.append({name: part.address for name, part in built.items()})
        more += built.values()
    supervisor = Supervisor([more] if more else [], announce=print)
    await supervisor.start()
    try:
        yield supervisor.list_pids(), urls
    finally:
        await supervisor.stop()


def _build_instance(stack: Stack, name: str, number: int) -> parts.Part:
    """HTTP comes to the first instance; the others take their share of the topics and jobs."""
    port, instance = find_free_port(), f"{name}-{number}"
    env = stack.build_service_env(name) | {
        "GUANJIA_INSTANCE_ID": instance,
        "GUANJIA_PORT": str(port),
    }
    log = stack.log_dir / f"{instance}.log"
    return replace(parts.build_service(name, port, env, log, LOOPBACK), name=instance)


async def _read_all(first: Mapping[str, str], more: Sequence[Mapping[str, str]]) -> dict[str, Work]:
    total = await read_work(first)
    for urls in more:
        each = await read_work(urls)
        total = {name: total[name].plus(each[name]) for name in total}
    return total


def _compute_conflicts(works: Collection[Work]) -> float:
    return sum(w.conflicts for w in works) / max(1.0, sum(w.transactions for w in works))


def _describe_conflicts(work: Mapping[str, Work]) -> str:
    each = {name: _compute_conflicts([done]) for name, done in work.items()}
    return ", ".join(f"{name} {share:.2f}" for name, share in each.items() if share >= 0.005)


def print_scale(rows: Sequence[Scaled], console: Console) -> None:
    table = Table(title="扩展 Scale out, the same cores")
    for heading in (
        "实例 instances of each service",
        "每秒 lifecycles per second",
        "CPU ms 每次 each",
        "占用 share of cores",
        "项/事务 items per transaction",
        "冲突/事务 conflicts per transaction",
        "受限于 limited by",
    ):
        table.add_column(heading)
    for row in rows:
        transactions = sum(work.transactions for work in row.work.values())
        items = sum(work.items for work in row.work.values())
        table.add_row(
            str(row.instances),
            f"{row.throughput.per_s:.1f}",
            f"{row.throughput.cpu_ms:.1f}",
            f"{row.throughput.busy_share:.0%}",
            f"{items / max(1.0, transactions):.0f}",
            f"{row.conflicts:.2f} ({_describe_conflicts(row.work)})".removesuffix(" ()"),
            row.find_limit(),
        )
    console.print(table)
