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
from deploy.commands.up import REFUSALS
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
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录，应为空 an empty one; temporary if not given")
    ] = None,
) -> None:
    """负载下制造故障，再核对每件诉求、每一分钱。Faults under load; 1 if anything is wrong."""
    console = make_console()
    if data_dir and data_dir.exists() and any(data_dir.iterdir()):
        raise SystemExit(f"数据目录不为空 · not empty: {data_dir}")
    folder = (data_dir or Path(tempfile.mkdtemp(prefix="guanjia-chaos-"))).absolute()
    seed = secrets.randbelow(SEED_MAX) if seed is None else seed
    options = ChaosOptions(folder, minutes * 60, seed, broker, per_second)
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


def print_outcome(console: Console, options: ChaosOptions, outcome: Outcome) -> None:
    """Each fault with its recovery, the load, what does not agree."""
    table = Table("时刻 at, s", "故障 fault", "恢复 recovered after, s")
    table.columns[0].justify = table.columns[2].justify = "right"
    for struck, recovered_s in zip(outcome.struck, outcome.recovered_s, strict=True):
        after = "-" if recovered_s is None else f"{recovered_s:.1f}"
        table.add_row(f"{struck.fault.at_s:.1f}", describe_fault(struck.fault), after)
    console.print(table)
    console.print(
        f"诉求 wishes {options.wishes:,}，办结 finished {outcome.finished:,} · "
        f"承诺 promised after {_format_times(outcome.promised_s)} · 种子 seed {options.seed}",
        soft_wrap=True,
    )
    print_verdict(console, outcome.checks)


def _format_times(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{seconds[0]:.1f} / {median(seconds):.1f} / {seconds[-1]:.1f} s (min / p50 / max)"
