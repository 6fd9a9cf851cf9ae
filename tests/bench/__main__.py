"""`python -m tests.bench`: Guanjia, the raw limit and the tutorial way, in one run."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.local.parts import PartMissingError
from deploy.local.runner import PartFailedError
from deploy.local.stack import BrokerKind
from tests.bench import duplicates, ours, peers, preload, report
from tests.bench.door import DoorLoad, bench_door, print_door
from tests.bench.flood import bench_flood, print_report
from tests.bench.idle import measure_idle, print_idle
from tests.bench.imports import bench_imports
from tests.bench.ledger import report as ledger_report
from tests.bench.ledger.run import bench_ledger
from tests.bench.loop import Load, Say
from tests.bench.matching import bench as matching
from tests.bench.matching import fairness
from tests.bench.notices import NoticesLoad, bench_notices, print_notices
from tests.bench.ours import Measured
from tests.bench.scale import INSTANCES, measure_scale, print_scale
from tests.bench.shape import Shape
from tests.bench.wuhan import bench as wuhan

# It works one message at a time, so more waiting ones only lengthen the warm-up.
TUTORIAL_IN_FLIGHT = 40
IDLE_S = 12.0


@dataclass(frozen=True, slots=True)
class Options:
    """databases: how many requests are there before, the empty one first. with_kafka: whether the
    services are measured at rest on Apache Kafka too."""

    load: Load
    databases: Sequence[int]
    with_peers: bool
    with_kafka: bool


async def bench(options: Options, path: Path, say: Say) -> report.Report:
    load_at_start = os.getloadavg()[0]
    measured, shape = await _measure_databases(options, path, say)
    bare = tutorial = None
    if options.with_peers:
        bare = await peers.run(peers.BARE, path / "bare", shape, options.load, say)
        slow = replace(options.load, in_flight=TUTORIAL_IN_FLIGHT, warm=TUTORIAL_IN_FLIGHT)
        tutorial = await peers.run(peers.TUTORIAL, path / "tutorial", shape, slow, say)
    return report.Report(
        load_at_start,
        options.load.in_flight,
        measured,
        bare,
        tutorial,
        shape,
        await measure_idle(path / "idle", "mesh", IDLE_S, say),
        await _measure_idle_on_kafka(path / "kafka", say) if options.with_kafka else None,
    )


async def _measure_idle_on_kafka(path: Path, say: Say) -> Mapping[str, float] | None:
    """Nothing where this machine has no Java or no Kafka."""
    try:
        return await measure_idle(path, "kafka", IDLE_S, say)
    except (PartMissingError, PartFailedError) as error:
        say(f"not measured on Apache Kafka: {error}")
        return None


async def _measure_databases(
    options: Options, path: Path, say: Say
) -> tuple[list[Measured], Shape]:
    measured: list[Measured] = []
    shape: Shape | None = None
    seed: preload.Seed | None = None
    for records in options.databases:
        data_dir = path / f"data-{records}"
        if seed is not None:
            await preload.fill(data_dir, seed, records, say)
        say(f"Guanjia at {records:,} records: starting")
        async with ours.running(data_dir, run=f"run{records}") as (stack, lifecycles):
            measurement, measured_shape = await ours.measure(
                stack, lifecycles, options.load, records, say
            )
            seed = await preload.read_seed(stack.mongo_uri)
        measured.append(measurement)
        shape = shape or measured_shape
        shutil.rmtree(data_dir)
    assert shape is not None
    return measured, shape


app = typer.Typer(add_completion=False)
JsonFile = Annotated[Path | None, typer.Option("--json", help="write the figures")]
Entries = Annotated[int, typer.Option(help="in the ledger that is verified")]
ENTRIES = 500_000


@app.command("flood")
def flood(seconds: Annotated[float, typer.Option(help="measured each")] = 8.0) -> None:
    """One caller floods: the others' latency with and without."""
    with tempfile.TemporaryDirectory() as path:
        rows = asyncio.run(bench_flood(Path(path), seconds))
    print_report(rows, Console())


@app.command("door")
def door(
    seconds: Annotated[float, typer.Option(help="measured by HTTP, each")] = 8.0,
    clients: Annotated[int, typer.Option(help="at a time, by HTTP")] = 64,
    records: Annotated[int, typer.Option(help="published at once, by topic")] = 4000,
) -> None:
    """Requests a second by HTTP and by topic, beside a bare handler and a bare consumer."""
    with tempfile.TemporaryDirectory() as path:
        rows = asyncio.run(bench_door(Path(path), DoorLoad(seconds, clients, records)))
    print_door(rows, Console())


@app.command("notices")
def notices(
    count: Annotated[int, typer.Option("--notices", help="told, in two halves")] = 4000,
    calls: Annotated[int, typer.Option(help="to the provider at one time")] = 24,
) -> None:
    """Notices a second handed to a provider that answers after 50 ms, beside a bare loop."""
    with tempfile.TemporaryDirectory() as path:
        row = asyncio.run(bench_notices(Path(path), NoticesLoad(count, calls)))
    print_notices(row, Console())


@app.command("idle")
def idle(
    broker: Annotated[BrokerKind, typer.Option(help="the embedded one, or Apache Kafka")] = "kafka",
    seconds: Annotated[float, typer.Option(help="measured")] = IDLE_S,
) -> None:
    """CPU milliseconds a second of a house with nothing to do, by process."""
    with tempfile.TemporaryDirectory() as path:
        used = asyncio.run(measure_idle(Path(path), broker, seconds, typer.echo))
    print_idle(broker, used, Console())


@app.command("scale")
def scale(
    seconds: Annotated[float, typer.Option(help="measured, each")] = 20.0,
    in_flight: Annotated[int, typer.Option(help="lifecycles begun and not ended")] = 300,
    instances: Annotated[list[int] | None, typer.Option(help="of each service")] = None,
) -> None:
    """Lifecycles a second with 1, 2 and 4 instances of each service on the same cores."""
    _scale(Load(in_flight, in_flight // 2, seconds), Console(), instances or INSTANCES)


def _scale(
    load: Load, console: Console, instances: Sequence[int] = INSTANCES
) -> list[dict[str, Any]]:
    with console.status("") as status:
        rows = asyncio.run(measure_scale(load, lambda text: status.update(text), instances))
    print_scale(rows, console)
    return [report.describe_scaled(row) for row in rows]


@app.command("ledger")
def ledger(entries: Entries = ENTRIES, json_file: JsonFile = None) -> None:
    """账本单独测试。The ledger alone: append, verify beside journal programs, prove."""
    console = Console()
    measurement = _ledger(entries, console)
    if json_file:
        json_file.write_text(json.dumps(ledger_report.figures(measurement), indent=2))


def _ledger(entries: int, console: Console) -> ledger_report.LedgerReport:
    with tempfile.TemporaryDirectory(prefix="guanjia-bench-") as path, console.status("") as status:
        measurement = bench_ledger(entries, Path(path), lambda text: status.update(text))
    ledger_report.show(measurement, console)
    return measurement


app.command("wuhan")(wuhan.main)
app.command("matching")(matching.main)
app.command("fairness")(fairness.main)
app.command("duplicates")(duplicates.main)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    seconds: Annotated[float, typer.Option(help="measured, per load")] = 20.0,
    in_flight: Annotated[int, typer.Option(help="lifecycles begun and not ended")] = 300,
    database: Annotated[
        int, typer.Option(help="requests there before; 0: the empty database alone")
    ] = 1_000_000,
    peers_too: Annotated[bool, typer.Option("--peers/--no-peers")] = True,
    kafka_too: Annotated[bool, typer.Option("--kafka/--no-kafka", help="at rest")] = True,
    scale_too: Annotated[bool, typer.Option("--scale/--no-scale")] = True,
    entries: Entries = ENTRIES,
    json_file: JsonFile = None,
) -> None:
    """莞家与原始极限、教程写法的对比。Guanjia beside the raw limit and the tutorial way."""
    if context.invoked_subcommand:
        return
    console = Console()
    options = Options(
        Load(in_flight, in_flight // 2, seconds),
        (0, database) if database else (0,),
        peers_too,
        kafka_too,
    )
    with tempfile.TemporaryDirectory(prefix="guanjia-bench-") as path, console.status("") as status:
        measurement = asyncio.run(bench(options, Path(path), lambda text: status.update(text)))
    report.print_report(measurement, console)
    figures = report.build_figures(measurement) | {
        "ledger": ledger_report.figures(_ledger(entries, console)),
        "scale": _scale(options.load, console) if scale_too else [],
    }
    if json_file:
        json_file.write_text(json.dumps(figures, indent=2, ensure_ascii=False))


@app.command("imports")
def run_imports(
    rows: Annotated[int, typer.Option(help="of the statement")] = 200_000,
    kill_at: Annotated[
        list[float] | None, typer.Option(help="seconds after which one is killed; repeatable")
    ] = None,
    twice: Annotated[bool, typer.Option(help="as many rows once more, undisturbed")] = True,
) -> None:
    """A statement imported, killed and begun again, beside a bare loop over the same database."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(
            bench_imports(rows, kill_at or (4, 7), Path(folder), typer.echo, is_twice=twice)
        )
    ratio = figures.rows_s / figures.bare_rows_s
    typer.echo(f"{figures.rows:,} rows: {figures.rows_s:,.0f}/s, bare {figures.bare_rows_s:,.0f}/s")
    typer.echo(f"ratio {ratio:.3f}; peak {figures.peak_mb:.0f} MB; {figures.entries:,} entries")
    typer.echo(f"{figures.kept:,} rows were in the books when the last import began")
    files = 2 if twice else 1
    expected = files * sum((number % 997 + 1) * 100 for number in range(rows))
    typer.echo("each row once" if figures.received_fen == expected else "SUMS DIFFER")


if __name__ == "__main__":
    app()
