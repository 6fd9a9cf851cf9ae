"""Whether memory and latency stay as they were: what a long run is for."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

SAMPLE_EVERY_S = 5.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Samples = dict[str, list[int]]


async def sample_memory(list_pids: Callable[[], Mapping[str, int]], samples: Samples) -> None:
    """Until cancelled: resident bytes of each part's process, every few seconds."""
    while True:
        for name, pid in list_pids().items():
            resident = read_resident_bytes(pid)
            if resident is not None:
                samples[name].append(resident)
        await asyncio.sleep(SAMPLE_EVERY_S)


def make_samples() -> Samples:
    return defaultdict(list)


def read_resident_bytes(pid: int) -> int | None:
    """None where the process has ended."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]) * PAGE_BYTES


def compare_thirds(values: Sequence[float]) -> tuple[float, float] | None:
    """The medians of the first third and of the last; None where there are too few."""
    third = len(values) // 3
    return (median(values[:third]), median(values[-third:])) if third else None
