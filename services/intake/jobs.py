"""What time does: a question that nobody answered goes to a person, a case that is late is said."""

import asyncio

import structlog

from services.intake import store
from services.intake.model import AbandonDialogue, Correspondence, Request
from services.intake.model.clock import CaseDue, StartClock
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.errors import Transient
from shared.messaging.batches import execute_all, execute_each
from shared.messaging.decision import Command

log = structlog.get_logger()

CLOCKS_STARTED = "clocks_started"
CLOCKS_AT_ONCE = 400


async def run_deadlines(runtime: IntakeRuntime) -> None:
    """Endless."""
    poll_s = runtime.settings.due_poll_ms / 1000
    has_clocks = False
    while True:
        try:
            has_clocks = has_clocks or await start_clocks(runtime)
            await process_deadlines(runtime)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("deadlines_postponed", error=str(error))
        await asyncio.sleep(poll_s)


async def process_deadlines(runtime: IntakeRuntime) -> None:
    """Once: all that is due now."""
    now = await runtime.processor.now()
    commands: list[Command[CaseDue] | Command[AbandonDialogue]] = [
        Command(AbandonDialogue(aggregate_id=thread.id, due_at=thread.due_at))
        for thread in await mongo.find_due(runtime.database, Correspondence, now)
        if thread.due_at is not None
    ]
    commands += [
        Command(CaseDue(aggregate_id=request.id, due_at=request.due_at))
        for request in await mongo.find_due(runtime.database, Request, now)
        if request.due_at is not None
    ]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("deadline_failed", id=command.data.aggregate_id, error=repr(answer))


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
