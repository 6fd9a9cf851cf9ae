"""Files that came while there was no virus checker, or it was away, are checked when there is."""

import asyncio

import structlog

from services.intake.attachments.clamd import NoVerdict, check_file
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
MISSES_MAX = 3
"""So often in one round: then it is away, and no more are sent."""


async def check_waiting(runtime: IntakeRuntime) -> None:
    """Endless. Nothing waits where no setting names a checker."""
    after = ""
    while True:
        try:
            after = await check_due(runtime, after)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("file_checks_postponed", error=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def check_due(runtime: IntakeRuntime, after: str = "") -> str:
    """Once, those that wait behind this id; the last one of them, or nothing where all were seen.

    In the order of ids and round again: one that the checker says nothing of, or that costs it all
    its time, holds up no other. Raises Transient.
    """
    if not runtime.settings.clamd:
        return ""
    query = {
        "check": {"$in": ["waiting", "unasked"]},
        "removed_by": "",
        "_id": {"$gt": after},
    }
    rows = await mongo.find(runtime.database, Attachment, query, sort=[("_id", 1)], limit=BATCH)
    misses = 0
    for attachment in rows:
        try:
            await _check(runtime, attachment)
        except NoVerdict:
            log.warning("file_unchecked", attachment_id=attachment.id)
        except Transient as error:
            misses += 1
            log.warning("file_check_failed", attachment_id=attachment.id, error=str(error))
            if misses == MISSES_MAX:
                return attachment.id
    return rows[-1].id if len(rows) == BATCH else ""


async def _check(runtime: IntakeRuntime, attachment: Attachment) -> None:
    stored = await open_stored(runtime, attachment)
    content = split_parts(stored)[1] if stored else b""
    check = await check_file(runtime.settings.clamd, content)
    if check == "infected":
        log.error("file_infected", attachment_id=attachment.id)
    await runtime.processor.execute(Command(SettleCheck(attachment_id=attachment.id, check=check)))
