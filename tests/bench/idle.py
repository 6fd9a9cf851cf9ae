"""What the house burns with nothing to do, by process, on the embedded broker or Apache Kafka."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deploy.local.stack import AT_ONCE, BrokerKind, Stack, StackOptions
from tests.bench.cpu import compute_spent, take_snapshot
from tests.bench.loop import Say
from tests.bench.shape import SERVICES

SETTLED_S = 12.0
"""Longer than a service waits before it rests (decision 0270)."""


async def measure_idle(
    path: Path, broker: BrokerKind, seconds: float, say: Say
) -> Mapping[str, float]:
    """CPU milliseconds a second of each process; the driver is none of them."""
    options = StackOptions(data_dir=path, broker=broker, settings_env=AT_ONCE)
    stack = Stack(options, announce=say)
    say(f"idle on {broker}: starting")
    await stack.start()
    try:
        await asyncio.sleep(SETTLED_S)
        say(f"idle on {broker}: measuring")
        pids = stack.supervisor.list_pids()
        before = take_snapshot(pids)
        await asyncio.sleep(seconds)
        spent = compute_spent(before, take_snapshot(pids))
    finally:
        await stack.stop()
    return {name: spent.processes[name] * 1000 / seconds for name in pids}


def sum_services(idle: Mapping[str, float]) -> float:
    """Of the four services alone."""
    return sum(idle[name] for name in SERVICES)


def print_idle(broker: BrokerKind, idle: Mapping[str, float], console: Console) -> None:
    aims = {"mesh": ("all", 150.0), "kafka": ("services", 40.0)}
    table = Table("process", "CPU ms/s", "aim", title=f"At rest on {broker}")
    for name, used in idle.items():
        table.add_row(name, f"{used:.1f}", "")
    sums = {"services": sum_services(idle), "all": sum(idle.values())}
    for name, used in sums.items():
        whose, aim = aims[broker]
        table.add_row(name, f"{used:.1f}", f"<= {aim:.0f}" if name == whose else "")
    console.print(table)
