"""The publisher: committed entries become tiles, bundles and a signed checkpoint, in batches."""

import asyncio

import structlog

from services.audit.log.publisher import CorruptLogError, ForkError
from services.audit.model import LogHead
from services.audit.public import PublicLogs
from services.audit.settings import AuditSettings
from services.audit.store import found_log, ledger_year, read_entries, read_head
from shared import mongo
from shared.runtime import Runtime

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
"""Another instance's commits wake nobody here, so the database is asked as well."""


async def open_log(runtime: Runtime) -> None:
    """At start: the first start founds this year's log and makes its key."""
    settings, logs = _parts(runtime)
    origin = f"{settings.log_origin}/{ledger_year(await runtime.processor.now())}"
    await found_log(runtime.database, origin)
    head = await read_head(runtime.database)
    await asyncio.to_thread(logs.key, head.origin)


async def publish(runtime: Runtime) -> None:
    """Endless. Stops for good where the log would contradict what it signed."""
    settings, logs = _parts(runtime)
    while not logs.stopped:
        try:
            grew = await publish_committed(runtime)
        except (ForkError, CorruptLogError) as error:
            logs.stopped = str(error)
            log.critical("ledger_publishing_stopped", error=str(error))
            break
        if not grew:
            await runtime.processor.wait_commit(LOOK_EVERY_S)
        await asyncio.sleep(settings.publish_interval_ms / 1000)
    await asyncio.Event().wait()


async def publish_committed(runtime: Runtime) -> bool:
    """One checkpoint over what was committed since the last one; whether there was anything."""
    settings, logs = _parts(runtime)
    origin = (await read_head(runtime.database)).origin
    directory = await asyncio.to_thread(logs.directory, origin)
    standing = await asyncio.to_thread(directory.standing)
    head = await _head_beyond(runtime.database, standing.size)
    limit = min(settings.publish_entries_max, head.size - standing.size)
    fresh = await read_entries(runtime.database, head.origin, standing.size, limit)
    if not fresh:
        return False
    checkpoint = await asyncio.to_thread(directory.publish, fresh, head.tree)
    log.info("checkpoint_published", log=head.origin, size=checkpoint.size, entries=len(fresh))
    return True


async def _head_beyond(database: mongo.Database, published: int) -> LogHead:
    """Read after what stands: another instance publishes while this one looks, and what it
    publishes is committed. Asked twice, should a server just replaced have answered first."""
    head = await read_head(database)
    if head.size < published:
        head = await read_head(database)
    if head.size < published:
        raise ForkError(f"{published} entries are published, {head.size} are in the database")
    return head


def _parts(runtime: Runtime) -> tuple[AuditSettings, PublicLogs]:
    settings, logs = runtime.settings, runtime.extras
    assert isinstance(settings, AuditSettings)
    assert isinstance(logs, PublicLogs)
    return settings, logs
