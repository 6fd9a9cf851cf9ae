"""The database held against what is published: an entry put in or changed behind the service.

An entry at the next index lets nothing more be entered: each decision's entry conflicts with it,
again and again. One that is changed after it was published is not what was signed. Both are said at
once: in audit's log file, at `/health/ready`, by `guanjia status`, and on `guanjia_log_differs`.
"""

import asyncio

import structlog

from services.audit import messages
from services.audit.model import Entry, LogHead, format_entry_id
from services.audit.public import PublicLogs
from services.audit.resources import AuditRuntime
from services.audit.store import load_entries, load_entry, read_head, read_heads
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.reader import read_bundle, read_entry
from services.audit.tlog.tiles import TILE_WIDTH
from shared import mongo, telemetry
from shared.answers import Answer
from shared.contracts.ledger_fields import INTEGER_MAX

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
END = INTEGER_MAX
"""No index is as large."""
BUNDLES_PER_LOOK = 40
"""10,240 entries: after a start a log of a million is read through in eight minutes."""
LOOKS_PER_ROUND = 720
"""What was compared once is compared again within the hour."""


async def inspect_logs(runtime: AuditRuntime) -> None:
    """Endless."""
    inspector = Inspector(runtime.database, runtime.resources)
    while True:
        await inspector.look()
        await asyncio.sleep(LOOK_EVERY_S)


class Inspector:
    """Reads every log through after a start, then what is new at each look and all of it in an
    hour, and looks again at what differed."""

    def __init__(self, database: mongo.Database, logs: PublicLogs) -> None:
        self._database, self._logs = database, logs
        self._next: dict[str, int] = {}
        """By origin: the bundle that comes next in the round."""
        self._compared: dict[str, int] = {}
        """By origin: how many entries were compared since the start, from the first."""
        self._differing: dict[str, set[int]] = {}
        """By origin: bundles with an entry that is not the one published."""

    async def look(self) -> None:
        for head in await read_heads(self._database):
            reason = await self._find_stray(head) or await self._compare(head.origin)
            self._report(head.origin, reason)

    async def _find_stray(self, head: LogHead) -> str:
        """An entry beyond the end; it may have been committed after the head was read."""
        beyond = {
            "$gte": format_entry_id(head.origin, head.size),
            "$lt": format_entry_id(head.origin, END),
        }
        entries = await mongo.find(
            self._database, Entry, {"_id": beyond}, sort=[("_id", -1)], limit=1
        )
        if not entries:
            return ""
        size = (await self._read_size(head)) or head.size
        stray = entries[0]
        if stray.index < size:
            return ""
        return (
            f"数据库中有不属于账本的条目 {stray.index}（账本只有 {size} 条），新条目无法写入 "
            f"entry {stray.index} lies in the database, the log has {size}: nothing is entered"
        )

    async def _read_size(self, head: LogHead) -> int | None:
        """None where a new year began meanwhile."""
        newest = await read_head(self._database, head.id)
        return newest.size if newest.origin == head.origin else None

    async def _compare(self, origin: str) -> str:
        name = self._logs.name_of(origin)
        checkpoint = await asyncio.to_thread(self._logs.read_checkpoint, name)
        if checkpoint is None or not checkpoint.size:
            return ""
        numbers = self._choose_bundles(origin, checkpoint.size)
        difference = ""
        for number in sorted(numbers):
            index = await self._find_difference(origin, checkpoint.size, number)
            if index is not None:
                self._differing.setdefault(origin, set()).add(number)
                difference = difference or (
                    f"数据库中的条目 {index} 与已公布的不同 "
                    f"entry {index} in the database is not the one published"
                )
        return difference

    def _choose_bundles(self, origin: str, size: int) -> set[int]:
        """What differed, what is new, and some of the round."""
        bundles = -(-size // TILE_WIDTH)
        compared = min(self._compared.get(origin, 0), size)
        fresh = range(compared // TILE_WIDTH, bundles) if compared < size else range(0)
        fresh = fresh[:BUNDLES_PER_LOOK]
        if fresh:
            self._compared[origin] = min(fresh.stop * TILE_WIDTH, size)
        first = self._next.get(origin, 0) % bundles
        again = range(first, min(first + -(-bundles // LOOKS_PER_ROUND), bundles))
        self._next[origin] = again.stop
        return {*self._differing.pop(origin, set()), *fresh, *again}

    async def _find_difference(self, origin: str, size: int, number: int) -> int | None:
        source = self._logs.open_log_source(self._logs.name_of(origin))
        try:
            published = await asyncio.to_thread(read_bundle, source, size, number)
        except BrokenError:
            return None  # it grew meanwhile; what is wrong with the files is the publisher's
        first = number * TILE_WIDTH
        stored = dict(await load_entries(self._database, origin, first, len(published)))
        places = enumerate(published, first)
        return next((index for index, leaf in places if stored.get(index) != leaf), None)

    def _report(self, origin: str, reason: str) -> None:
        before = self._logs.differing.get(origin, "")
        telemetry.LOG_DIFFERS.labels(origin).set(1 if reason else 0)
        if reason:
            self._logs.differing[origin] = reason
            if reason != before:
                log.critical("ledger_database_differs", log=origin, reason=reason)
        elif before:
            del self._logs.differing[origin]
            log.info("ledger_database_agrees", log=origin)


async def read_entry_to_reverse(runtime: AuditRuntime, origin: str, index: int) -> str | Answer:
    """The text of an entry as it is published: undoing another one would break the log for ever."""
    stored = await load_entry(runtime.database, origin, index)
    if stored is None:
        return messages.ENTRY_UNKNOWN.refusal(404)
    name = runtime.resources.name_of(origin)
    published = await asyncio.to_thread(_read_published, runtime.resources, name, index)
    if published is None:
        return messages.ENTRY_NOT_PUBLISHED.refusal(409, "index")
    if published != stored.encode():
        log.critical("ledger_database_differs", log=origin, reason=f"entry {index}")
        return messages.ENTRY_DIFFERS.refusal(409, "index")
    return stored


def _read_published(logs: PublicLogs, name: str, index: int) -> bytes | None:
    checkpoint = logs.read_checkpoint(name)
    if checkpoint is None or index >= checkpoint.size:
        return None
    return read_entry(logs.open_log_source(name), checkpoint.size, index)
