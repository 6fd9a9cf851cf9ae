"""When a batch is decided: while the one before commits, where that saves time.

What is decided meanwhile waits for nobody, but what comes after it goes with the next batch, and a
transaction costs about the same for few as for many. So few wait, as long as the commit takes; many
are decided so that both end together.
"""

NEWEST_COUNTS = 0.2
WORTH_IT = 0.25
"""Of a commit's time: what takes less to decide waits for what else comes meanwhile."""


class Pace:
    """Running means of this process, in seconds."""

    def __init__(self) -> None:
        self._commit_s = 0.0
        self._item_s = 0.0

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


def _mix(mean: float, newest: float) -> float:
    return mean + NEWEST_COUNTS * (newest - mean) if mean else newest
