"""The publisher: committed entries become tiles, bundles and a signed checkpoint, in batches.

Each foundation's closed years come first and are frozen, then the year that is running. What is
wrong with one log stops that log alone.
"""

import asyncio
from dataclasses import dataclass

import structlog

from services.audit.model import ClosedLog, LogHead
from services.audit.resources import AuditRuntime
from services.audit.store import load_entries, read_head, read_heads
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.merkle import Frontier
from services.audit.tlog.witnesses import QuorumError
from services.audit.tlog.writer import (
    CorruptLogError,
    ForkError,
    LockedError,
    LogDirectory,
    MissingEntriesError,
)
from shared import telemetry

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
"""Another instance's commits wake nobody here, so the database is asked as well."""
REST_S = 10.0
"""How long nothing is asked of a log that is finished, or of witnesses that did not answer."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What the database holds of one log. closed: it is complete, and this its end."""

    origin: str
    size: int
    tree: Frontier | None = None
    closed: ClosedLog | None = None


async def publish(runtime: AuditRuntime) -> None:
    """Endless."""
    settings = runtime.settings
    publisher = Publisher(runtime)
    while True:
        committed = runtime.processor.next_commit
        if not await publisher.publish_committed():
            await runtime.processor.wait_commit(LOOK_EVERY_S, committed)
        await asyncio.sleep(settings.publish_interval_ms / 1000)


async def publish_committed(runtime: AuditRuntime) -> bool:
    """One round over all logs; whether anything was published."""
    return await Publisher(runtime).publish_committed()


class Publisher:
    """Remembers which logs may rest, and what their witnesses have cosigned."""

    def __init__(self, runtime: AuditRuntime) -> None:
        self._database = runtime.database
        self._settings, self._logs = runtime.settings, runtime.resources
        self._rests_until: dict[str, float] = {}
        self._unwritable_until: dict[str, float] = {}
        self._ahead: dict[str, int] = {}

    async def publish_committed(self) -> bool:
        """At most one checkpoint for each log; whether there was any."""
        published = False
        for head in await read_heads(self._database):
            for committed in _list_logs(head):
                published |= await self._publish_or_stop(head.id, committed)
        return published

    async def _publish_or_stop(self, foundation: str, committed: Committed) -> bool:
        origin = committed.origin
        if origin in self._logs.stopped or (committed.closed and self._rests(origin)):
            return False
        if asyncio.get_running_loop().time() < self._unwritable_until.get(origin, 0.0):
            return False
        try:
            published = await self._publish(foundation, committed)
            if published:
                self._has_witnesses(origin)
            if self._logs.unwritable.pop(origin, None):
                telemetry.LOG_UNWRITABLE.labels(origin).set(0)
            return published
        except (ForkError, CorruptLogError) as error:
            self._logs.stopped[origin] = str(error)
            telemetry.LOG_STOPPED.labels(origin).set(1)
            log.critical("ledger_publishing_stopped", log=origin, error=str(error))
        except QuorumError as error:
            self._ahead[origin] = error.size
            self._logs.waiting[origin] = str(error)
            telemetry.LOG_WAITING.labels(origin).set(1)
            log.warning("checkpoint_waits_for_witnesses", log=origin, error=str(error))
        except (LockedError, MissingEntriesError) as error:
            log.warning("publishing_waits", log=origin, error=str(error))
        except OSError as error:
            self._note_unwritable(origin, error)
        return False

    def _note_unwritable(self, origin: str, error: OSError) -> None:
        """Full or read-only: this log rests a while, and the others go on."""
        self._logs.unwritable[origin] = error.strerror or type(error).__name__
        self._unwritable_until[origin] = asyncio.get_running_loop().time() + REST_S
        telemetry.LOG_UNWRITABLE.labels(origin).set(1)
        log.error("ledger_unwritable", log=origin, error=str(error))

    async def _publish(self, foundation: str, committed: Committed) -> bool:
        directory = await asyncio.to_thread(self._logs.open_directory, committed.origin)
        standing = await asyncio.to_thread(directory.find_checkpoint)
        committed = await self._await_commit(foundation, committed, standing)
        telemetry.LOG_ENTRIES.labels(committed.origin).set(standing.size)
        telemetry.LOG_BEHIND.labels(committed.origin).set(committed.size - standing.size)
        if standing.size < committed.size:
            return await self._extend(directory, committed, standing.size)
        if committed.closed and not standing.frozen:
            await asyncio.to_thread(directory.freeze, committed.size, committed.closed.root)
            log.info("log_frozen", log=committed.origin, size=committed.size)
            return True
        return await self._sign_again(directory, standing)

    async def _extend(self, directory: LogDirectory, committed: Committed, standing: int) -> bool:
        """A witness that cosigned more than stands answers for no less."""
        ahead = self._ahead.get(committed.origin, 0) - standing
        limit = min(max(self._settings.publish_entries_max, ahead), committed.size - standing)
        fresh = await load_entries(self._database, committed.origin, standing, limit)
        if not fresh:
            raise MissingEntriesError(
                f"{standing} of {committed.size} are published, no more found"
            )
        checkpoint = await asyncio.to_thread(directory.publish, fresh, committed.tree)
        size, entries = checkpoint.size, len(fresh)
        log.info("checkpoint_published", log=committed.origin, size=size, entries=entries)
        return True

    async def _sign_again(self, directory: LogDirectory, standing: Checkpoint) -> bool:
        """Nothing is new in the log, but a key may be, or a witness that was away is back."""
        if await asyncio.to_thread(directory.lacks_signature):
            await asyncio.to_thread(directory.publish, [])
            log.info("checkpoint_signed_again", log=standing.origin, size=standing.size)
            return True
        if not self._rests(standing.origin):
            self._rest(standing.origin)
            if await asyncio.to_thread(directory.lacks_witness):
                await asyncio.to_thread(directory.publish, [], ask_again=True)
            self._has_witnesses(standing.origin)
        return False

    def _has_witnesses(self, origin: str) -> None:
        if self._logs.waiting.pop(origin, None) is not None:
            telemetry.LOG_WAITING.labels(origin).set(0)

    def _rests(self, origin: str) -> bool:
        return asyncio.get_running_loop().time() < self._rests_until.get(origin, 0.0)

    def _rest(self, origin: str) -> None:
        self._rests_until[origin] = asyncio.get_running_loop().time() + REST_S

    async def _await_commit(
        self, foundation: str, committed: Committed, standing: Checkpoint
    ) -> Committed:
        """Read after what stands: another instance publishes while this one looks, and what it
        publishes is committed. Asked twice, should a server just replaced have answered first."""
        for _ in range(2):
            if _holds(committed, standing):
                return committed
            head = await read_head(self._database, foundation)
            committed = next(
                (each for each in _list_logs(head) if each.origin == committed.origin),
                Committed(committed.origin, 0),
            )
        if _holds(committed, standing):
            return committed
        what = "a frozen log" if standing.frozen else "entries"
        raise ForkError(
            f"{what} of size {standing.size} stands, {committed.size} are in the database"
        )


def _list_logs(head: LogHead) -> list[Committed]:
    closed = [Committed(each.origin, each.size, closed=each) for each in head.closed]
    return [*closed, Committed(head.origin, head.size, head.tree)]


def _holds(committed: Committed, standing: Checkpoint) -> bool:
    """Whether what stands can have come from what is committed."""
    return standing.size <= committed.size and (committed.closed is not None or not standing.frozen)
