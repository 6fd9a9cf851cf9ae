"""The figures of one run, for people and as JSON."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.idle import sum_services
from tests.bench.loop import Throughput
from tests.bench.ours import Measured
from tests.bench.scale import Scaled
from tests.bench.shape import SERVICES, Shape

AIMS = {
    "cpu_ms": "<= 20",
    "per_s": ">= 100",
    "of_raw_limit": ">= 0.30",
    "of_tutorial": ">= 7",
    "of_empty": ">= 0.95",
    "p50": "<= 1.0",
    "p99": "<= 2.5",
    "first_p50_ms": "<= 150",
    "first_p99_ms": "<= 400",
    "idle_ms_per_s": "<= 150",
    "idle_kafka_ms_per_s": "<= 40",
}
PUBLIC_EMPTY_PER_S, PUBLIC_MILLION_PER_S = 37, 6.3
BUSY_ENOUGH = 0.85
RAW, TUTORIAL = "(a) 原始极限 raw limit", "(b) 教程写法 tutorial way"
PROCESSES = ("broker", "mongod", "simulators", *SERVICES, "front", "driver")


@dataclass(frozen=True, slots=True)
class Report:
    """load_at_start: the machine's 1-minute load average before anything was started.

    idle: CPU milliseconds a second at rest, by process, on the embedded broker and on Apache Kafka;
    none where that was not measured.
    """

    load_at_start: float
    in_flight: int
    measured: Sequence[Measured]
    bare: Throughput | None
    tutorial: Throughput | None
    shape: Shape
    idle: Mapping[str, float]
    idle_on_kafka: Mapping[str, float] | None = None

    @property
    def empty(self) -> Measured:
        return self.measured[0]

    def rows(self) -> list[tuple[str, Throughput]]:
        databases = [
            (f"莞家 Guanjia, {m.records:,} 条 records", m.throughput) for m in self.measured
        ]
        peers = ((RAW, self.bare), (TUTORIAL, self.tutorial))
        return [
            *databases,
            *((name, measurement) for name, measurement in peers if measurement is not None),
        ]


def print_report(report: Report, console: Console) -> None:
    cores = os.cpu_count() or 1
    console.print(_build_speeds(report, cores))
    console.print(_build_aims(report))
    console.print(_build_latencies(report.measured))
    console.print(_build_cpu(report))
    console.print(_build_work(report.measured))
    console.print(_build_comparison(report.measured))
    console.print(
        f"{cores} 核 cores; 开始时负载 load average at start {report.load_at_start:.2f}; "
        f"在途 in flight {report.in_flight}"
    )
    if any(measurement.busy_share < BUSY_ENOUGH for _, measurement in report.rows()):
        console.print(
            "机器与他人共用：速率偏低，请看 CPU 毫秒数及其比值。Others used the machine, or it "
            "waited: rates are below what it can do; CPU milliseconds and their ratios tell more."
        )


def _build_speeds(report: Report, cores: int) -> Table:
    table = Table(title="完整流程 Complete request lifecycles")
    table.add_column("")
    for heading in (
        "每秒 per second",
        "CPU ms 每次 each",
        "本机可达 if all cores were its own /s",
        "占用 share of cores",
        "计数 counted",
    ):
        table.add_column(heading, justify="right")
    for name, measurement in report.rows():
        table.add_row(
            name,
            f"{measurement.per_s:.1f}",
            f"{measurement.cpu_ms:.1f}",
            f"{cores * 1000 / measurement.cpu_ms:.0f}",
            f"{measurement.busy_share:.0%}",
            f"{measurement.count} / {measurement.seconds:.0f} s",
        )
    return table


def _build_aims(report: Report) -> Table:
    """Ratios are of CPU time: rates fall where others use the machine."""
    table = Table("", "实测 reached", "目标 aim", title="目标 Aims")
    for name, title, reached in _list_reached(report):
        table.add_row(title, f"{reached:.2f}", AIMS[name])
    return table


def _list_reached(report: Report) -> Iterator[tuple[str, str, float]]:
    empty = report.empty
    ours = empty.throughput
    yield "cpu_ms", "CPU 毫秒每次 CPU ms per lifecycle", ours.cpu_ms
    yield "per_s", "每秒 lifecycles per second", ours.per_s
    for name, title, peer in (
        ("of_raw_limit", RAW, report.bare),
        ("of_tutorial", TUTORIAL, report.tutorial),
    ):
        if peer is not None:
            yield name, f"莞家 / {title}, CPU", compute_ratios(ours, peer)[1]
    for measurement in report.measured[1:]:
        ratio = compute_ratios(measurement.throughput, ours)[1]
        yield "of_empty", f"{measurement.records:,} 条 records / 0, CPU", ratio
    yield "p50", "半载延迟 latency at half load, p50, s", empty.latency.p50
    yield "p99", "半载延迟 latency at half load, p99, s", empty.latency.p99
    first = empty.first_notices
    title = f"提交到首条通知 submit to first notice, {first.per_s:.1f}/s"
    yield "first_p50_ms", f"{title}, p50, ms", first.p50_ms
    yield "first_p99_ms", f"{title}, p99, ms", first.p99_ms
    yield "idle_ms_per_s", "空闲 at rest, CPU ms/s", sum(report.idle.values())
    if report.idle_on_kafka is not None:
        reached = sum_services(report.idle_on_kafka)
        yield (
            "idle_kafka_ms_per_s",
            "空闲，Apache Kafka，仅服务 services at rest, CPU ms/s",
            reached,
        )


def compute_ratios(ours: Throughput, peer: Throughput) -> tuple[float, float]:
    """How many times the peer's speed: as measured, and for the same CPU time."""
    return ours.per_s / peer.per_s, peer.cpu_ms / ours.cpu_ms


def _build_latencies(measured: Sequence[Measured]) -> Table:
    table = Table(
        title="延迟，按一半速率匀速到达 Latency at half that load, evenly paced (seconds)"
    )
    table.add_column("")
    for measurement in measured:
        table.add_column(f"{measurement.records:,} 条 records", justify="right")
    rows: list[tuple[str, list[str]]] = [
        ("到达 arrivals per second", [f"{m.latency.per_s:.1f}" for m in measured]),
        ("p50", [f"{m.latency.p50:.2f}" for m in measured]),
        ("p90", [f"{m.latency.p90:.2f}" for m in measured]),
        ("p99", [f"{m.latency.p99:.2f}" for m in measured]),
    ]
    for step in measured[0].latency.steps:
        name = f"  … {step.removeprefix('guanjia.').removesuffix('.v1')}"
        rows.append((name, [f"{m.latency.steps[step]:.2f}" for m in measured]))
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _build_cpu(report: Report) -> Table:
    table = Table(title="每次流程的 CPU 毫秒 CPU milliseconds per lifecycle, by process")
    table.add_column("")
    table.add_column("空闲时每秒 at rest, per second", justify="right")
    for name, _ in report.rows():
        table.add_column(name, justify="right")
    each = [measurement.spent.ms_each(measurement.count) for _, measurement in report.rows()]
    for process in PROCESSES:
        cells = [f"{ms.get(process, 0):.1f}" for ms in (report.idle, *each)]
        table.add_row(process, *cells)
    sums = [f"{sum(ms.values()):.1f}" for ms in (report.idle, *each)]
    table.add_row("合计 all", *sums)
    spent = [(m.spent, max(1, m.count)) for _, m in report.rows()]
    others = [f"{each.others_s * 1000 / count:.1f}" for each, count in spent]
    idle = [f"{each.idle_s * 1000 / count:.1f}" for each, count in spent]
    table.add_row("他人 others on these cores", "", *others)
    table.add_row("闲置 cores idle", "", *idle)
    return table


def _build_work(measured: Sequence[Measured]) -> Table:
    """Where the time goes: who is at it all the time is the narrow place."""
    table = Table(title="各服务的批处理，满载 The processors under full load")
    for heading in ("", "服务 service"):
        table.add_column(heading)
    for heading in (
        "事务/流程 transactions per lifecycle",
        "项/事务 items per transaction",
        "毫秒/事务 ms per transaction",
        "忙 busy",
        "冲突 conflicts",
    ):
        table.add_column(heading, justify="right")
    for measurement in measured:
        for name, work in measurement.work.items():
            each = max(1.0, work.transactions)
            table.add_row(
                f"{measurement.records:,}",
                name,
                f"{work.transactions / measurement.throughput.began:.2f}",
                f"{work.items / each:.0f}",
                f"{work.busy_s * 1000 / each:.0f}",
                f"{work.busy_s / measurement.throughput.began_s:.0%}",
                f"{work.conflicts:.0f}",
            )
    return table


def _build_comparison(measured: Sequence[Measured]) -> Table:
    table = Table("", "空库 empty database", "百万条 a million records", title="规模 For scale")
    table.add_row(
        "a comparable public system reports",
        f"{PUBLIC_EMPTY_PER_S} lifecycles/s",
        f"{PUBLIC_MILLION_PER_S} lifecycles/s",
    )
    cells = [f"{m.throughput.per_s:.1f} lifecycles/s" for m in measured]
    if len(measured) > 1 and measured[1].records != 1_000_000:
        cells[1] += f" (at {measured[1].records:,})"
    table.add_row("莞家 Guanjia, this run", *cells)
    return table


def build_figures(report: Report) -> dict[str, Any]:
    """For `--json`."""
    ours = report.empty.throughput
    peers = {"raw_limit": report.bare, "tutorial": report.tutorial}
    return {
        "machine": {"cores": os.cpu_count(), "load_at_start": report.load_at_start},
        "in_flight": report.in_flight,
        "house": [
            {
                "records": m.records,
                **_describe_throughput(m.throughput),
                "latency": asdict(m.latency),
                "first_notices": asdict(m.first_notices),
                "processors": {name: asdict(work) for name, work in m.work.items()},
            }
            for m in report.measured
        ],
        "peers": {
            name: _describe_throughput(measurement)
            for name, measurement in peers.items()
            if measurement
        },
        "ratios": {
            name: dict(zip(("by_rate", "by_cpu"), compute_ratios(ours, measurement), strict=True))
            for name, measurement in peers.items()
            if measurement
        },
        "idle_ms_per_s": report.idle,
        "idle_on_kafka_ms_per_s": report.idle_on_kafka,
        "aims": AIMS,
        "reached": {name: reached for name, _, reached in _list_reached(report)},
        "public_system": {
            "empty_per_s": PUBLIC_EMPTY_PER_S,
            "million_per_s": PUBLIC_MILLION_PER_S,
        },
        "lifecycle": _describe_shape(report.shape),
    }


def describe_scaled(row: Scaled) -> dict[str, Any]:
    return {"instances": row.instances, **_describe_throughput(row.throughput)}


def _describe_throughput(measurement: Throughput) -> dict[str, Any]:
    return {
        "per_s": measurement.per_s,
        "count": measurement.count,
        "seconds": measurement.seconds,
        "cpu_ms": measurement.cpu_ms,
        "cpu_ms_by_process": measurement.spent.ms_each(measurement.count),
        "share_of_cores": measurement.busy_share,
        "others_cpu_s": measurement.spent.others_s,
        "idle_cpu_s": measurement.spent.idle_s,
    }


def _describe_shape(shape: Shape) -> dict[str, Any]:
    """What one lifecycle is: events by type, bytes, who sends what on, writes by collection."""
    writes: Mapping[str, Any] = {
        service: {name: write.per_lifecycle for name, write in collections.items()}
        for service, collections in shape.writes.items()
    }
    return {
        "events": dict(shape.counts),
        "bytes": dict(shape.sizes),
        "emits": shape.emits,
        "writes": writes,
    }
