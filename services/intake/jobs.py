"""What time does: a question of ours that nobody answered goes to a person."""

import asyncio

import structlog

from services.intake.model import AbandonDialogue, Correspondence
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.errors import Transient
from shared.messaging.batches import execute_each
from shared.messaging.decision import Command

log = structlog.get_logger()


async def run_deadlines(runtime: IntakeRuntime) -> None:
    """Endless."""
    poll_s = runtime.settings.due_poll_ms / 1000
    while True:
        try:
            await process_deadlines(runtime)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("deadlines_postponed", error=str(error))
        await asyncio.sleep(poll_s)


async def process_deadlines(runtime: IntakeRuntime) -> None:
    """Once: all that is due now."""
    now = await runtime.processor.now()
    overdue = await mongo.find_due(runtime.database, Correspondence, now)
    commands = [
        Command(AbandonDialogue(aggregate_id=thread.id, due_at=thread.due_at))
        for thread in overdue
        if thread.due_at is not None
    ]
    for command, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("deadline_failed", id=command.data.aggregate_id, error=repr(answer))
