"""How a service's coroutines are begun, repeated and ended."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from shared import mongo
from shared.errors import Transient
from shared.runtime import Runtime
from shared.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")
SettingsT = TypeVar("SettingsT", bound=Settings)
ResourcesT = TypeVar("ResourcesT")
CANCEL_AGAIN_S = 1.0
RETRY_EVERY_S = 0.3
AGAIN_AFTER_S = 1.0
ONE_OUTAGE_S = 60.0
REASON_LENGTH = 40
EXIT_CANNOT_STORE = 70


async def retry_until_done(
    attempt: Callable[[], Awaitable[T]], note: Callable[[str], None] = lambda _why: None
) -> T:
    """note: gets why it does not work yet."""
    reason = ""
    while True:
        try:
            return await attempt()
        except Transient as error:
            if str(error) != reason:
                log.warning("start_waits", error=str(error))
            reason = str(error)
            note(reason)
            await asyncio.sleep(RETRY_EVERY_S)


async def cancel_each(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Again until they have ended: a library may swallow a cancellation."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_endlessly(
    job: Callable[[Runtime[SettingsT, ResourcesT]], Awaitable[None]],
    runtime: Runtime[SettingsT, ResourcesT],
) -> None:
    """Starts a job that raises again, with a log line; a job holds nothing that could be lost.

    Where the database is away, one line for as long as it is, and one more for each other reason.
    """
    name, loop = getattr(job, "__name__", "job"), asyncio.get_running_loop()
    failed_at: dict[str, float] = {}
    while True:
        try:
            await job(runtime)
        except (Transient, mongo.ConnectionFailure) as error:
            # What follows in the driver's texts tells how long it waited, of each failure anew.
            reason, now = str(error)[:REASON_LENGTH], loop.time()
            failed_at = {k: at for k, at in failed_at.items() if now - at <= ONE_OUTAGE_S}
            if reason not in failed_at:
                log.warning("job_waits", service=runtime.name, job=name, error=str(error))
            failed_at[reason] = now
        except Exception:
            log.exception("job_failed", service=runtime.name, job=name)
        await asyncio.sleep(AGAIN_AFTER_S)


async def run_or_exit(coroutine: Awaitable[None]) -> None:
    """Ends the process on what no retry can mend: the supervisor starts a clean one."""
    try:
        await coroutine
    except Exception:
        log.exception("process_ends")
        os._exit(EXIT_CANNOT_STORE)
