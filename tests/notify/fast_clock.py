"""A clock that all processes of a test share, on which a minute is two seconds.

What waits for a claim to run out or for a receipt does so in seconds; calls, and how long they may
take, stay as slow as they are.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from services.notify import main, provider_accounts
from shared import mongo
from shared.clock import Clock, system_now

SPEED = 30
BEGAN_AT = "TEST_CLOCK_BEGAN_AT"
"""The variable that holds when it was right, in seconds."""

Replace = Callable[[object, str, object], None]


def build_clock(began_at: float) -> Clock:
    def now() -> datetime:
        real = time.time()
        return datetime.fromtimestamp(began_at + (real - began_at) * SPEED, UTC)

    return now


def put_in_place(clock: Clock, replace: Replace = setattr) -> None:
    """As mongod's clock of this process, and as that by which providers' calls are signed."""

    async def now(_: mongo.ServerClock) -> datetime:
        return clock()

    replace(mongo.ServerClock, "now", now)
    for module in (main, provider_accounts):
        assert vars(module)["system_now"] in (system_now, clock), "signed by another clock"
        replace(module, "system_now", clock)


def read_clock() -> Clock:
    return build_clock(float(os.environ[BEGAN_AT]))
