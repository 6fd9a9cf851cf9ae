"""When a batch is decided: while the one before commits, where that saves time.

What is decided meanwhile waits for nobody, but what comes after it goes with the next batch, and a
transaction costs about the same for few as for many. So few wait, as long as the commit takes; many
are decided so that both end together. Where a service asks for it, transactions of many also begin
at least an interval apart.
"""

import asyncio
import random

RETRY_DELAY_S_MIN = 0.05
NEWEST_COUNTS = 0.2
WORTH_IT = 0.25
"""Of a commit's time: what takes less to decide waits for what else comes meanwhile."""
MANY = 32
MANY_PER_S = 600
"""Fewer items, or at a lower rate, say that people wait for each other's steps, or that little
happens: the next transaction begins at once."""


class Pace:
    """Running means of this process, in seconds.

    interval_s: between the beginnings of transactions, while many items come.
    """

    def __init__(self, interval_s: float = 0.0) -> None:
        self._interval_s = interval_s
        self._commit_s = 0.0
        self._item_s = 0.0
        self._began_at = 0.0
        self._rests_until = 0.0

    def note_begun(self, count: int, now: float) -> None:
        """Of a transaction; now: of the monotonic clock, in seconds.

        By their number alone, as many as come in an interval would make another one, at a rate at
        which nobody need have waited at all.
        """
        per_s = count / (now - self._began_at) if now > self._began_at else 0.0
        are_many = count >= MANY and per_s >= MANY_PER_S
        self._began_at = now
        self._rests_until = now + self._interval_s if are_many else now

    def note_decided(self, count: int, seconds: float) -> None:
        self._item_s = _mix(self._item_s, seconds / count)

    def note_committed(self, seconds: float) -> None:
        self._commit_s = _mix(self._commit_s, seconds)

    def find_start(self, count: int) -> float | None:
        """How long after a commit began so many are to be decided; None: after its end."""
        deciding_s = self._item_s * count
        if deciding_s < self._commit_s * WORTH_IT:
            return None
        return max(0.0, self._commit_s - deciding_s)

    def find_wait(self, count: int, now: float, *, is_committing: bool) -> float | None:
        """How long more may come before so many are decided; None: until the commit has ended."""
        rest = self._rests_until - self._item_s * count - now
        if not is_committing:
            return rest
        start = self.find_start(count)
        return None if start is None else max(self._began_at + start - now, rest)


def _mix(mean: float, newest: float) -> float:
    return mean + NEWEST_COUNTS * (newest - mean) if mean else newest


async def back_off(failures: int, most_s: float) -> None:
    """Exponential with full jitter."""
    ceiling = min(most_s, RETRY_DELAY_S_MIN * 2 ** min(failures, 10))
    await asyncio.sleep(random.uniform(0, ceiling))  # noqa: S311 - jitter, not a secret
