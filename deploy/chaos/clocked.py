"""`python -m deploy.chaos.clocked run NAME`: `guanjia`, with a wall clock that a file sets.

Durations stay real. libfaketime cannot do this: with its wall clock alone shifted, Python's
`time.sleep` fails, and the driver's threads with it.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from shared import clock

FILE_VARIABLE = "CHAOS_CLOCK_FILE"
LOOK_EVERY_S = 0.5


def build_clock(file: Path, real: Callable[[], float] = time.time) -> Callable[[], float]:
    """Unix seconds: so many ahead as stand in the file, which is looked at twice a second."""
    ahead_s, looked_at = 0.0, float("-inf")

    def read_now() -> float:
        nonlocal ahead_s, looked_at
        if time.monotonic() - looked_at >= LOOK_EVERY_S:
            ahead_s, looked_at = float(file.read_text() or 0), time.monotonic()
        return real() + ahead_s

    return read_now


def put_in_place(read_now: Callable[[], float]) -> None:
    """Before anything else of ours is imported: modules take `system_now` by its name."""
    time.time = read_now
    clock.system_now = lambda: datetime.fromtimestamp(read_now(), UTC)


def main() -> None:
    if file := os.environ.get(FILE_VARIABLE):
        put_in_place(build_clock(Path(file)))
    from deploy.cli import app

    app()


if __name__ == "__main__":
    main()
