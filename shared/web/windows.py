"""How much each caller took within the last minute; counted in this process, and forgotten after.

The library that was here before counts the same, and its store in memory looks at all callers in a
thread for each request.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 60.0


@dataclass(slots=True)
class _Visits:
    """Of one caller: when he took how much, the oldest first, and the sum."""

    times: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, until: float) -> None:
        while self.times and self.times[0][0] <= until:
            self.total -= self.times.popleft()[1]


class MovingWindow:
    """At most `per_minute` of each caller within any minute."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._callers: dict[str, _Visits] = {}

    def take(self, caller: str, cost: int = 1) -> int:
        """0 where that much was left; else nothing is taken, and so many whole seconds later
        something of what he took is forgotten."""
        now = self._monotonic()
        self._forget_callers(now - WINDOW_S)
        visits = self._callers.pop(caller, None) or _Visits()
        visits.forget(now - WINDOW_S)
        is_left = visits.total + cost <= self._per_minute
        if is_left:
            visits.times.append((now, cost))
            visits.total += cost
        if visits.times:
            self._callers[caller] = visits  # the last of all: who came latest
        if is_left:
            return 0
        oldest = visits.times[0][0] if visits.times else now
        return max(1, math.ceil(oldest + WINDOW_S - now))

    def _forget_callers(self, until: float) -> None:
        while self._callers:
            caller = next(iter(self._callers))
            if self._callers[caller].times[-1][0] > until:
                return
            del self._callers[caller]

    def __len__(self) -> int:
        """Callers that are remembered."""
        return len(self._callers)
