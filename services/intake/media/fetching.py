"""The job that fetches what messages brought, while WeChat still has it."""

import asyncio

import structlog

from services.intake.attachments.keeping import discard_file, examine, store_file
from services.intake.media.wechat import MediaGoneError
from services.intake.model import WECHAT_SOURCE, Message
from services.intake.model.attachment import AddMedia, MissMedia
from services.intake.resources import IntakeRuntime
from services.intake.vault.messages import MEDIA_FIELD, open_message
from shared import mongo
from shared.errors import Invalid, Transient
from shared.messaging.decision import Command

log = structlog.get_logger()
AT_A_TIME = 4


async def fetch_waiting(runtime: IntakeRuntime) -> None:
    """Endless."""
    while True:
        try:
            await fetch_due(runtime)
        except (Transient, mongo.PyMongoError) as error:
            log.warning("media_postponed", error=str(error))
        await runtime.processor.rest(runtime.settings.due_poll_ms / 1000)


async def fetch_due(runtime: IntakeRuntime) -> None:
    """Some of what is due now."""
    now = await runtime.processor.now()
    due = await mongo.find_due(runtime.database, Message, now, limit=AT_A_TIME)
    await asyncio.gather(*(_try_fetch(runtime, message) for message in due))


async def _try_fetch(runtime: IntakeRuntime, message: Message) -> None:
    """A bug of one message waits its turn again, and holds up no other."""
    try:
        await _fetch(runtime, message)
    except (Transient, mongo.PyMongoError):
        raise
    except Exception:
        log.exception("media_failed", message_id=message.id)
        await runtime.processor.execute(Command(MissMedia(message_id=message.id, outcome="later")))


async def _fetch(runtime: IntakeRuntime, message: Message) -> None:
    content = open_message(runtime.resources.vault, message) or {}
    media_id = (content.get("fields") or {}).get(MEDIA_FIELD, "")
    miss = MissMedia(message_id=message.id, outcome="later")
    try:
        await _store(runtime, message, await runtime.resources.media.fetch(media_id))
    except Transient as error:
        log.warning("media_not_fetched", message_id=message.id, error=str(error))
    except MediaGoneError:
        miss = miss.model_copy(update={"outcome": "lost"})
    except Invalid as invalid:
        codes = [problem.code for problem in invalid.problems]
        log.warning("media_refused", message_id=message.id, codes=codes)
        miss = miss.model_copy(update={"outcome": "refused"})
    else:
        return
    await runtime.processor.execute(Command(miss))


async def _store(runtime: IntakeRuntime, message: Message, content: bytes) -> None:
    """Stored before it is decided: what is refused then is noise, and goes. Raises Invalid."""
    file, check = await examine(runtime, content)
    vault = runtime.resources.vault
    attachment_id = vault.derive_id("F", message.id, vault.digest(file.content).hex())
    file_id, sealed = await store_file(runtime, attachment_id, file)
    command = AddMedia(
        attachment_id=attachment_id,
        message_id=message.id,
        media_type=file.media_type,
        size=len(file.content),
        file_id=file_id,
        key=sealed.key,
        by=WECHAT_SOURCE,
        check=check,
    )
    answer = await runtime.processor.execute(Command(command, principal=WECHAT_SOURCE))
    if answer.body.get("file_id") != file_id:
        await discard_file(runtime, file_id)
