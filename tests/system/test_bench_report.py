"""The bench's table of aims: each aim of the lifecycles has its row, beside what was reached."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import scale
from tests.bench.cpu import Spent
from tests.bench.first_notices import FirstNotices
from tests.bench.loop import Load, Say, Throughput
from tests.bench.ours import STEPS, TOLD, Latency, Measured
from tests.bench.report import AIMS, Report, build_figures, print_report
from tests.bench.scale import Scaled, print_scale
from tests.bench.shape import SERVICES, Shape
from tests.bench.work import Work


def make_throughput(count: int, cpu_ms: float, idle_s: float = 0.0) -> Throughput:
    spent = Spent(dict.fromkeys(SERVICES, count * cpu_ms / 4000), others_s=2.0, idle_s=idle_s)
    return Throughput(count, 10.0, spent, began=count, began_s=12.0)


def make_measured(records: int, cpu_ms: float) -> Measured:
    latency = Latency(10.0, 100, 0.9, 1.1, 2.4, dict.fromkeys((*STEPS, TOLD), 0.1))
    first = FirstNotices(2.0, 40, 140.0, 390.0, {"topic": 139.0, "HTTP": 141.0})
    work = {name: Work(100, 3000, 1, 5.0) for name in SERVICES}
    return Measured(records, make_throughput(500, cpu_ms), latency, first, work)


def make_report(on_kafka: Mapping[str, float] | None) -> Report:
    return Report(
        load_at_start=0.1,
        in_flight=300,
        measured=[make_measured(0, 40.0), make_measured(1_000_000, 50.0)],
        bare=make_throughput(5000, 10.0),
        tutorial=make_throughput(100, 160.0),
        shape=Shape("", {}, {}, {}, {}, {}, {}),
        idle={"broker": 60.0, **dict.fromkeys(SERVICES, 10.0)},
        idle_on_kafka=on_kafka,
    )


def test_each_aim_has_its_row_beside_what_was_reached() -> None:
    report = make_report({"broker": 50.0, **dict.fromkeys(SERVICES, 8.0)})
    reached = build_figures(report)["reached"]
    assert reached == {
        "cpu_ms": 40.0,
        "per_s": 50.0,
        "of_raw_limit": 0.25,
        "of_tutorial": 4.0,
        "of_empty": 0.8,
        "p50": 0.9,
        "p99": 2.4,
        "first_p50_ms": 140.0,
        "first_p99_ms": 390.0,
        "idle_ms_per_s": 100.0,
        "idle_kafka_ms_per_s": 32.0,
    }
    assert reached.keys() == AIMS.keys()
    console = Console(record=True, width=400)
    print_report(report, console)
    printed = console.export_text()
    for aim in AIMS.values():
        assert aim in printed


def test_what_was_not_measured_on_kafka_has_no_row() -> None:
    assert "idle_kafka_ms_per_s" not in build_figures(make_report(None))["reached"]


def test_a_scaled_house_says_what_holds_it() -> None:
    full = Scaled(2, make_throughput(500, 40.0), {"audit": Work(100, 300, 50, 1)})
    assert "full" in full.find_limit()
    idle = make_throughput(500, 40.0, idle_s=9_999.0)
    conflicting = Scaled(2, idle, {"intake": Work(100, 300, 0, 1), "audit": Work(100, 300, 50, 1)})
    assert "conflicts" in conflicting.find_limit()
    console = Console(record=True, width=400)
    print_scale([conflicting], console)
    assert "0.25 (audit 0.50)" in console.export_text()
    assert "waits" in Scaled(2, idle, {"audit": Work(100, 300, 5, 1)}).find_limit()


async def test_a_house_that_stands_still_costs_its_own_row_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def measure(path: Path, count: int, load: Load, say: Say) -> Scaled:
        if count == 2:
            raise TimeoutError("warming up: nothing ended")
        return Scaled(count, make_throughput(100, 50.0), {})

    monkeypatch.setattr(scale, "_measure", measure)
    rows = await scale.measure_scale(Load(1, 1, 1.0), lambda _: None, (1, 2, 4))
    assert [row.instances for row in rows] == [1, 4]
