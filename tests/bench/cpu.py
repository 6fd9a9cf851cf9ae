"""CPU seconds of processes and of the machine, as the kernel counts them (/proc)."""

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DRIVER = "driver"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PPID, _UTIME, _STIME, _CUTIME, _CSTIME = 1, 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Snapshot:
    """busy_s, idle_s: of all cores together, whoever used them."""

    processes: Mapping[str, float]
    busy_s: float
    idle_s: float


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds between two snapshots."""

    processes: Mapping[str, float]
    others_s: float
    idle_s: float

    @property
    def total_s(self) -> float:
        return sum(self.processes.values())

    def ms_each(self, count: int) -> dict[str, float]:
        return {name: seconds * 1000 / max(1, count) for name, seconds in self.processes.items()}


def take_snapshot(pids: Mapping[str, int]) -> Snapshot:
    """Each process with its living and its ended children; this one, the driver, alone."""
    rows = _read_processes()
    children: dict[int, list[int]] = defaultdict(list)
    for pid, row in rows.items():
        children[int(row[_PPID])].append(pid)
    used = {name: _sum_tree_s(pid, rows, children) for name, pid in pids.items()}
    own = rows[os.getpid()]
    busy_s, idle_s = _read_machine_s()
    return Snapshot(used | {DRIVER: _parse_ticks(own[_UTIME], own[_STIME])}, busy_s, idle_s)


def compute_spent(before: Snapshot, after: Snapshot) -> Spent:
    ours = {name: after.processes[name] - s for name, s in before.processes.items()}
    busy_s = after.busy_s - before.busy_s
    return Spent(ours, max(0.0, busy_s - sum(ours.values())), after.idle_s - before.idle_s)


def _read_processes() -> dict[int, list[str]]:
    """/proc/PID/stat from its third field (state) on; a process that ends meanwhile is left out."""
    rows = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                rows[int(path.name)] = (path / "stat").read_text().rpartition(")")[2].split()
            except (OSError, ValueError):
                continue
    return rows


def _sum_tree_s(
    pid: int, rows: Mapping[int, list[str]], children: Mapping[int, list[int]]
) -> float:
    row = rows.get(pid)
    if row is None:
        return 0.0
    own = _parse_ticks(row[_UTIME], row[_STIME], row[_CUTIME], row[_CSTIME])
    return own + sum(_sum_tree_s(child, rows, children) for child in children.get(pid, ()))


def _parse_ticks(*ticks: str) -> float:
    return sum(map(int, ticks)) / _TICKS_PER_S


def _read_machine_s() -> tuple[float, float]:
    """user nice system idle iowait irq softirq steal ..."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
    ticks = [int(word) for word in first]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / _TICKS_PER_S, idle / _TICKS_PER_S
