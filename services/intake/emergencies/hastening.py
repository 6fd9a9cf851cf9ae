"""Cases where an emergency is on are hastened: those that wait when it begins, and those that come.

In a job, and not as each is recorded: a decision would have to read which emergencies are on, and
so every batch of two instances would conflict on that.
"""

import asyncio

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


async def hasten_cases(runtime: IntakeRuntime) -> None:
    """Endless."""
    pause_s = runtime.settings.due_poll_ms / 1000 * LOOKS_BETWEEN
    while True:
        try:
            for emergency in await find_on(runtime.database, await runtime.processor.now()):
                while await hasten_some(runtime, emergency):
                    pass
        except (Transient, mongo.PyMongoError) as error:
            log.warning("hastening_postponed", error=str(error))
        await asyncio.sleep(pause_s)


async def hasten_some(runtime: IntakeRuntime, emergency: Emergency) -> bool:
    """Whether there may be more. Raises Transient."""
    query = {
        **build_area_query(emergency),
        "state": {"$in": [state.value for state in HASTENED_STATES]},
        "emergency_ids": {"$ne": emergency.id},
    }
    rows = runtime.database[Request.COLLECTION].find(query, {"_id": 1}).limit(AT_ONCE)
    commands = [
        Command(HastenRequest(request_id=row["_id"], emergency_id=emergency.id))
        for row in await rows.to_list(None)
    ]
    failures = 0
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            failures += 1
            log.error("hastening_failed", id=command.data.request_id, error=repr(answer))
    return len(commands) == AT_ONCE and not failures
