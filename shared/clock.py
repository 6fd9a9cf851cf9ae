"""Time comes from a clock that is passed in: always UTC, never read inside a decision."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_now() -> datetime:
    """This machine's clock, for logs and tokens; deadlines go by mongod's (`messaging.times`)."""
    return datetime.now(UTC)
