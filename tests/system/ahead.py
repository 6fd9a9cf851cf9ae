"""`python -m tests.system.ahead run NAME`: `guanjia`, so many days later.

Decisions go by the database's clock, which stays: what is read of it (`mongo.ServerClock`) is as
far ahead as this machine's own.
"""

import os
import time
from datetime import datetime, timedelta

from deploy.chaos.clocked import put_in_place

VARIABLE = "TEST_DAYS_AHEAD"


def main() -> None:
    ahead, real = timedelta(days=float(os.environ[VARIABLE])), time.time
    put_in_place(lambda: real() + ahead.total_seconds())
    from deploy.cli import app
    from shared import mongo

    read_server = mongo.ServerClock.now

    async def now(clock: mongo.ServerClock) -> datetime:
        return await read_server(clock) + ahead

    setattr(mongo.ServerClock, "now", now)  # noqa: B010 - mypy
    app()


if __name__ == "__main__":
    main()
