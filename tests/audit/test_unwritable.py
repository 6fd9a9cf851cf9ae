"""A ledger folder that is full or read-only is said, and stops no other log."""

from types import SimpleNamespace
from typing import Any

from services.audit.publishing import Committed, Publisher
from shared import telemetry


def read_gauge(origin: str) -> float:
    value: float = telemetry.LOG_UNWRITABLE.labels(origin)._value.get()
    return value


async def test_one_logs_folder_being_full_is_said_and_the_others_are_published() -> None:
    logs: Any = SimpleNamespace(stopped={}, waiting={}, unwritable={})
    runtime: Any = SimpleNamespace(database=None, settings=None, resources=logs)
    publisher: Any = Publisher(runtime)
    is_full = True

    async def publish(_foundation: str, committed: Committed) -> bool:
        if committed.origin == "tea" and is_full:
            raise OSError(28, "No space left on device")
        return True

    publisher._publish = publish
    tea, city = Committed("tea", 3), Committed("city", 5)
    assert not await publisher._publish_or_stop("t", tea)
    assert await publisher._publish_or_stop("c", city)
    assert logs.unwritable == {"tea": "No space left on device"}
    assert (read_gauge("tea"), logs.stopped) == (1, {})
    is_full = False
    assert not await publisher._publish_or_stop("t", tea), "it rests a while"
    publisher._unwritable_until.clear()
    assert await publisher._publish_or_stop("t", tea)
    assert (read_gauge("tea"), logs.unwritable) == (0, {})
