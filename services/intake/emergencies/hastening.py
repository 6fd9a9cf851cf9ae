"""Cases where an emergency is on are hastened: those that wait when it begins, and those that come.

In a job, and not as each is recorded: a decision would have to read which emergencies are on, and
so every batch of two instances would conflict on that.
"""

from datetime import datetime, timedelta

import structlog

from services.intake.decide.haste import HASTENED_STATES
from services.intake.emergencies.report import build_area_query, find_on
from services.intake.model import Request
from services.intake.model.emergency import Emergency, HastenRequest
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.errors import Transient
from shared.messaging.batches import execute_each
from shared.messaging.decision import Command

log = structlog.get_logger()
AT_ONCE = 400
LOOKS_BETWEEN = 3
"""While one is on, the look at deadlines is taken so many times for one look at these."""
FULL_LOOK_EVERY = timedelta(minutes=10)
"""At all that waits: a case may come under an emergency long after it was recorded."""
RECENT = timedelta(minutes=1)
"""What one look saw of the latest may not have been all: the next goes so far back."""


async def hasten_cases(runtime: IntakeRuntime) -> None:
    """Endless."""
    pause_s = runtime.settings.due_poll_ms / 1000 * LOOKS_BETWEEN
    looks = Looks()
    while True:
        try:
            await hasten_once(runtime, looks)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("hastening_postponed", error=str(error))
        await runtime.processor.rest(pause_s)


class Looks:
    """When each emergency's cases were looked at: the latest ones often, all of them seldom."""

    def __init__(self) -> None:
        self._full: dict[str, datetime] = {}
        self._latest: dict[str, datetime] = {}

    def find_since(self, id_: str, now: datetime) -> datetime | None:
        """Cases recorded since then are enough; None: all."""
        full = self._full.get(id_)
        if full is None or full <= now - FULL_LOOK_EVERY:
            return None
        return self._latest[id_] - RECENT

    def note(self, id_: str, since: datetime | None, now: datetime) -> None:
        """That a look which began then came to its end."""
        self._latest[id_] = now
        if since is None:
            self._full[id_] = now


async def hasten_once(runtime: IntakeRuntime, looks: Looks) -> None:
    """Raises Transient."""
    now = await runtime.processor.now()
    for emergency in await find_on(runtime.database, now):
        since = looks.find_since(emergency.id, now)
        after = ""
        while ids := await _find_some(runtime, emergency, since, after):
            await _hasten(runtime, emergency, ids)
            after = ids[-1]
        looks.note(emergency.id, since, now)


async def _find_some(
    runtime: IntakeRuntime, emergency: Emergency, since: datetime | None, after: str
) -> list[str]:
    """Each case once in a look, whatever became of it: one that stays as it is stops no other."""
    query: dict[str, object] = {
        **build_area_query(emergency),
        "_id": {"$gt": after},
        "state": {"$in": [state.value for state in HASTENED_STATES]},
        "emergency_ids": {"$ne": emergency.id},
    }
    if since is not None:
        query["recorded_at"] = {"$gte": since}
    rows = runtime.database[Request.COLLECTION].find(query, {"_id": 1}).sort("_id", 1)
    return [row["_id"] for row in await rows.limit(AT_ONCE).to_list(None)]


async def _hasten(runtime: IntakeRuntime, emergency: Emergency, ids: list[str]) -> None:
    commands = [Command(HastenRequest(request_id=id_, emergency_id=emergency.id)) for id_ in ids]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("hastening_failed", id=command.data.request_id, error=repr(answer))
