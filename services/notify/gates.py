"""How many calls to a provider at one time: more while it answers, half when it does not.

Each provider has its own gate, so that one that is slow or says "too many" holds up nobody else.
"""

from dataclasses import dataclass

from services.notify.providers import Outcome


@dataclass(slots=True)
class Gate:
    """limit: of calls at one time. It grows by one for each round of calls that a provider takes,
    and is halved where it refuses us or does not answer. in_use: by calls, and by claims of calls
    that begin as soon as these are durable."""

    limit_max: int
    limit: float
    in_use: int = 0

    def find_room(self, wanted: int) -> int:
        """How many may begin: half of all at least, so that they share a commit; else none yet."""
        limit = int(self.limit)
        free = limit - self.in_use
        return free if free >= max(1, min(wanted, limit // 2)) else 0

    def enter(self) -> None:
        self.in_use += 1

    def give_back(self) -> None:
        """No call was made."""
        self.in_use -= 1

    def leave(self, outcome: Outcome) -> None:
        self.in_use -= 1
        if is_failure(outcome):
            self.limit = max(1.0, self.limit / 2)
        elif outcome.kind == "sent":
            self.limit = min(float(self.limit_max), self.limit + 1 / self.limit)


def open_gate(limit_max: int) -> Gate:
    return Gate(limit_max, float(limit_max))


def is_failure(outcome: Outcome) -> bool:
    """Of the provider or of our account there, whoever was called."""
    return outcome.kind in ("unknown", "misconfigured") or outcome.throttled
