"""Files that came while there was no virus checker, or it was away, are checked when there is."""

import asyncio

import structlog

from services.intake.attachments.clamd import check_file
from services.intake.attachments.files import split_parts
from services.intake.attachments.keeping import open_stored
from services.intake.model.attachment import Attachment, SettleCheck
from services.intake.resources import IntakeRuntime
from shared import mongo
from shared.errors import Transient
from shared.messaging.decision import Command

log = structlog.get_logger()
LOOK_EVERY_S = 5.0
BATCH = 100


async def check_waiting(runtime: IntakeRuntime) -> None:
    """Endless. Nothing waits where no setting names a checker."""
    while True:
        try:
            await check_due(runtime)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("file_checks_postponed", error=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def check_due(runtime: IntakeRuntime) -> None:
    """Once, all that wait. Raises Transient where the checker is away."""
    if not runtime.settings.clamd:
        return
    query = {"check": {"$in": ["waiting", "unasked"]}, "removed_by": ""}
    for attachment in await mongo.find(runtime.database, Attachment, query, limit=BATCH):
        stored = await open_stored(runtime, attachment)
        content = split_parts(stored)[1] if stored else b""
        check = await check_file(runtime.settings.clamd, content)
        if check == "infected":
            log.error("file_infected", attachment_id=attachment.id)
        command = SettleCheck(attachment_id=attachment.id, check=check)
        await runtime.processor.execute(Command(command))
