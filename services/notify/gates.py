"""How many calls to a provider at one time: more while it answers, half when it does not.

Each provider has its own gate, so that one that is slow or says "too many" holds up nobody else.
"""

from collections import deque
from dataclasses import dataclass, field

from services.notify.providers import Outcome

AHEAD_S = 0.5
"""As many calls as a provider took within it are claimed before there is a place for them."""
AHEAD_TIMES = 3
"""But not more than so many times its places."""
NOTED_PART = 4
"""One part of so many of its places: as many calls are noted before there is one for them."""


@dataclass(slots=True)
class Gate:
    """limit: of calls at one time. It grows by one for each round of calls that a provider takes,
    and is halved where it refuses us or does not answer. in_use: by calls, and by claims of calls
    that begin as soon as these are durable. ahead: claims, durable or not, that have no place yet.
    """

    limit_max: int
    limit: float
    in_use: int = 0
    ahead: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def find_room(self, wanted: int, now: float, *, may_go_ahead: bool) -> tuple[int, int]:
        """(places, claims ahead of places), together half of all places at least, so that they
        share a commit; else none yet. now: in seconds, of a monotonic clock."""
        places = max(0, self.count_places() - self.ahead)
        ahead = max(0, self._count_taken(now) - self.ahead) if may_go_ahead else 0
        enough = max(1, min(wanted, int(self.limit) // 2))
        return (places, ahead) if places + ahead >= enough else (0, 0)

    def count_places(self) -> int:
        return max(0, int(self.limit) - self.in_use)

    def count_notable(self) -> int:
        """How many calls are noted before they have a place: those that find one now, and the next.
        Where the process dies, each of them is unclear."""
        return self.count_places() + max(1, int(self.limit) // NOTED_PART)

    def _count_taken(self, now: float) -> int:
        while self._taken and self._taken[0] < now - AHEAD_S:
            self._taken.popleft()
        return min(len(self._taken), AHEAD_TIMES * int(self.limit))

    def leave(self, outcome: Outcome, now: float) -> None:
        self.in_use -= 1
        if is_failure(outcome):
            self.limit = max(1.0, self.limit / 2)
            self._taken.clear()
        elif outcome.kind == "sent":
            self.limit = min(float(self.limit_max), self.limit + 1 / self.limit)
            self._taken.append(now)


def open_gate(limit_max: int) -> Gate:
    return Gate(limit_max, float(limit_max))


def is_failure(outcome: Outcome) -> bool:
    """Of the provider or of our account there, whoever was called."""
    return outcome.kind in ("unknown", "misconfigured") or outcome.throttled
