"""What time does: unanswered questions go to a person, late cases are said, rulings count."""

import asyncio
from datetime import datetime

import structlog

from services.intake import store, worklist
from services.intake.model import AbandonDialogue, Correspondence, Request
from services.intake.model.clock import CaseDue, StartClock
from services.intake.model.meeting import CarryOutRuling, Meeting
from services.intake.model.regular import RegularWork, WorkDue
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.errors import Transient
from shared.messaging.batches import execute_all, execute_each
from shared.messaging.decision import Command, Due
from shared.telemetry import CASES_OVERDUE

log = structlog.get_logger()

CLOCKS_STARTED = "clocks_started"
ENDINGS_STORED = "endings_stored"
CLOCKS_AT_ONCE = 400
MEASURED_EVERY_S = 60


async def run_deadlines(runtime: IntakeRuntime) -> None:
    """Endless."""
    poll_s = runtime.settings.due_poll_ms / 1000
    has_clocks, has_endings = False, False
    while True:
        try:
            has_clocks = has_clocks or await start_clocks(runtime)
            has_endings = has_endings or await store_endings(runtime)
            await process_deadlines(runtime)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("deadlines_postponed", error=str(error))
        await runtime.processor.rest(poll_s)


async def process_deadlines(runtime: IntakeRuntime) -> None:
    """Once: all that is due now."""
    now = await runtime.processor.now()
    commands: list[Command[Due]] = [
        Command(AbandonDialogue(aggregate_id=thread.id, due_at=thread.deadline))
        for thread in await mongo.find_due(runtime.database, Correspondence, now)
    ]
    commands += [
        Command(CaseDue(aggregate_id=request.id, due_at=request.deadline))
        for request in await mongo.find_due(runtime.database, Request, now)
    ]
    commands += await _list_rulings(runtime, now)
    commands += [
        Command(WorkDue(aggregate_id=work.id, due_at=work.deadline))
        for work in await mongo.find_due(runtime.database, RegularWork, now)
    ]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("deadline_failed", id=command.data.aggregate_id, error=repr(answer))


async def _list_rulings(runtime: IntakeRuntime, now: datetime) -> list[Command[Due]]:
    """What closed meetings decided, each a command on its request."""
    return [
        Command(
            CarryOutRuling(
                aggregate_id=meeting.id, due_at=meeting.deadline, request_id=item.request_id
            )
        )
        for meeting in await mongo.find_due(runtime.database, Meeting, now)
        for item in meeting.list_pending()
    ]


async def measure_overdue(runtime: IntakeRuntime) -> None:
    """Endless: what is late, for the operators."""
    while True:
        try:
            now = await runtime.processor.now()
            counts = await worklist.count_overdue(runtime.database, {}, now)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("measure_postponed", error=str(error))
        else:
            CASES_OVERDUE.clear()
            for (town, stage), count in counts.items():
                CASES_OVERDUE.labels(town=town, stage=stage).set(count)
        await asyncio.sleep(MEASURED_EVERY_S)


# --- cases of before cases had clocks -------------------------------------------------------------


async def start_clocks(runtime: IntakeRuntime) -> bool:
    """In the order of their ids, once for all instances. Raises Transient."""
    if await store.is_done(runtime.database, CLOCKS_STARTED):
        return True
    after = ""
    while ids := await store.list_without_clock(runtime.database, after, CLOCKS_AT_ONCE):
        await execute_all(runtime.processor, [Command(StartClock(request_id=id_)) for id_ in ids])
        after = ids[-1]
    await store.mark_done(runtime.database, CLOCKS_STARTED, await runtime.processor.now())
    return True


async def store_endings(runtime: IntakeRuntime) -> bool:
    """Once for all instances, what the desk looks up."""
    if not await store.is_done(runtime.database, ENDINGS_STORED):
        await worklist.save_endings(runtime.database)
        at = await runtime.processor.now()
        await store.mark_done(runtime.database, ENDINGS_STORED, at)
    return True
