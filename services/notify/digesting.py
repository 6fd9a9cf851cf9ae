"""The job that turns what waits for staff into digests, when their time has come."""

import asyncio

import structlog

from services.notify import store
from services.notify.duties import INSTEAD
from services.notify.model import Backlog, SendDigest
from services.notify.recording import INTERRUPTIONS
from services.notify.resources import NotifyRuntime
from shared import mongo
from shared.messaging.batches import execute_each
from shared.messaging.decision import Command

log = structlog.get_logger()


async def send_digests(runtime: NotifyRuntime) -> None:
    """Endless. Any instance may do it: a digest is decided once."""
    while True:
        try:
            await send_due(runtime)
        except INTERRUPTIONS as error:
            log.warning("digests_wait", reason=str(error))
        await asyncio.sleep(runtime.settings.digest_poll_s)


async def send_due(runtime: NotifyRuntime) -> None:
    """Once: all that is due now."""
    now = await runtime.processor.now()
    commands = [
        await _build_command(runtime, backlog)
        for backlog in await mongo.find_due(runtime.database, Backlog, now)
    ]
    for _, answer in await execute_each(runtime.processor, commands):
        if isinstance(answer, Exception):
            log.error("command_failed", error=repr(answer))


async def _build_command(runtime: NotifyRuntime, backlog: Backlog) -> Command[SendDigest]:
    members = await store.find_members(runtime.database, backlog.duty, backlog.area)
    if not members and (instead := INSTEAD.get(backlog.duty)):
        members = await store.find_members(runtime.database, instead, backlog.area)
    if not members:
        log.error("duty_without_staff", duty=backlog.duty, area=backlog.area, count=backlog.count)
    data = SendDigest(
        aggregate_id=backlog.id,
        due_at=backlog.deadline,
        person_ids=tuple(member.person_id for member in members),
    )
    return Command(data, correlation_id=backlog.id)
