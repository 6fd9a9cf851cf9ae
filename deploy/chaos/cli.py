"""`guanjia chaos`: load and faults on a stack of its own; 1 if anything was lost or doubled."""

import asyncio
import logging
import secrets
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.chaos.faults import describe_fault
from deploy.chaos.older import RELEASE, OlderMissingError, unpack_older
from deploy.chaos.running import ChaosOptions, Outcome, run_chaos
from deploy.chaos.schedule import FaultKind
from deploy.chaos.steadiness import compare_thirds
from deploy.commands.up import REFUSALS
from deploy.demo.progress import make_console
from deploy.demo.summary import print_verdict
from deploy.local.run_folder import choose_run_folder, delete_databases
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
    mongods: Annotated[
        int, typer.Option(help="几个数据库节点，1 或 3 how many mongods of one set, 1 or 3")
    ] = 1,
    older: Annotated[
        str, typer.Option(help="并行的旧版本，空为无 the older version's commit; empty: none")
    ] = RELEASE,
    fault: Annotated[
        list[FaultKind] | None,
        typer.Option(help="只用这些故障，可重复 only faults of this kind; repeatable"),
    ] = None,
    calm: Annotated[bool, typer.Option(help="只有负载，没有故障 load without faults")] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="数据目录，应为空 an empty one; temporary if not given")
    ] = None,
) -> None:
    """负载下制造故障，再核对每件诉求、每一分钱。Faults under load; 1 if anything is wrong."""
    console = make_console()
    for name, count in (("--brokers", brokers), ("--mongods", mongods)):
        if count not in (1, 3):
            raise typer.BadParameter("1 或 3 · 1 or 3", param_hint=name)
    folder = choose_run_folder(data_dir, "chaos")
    kinds = () if calm else tuple(fault or FaultKind)
    options = ChaosOptions(
        data_dir=folder,
        seconds=minutes * 60,
        seed=secrets.randbelow(SEED_MAX) if seed is None else seed,
        broker=broker if brokers == 1 else "kafka",
        brokers=brokers,
        per_s=per_second,
        mongods=mongods,
        kinds=kinds,
        older=_unpack_older(console, folder, older) if FaultKind.OLDER in kinds else None,
    )
    console.print(f"种子 seed {options.seed} · 日志 logs: {folder / 'logs'}", soft_wrap=True)
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


def _unpack_older(console: Console, folder: Path, commit: str) -> Path | None:
    """None where none is wanted, or where the history does not have it: said, not refused."""
    if not commit:
        return None
    try:
        return unpack_older(folder / "older", commit)
    except OlderMissingError as missing:
        console.print(str(missing), soft_wrap=True)
        return None


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
    if outcome.worked:
        worked = " · ".join(f"{name} {items:,}" for name, items in outcome.worked.items())
        console.print(f"旧版本处理 older versions worked on: {worked}", soft_wrap=True)
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
