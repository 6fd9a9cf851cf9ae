"""What a program costs: `python -S cost.py ARGV...` runs it and prints a line of JSON.

A small process of its own: Linux counts into a child's peak memory what its parent had when it was
forked.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

KIB = 1024


def measure(argv: Sequence[str]) -> dict[str, float]:
    """seconds and peak_mb of one run, with its children."""
    start = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    return {
        "seconds": time.perf_counter() - start,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / KIB,
        "status": os.waitstatus_to_exitcode(status),
        "said": said.decode(errors="replace")[-500:],  # type: ignore[dict-item]
    }


def cost_of(argv: Sequence[str]) -> dict[str, float]:
    """Measured from a fresh small process; RuntimeError if the program fails."""
    launcher = [sys.executable, "-S", "-E", str(Path(__file__)), *argv]
    answer = subprocess.run(launcher, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(answer.stdout)
    if found["status"]:
        raise RuntimeError(f"{argv[0]} failed: {found['said']}")
    return found


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1:])))
