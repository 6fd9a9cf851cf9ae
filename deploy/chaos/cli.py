"""`guanjia chaos`: load and faults on a stack of its own; 1 if anything was lost or doubled."""

import asyncio
import logging
import secrets
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.chaos.faults import describe_fault
from deploy.chaos.running import ChaosOptions, Outcome, run_chaos
from deploy.chaos.steadiness import compare_thirds
from deploy.commands.up import REFUSALS
from deploy.demo.cli import delete_databases
from deploy.demo.progress import make_console
from deploy.demo.summary import print_verdict
from deploy.local.stack import BrokerKind

SEED_MAX = 1_000_000
WRONG = 1


def play_chaos(
    minutes: Annotated[
        float, typer.Option(min=0.5, max=24 * 60, help="持续多久 how long the load lasts")
    ] = 2.0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="同一种子，同一时间表 repeats the schedule"),
    ] = None,
    per_second: Annotated[
        float, typer.Option(min=0.1, max=100, help="每秒诉求数 wishes a second")
    ] = 1.0,
    broker: Annotated[
        BrokerKind, typer.Option(help="mesh: 内存 in memory; kafka: Apache Kafka")
    ] = "mesh",
    brokers: Annotated[
        int, typer.Option(help="几个消息服务，1 或 3（Apache Kafka）how many, 1 or 3 of Kafka's")
    ] = 1,
    calm: Annotated[bool, typer.Option(help="只有负载，没有故障 load without faults")] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录，应为空 an empty one; temporary if not given")
    ] = None,
) -> None:
    """负载下制造故障，再核对每件诉求、每一分钱。Faults under load; 1 if anything is wrong."""
    console = make_console()
    if data_dir and data_dir.exists() and any(data_dir.iterdir()):
        raise SystemExit(f"数据目录不为空 · not empty: {data_dir}")
    folder = (data_dir or Path(tempfile.mkdtemp(prefix="guanjia-chaos-"))).absolute()
    if brokers not in (1, 3):
        raise typer.BadParameter("1 或 3 · 1 or 3", param_hint="--brokers")
    broker = broker if brokers == 1 else "kafka"
    seed = secrets.randbelow(SEED_MAX) if seed is None else seed
    options = ChaosOptions(folder, minutes * 60, seed, broker, brokers, per_second, calm)
    console.print(f"种子 seed {seed} · 日志 logs: {folder / 'logs'}", soft_wrap=True)
    began_at = time.monotonic()

    def announce(line: str) -> None:
        console.print(f"{time.monotonic() - began_at:7.1f} s {line}", markup=False, soft_wrap=True)

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the faults say what they do
    try:
        outcome = asyncio.run(run_chaos(options, announce))
    except REFUSALS as refusal:
        raise SystemExit(str(refusal)) from None
    print_outcome(console, options, outcome)
    if not outcome.holds:
        raise typer.Exit(WRONG)
    if data_dir is None:
        delete_databases(folder)


def print_outcome(console: Console, options: ChaosOptions, outcome: Outcome) -> None:
    """Each fault with its recovery, the load, memory, and what does not agree."""
    if outcome.struck:
        _print_faults(console, outcome)
    console.print(
        f"诉求 wishes {options.wishes:,}，办结 finished {outcome.finished:,} · "
        f"承诺 promised after {_format_times(outcome.promised_s)} · 种子 seed {options.seed}",
        soft_wrap=True,
    )
    _print_steadiness(console, outcome)
    print_verdict(console, outcome.checks)


def _print_faults(console: Console, outcome: Outcome) -> None:
    table = Table("时刻 at, s", "故障 fault", "恢复 recovered after, s")
    table.columns[0].justify = table.columns[2].justify = "right"
    for struck, recovered_s in zip(outcome.struck, outcome.recovered_s, strict=True):
        after = "-" if recovered_s is None else f"{recovered_s:.1f}"
        table.add_row(f"{struck.fault.at_s:.1f}", describe_fault(struck.fault), after)
    console.print(table)


def _print_steadiness(console: Console, outcome: Outcome) -> None:
    """Medians of the first third of the time and of the last."""
    table = Table("前后三分之一 thirds", "前 first", "后 last")
    table.columns[1].justify = table.columns[2].justify = "right"
    if promised := compare_thirds(outcome.promised_s):
        table.add_row("承诺 promised after, s", *(f"{seconds:.2f}" for seconds in promised))
    for name, samples in outcome.memory.items():
        if resident := compare_thirds(samples):
            table.add_row(f"内存 memory {name}, MB", *(f"{each / 1e6:.0f}" for each in resident))
    console.print(table)


def _format_times(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{min(seconds):.1f} / {median(seconds):.1f} / {max(seconds):.1f} s (min / p50 / max)"
