"""The one write path of a service: records and commands in, one transaction a batch, events out.

    records, commands -> load -> fold (decide) -> one transaction -> publish -> commit offsets

Nothing is acknowledged before it is durable; nothing durable is decided twice; nothing decided
stays unpublished. A crash at any arrow loses nothing and repeats no effect.
"""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from shared import mongo, telemetry
from shared.contracts.envelope import Event
from shared.errors import BugBrake, Conflict, QueueFull, Transient
from shared.messaging.batch_store import BatchStore, Position
from shared.messaging.changes import Changes, Result, Snapshot
from shared.messaging.decision import Answer, Command
from shared.messaging.fold import Fold
from shared.messaging.inbox import Inbox, Incoming, Item, describe_bug, format_traceback
from shared.messaging.publisher import Publisher
from shared.messaging.waiting import WaitingLines
from shared.tracing.context import Sampling

log = structlog.get_logger()

CONFLICTS_BEFORE_HALVING = 3
BUG_WINDOW = 200
RETRY_DELAY_S_MIN = 0.05
RETRY_DELAY_S_MAX = 5.0
QUIET_AFTER_S = 5.0
QUIET_TIMES = 5
"""So many times as long is waited where nothing has been decided for a while."""
NO_ANSWER = Answer(204, {})


class ServerTime(Protocol):
    async def now(self) -> datetime: ...


class BatchTracer(Protocol):
    @property
    def sampling(self) -> Sampling: ...
    @property
    def now_ns(self) -> Callable[[], int]: ...

    def record_batch(
        self, items: Sequence[Item], snapshot: Snapshot, changes: Changes, started_ns: int
    ) -> None: ...


@dataclass(slots=True)
class Ticket:
    """What a submitter waits for: the results of all its items, durable."""

    results: list[Result | None]
    done: asyncio.Future[None]
    open: int = field(default=0)

    def settle(self, index: int, result: Result) -> None:
        self.results[index] = result
        self.open -= 1
        if self.open == 0 and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class Pending:
    item: Item
    ticket: Ticket
    index: int


class Processor:
    """One per process; it decides one batch at a time, for all its topics and HTTP."""

    def __init__(
        self,
        *,
        service: str,
        inbox: Inbox,
        store: BatchStore,
        publisher: Publisher,
        clock: ServerTime,
        batch_events_max: int = 500,
        bugs_max: int = 20,
        queue_max: int = 20_000,
        tracer: BatchTracer | None = None,
    ) -> None:
        self._service = service
        self._inbox = inbox
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._batch_events_max = batch_events_max
        self._bugs_max = bugs_max
        self._queue_max = queue_max
        self._tracer = tracer
        self._queue = WaitingLines[Pending]()
        self._arrived = asyncio.Event()
        self._committed = asyncio.Event()
        self._committed_at = float("-inf")
        self._bugs: deque[bool] = deque(maxlen=BUG_WINDOW)
        self.is_braked = False

    # --- ways in ---

    async def submit(self, records: Sequence[Incoming]) -> None:
        """Returns when every record is durable: decided, parked, dropped or a dead letter."""
        await self._wait_for([self._inbox.parse_record(record) for record in records])

    async def execute(self, command: Command) -> Answer:
        """The durable decision. Raises Invalid (nothing is stored) or Transient."""
        (answer,) = await self.execute_many([command])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def execute_many(self, commands: Sequence[Command]) -> list[Answer | Exception]:
        """Decided in order, together where they fit in one transaction.

        Raises QueueFull where more than `queue_max` would wait.
        """
        if not commands:
            return []
        if len(self._queue) + len(commands) > self._queue_max:
            raise QueueFull(self._service)
        results = await self._wait_for([self._inbox.make_item(command) for command in commands])
        return [result.error or result.answer or NO_ANSWER for result in results]

    async def resume(self, item: Item) -> Answer:
        """A dead letter to be replayed or discarded."""
        (result,) = await self._wait_for([item])
        return result.answer or Answer(200, {"result": result.kind})

    async def now(self) -> datetime:
        """mongod's clock."""
        return await self._clock.now()

    @property
    def next_commit(self) -> asyncio.Event:
        """Set when the next transaction has committed here. Taken before a job looks for work and
        given to `wait_commit` after, it misses nothing that is decided in between."""
        return self._committed

    async def wait_commit(self, timeout_s: float, committed: asyncio.Event | None = None) -> None:
        """Until something was decided here, or the time is up: a longer one in quiet times.

        committed: what to wait for; without it, the commit that comes next."""
        committed = committed or self._committed
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s * (QUIET_TIMES if self._is_quiet() else 1)):
                await committed.wait()

    async def rest(self, seconds: float) -> None:
        """Between two looks at what time brings: longer in quiet times, which a commit ends."""
        if self._is_quiet():
            await self.wait_commit(seconds)
        else:
            await asyncio.sleep(seconds)

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._committed_at > QUIET_AFTER_S

    async def _wait_for(self, items: Sequence[Item]) -> list[Result]:
        if not items:
            return []
        if self.is_braked:
            raise BugBrake(self._service)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ticket = Ticket([None] * len(items), done, open=len(items))
        self._queue.add([Pending(item, ticket, index) for index, item in enumerate(items)])
        self._arrived.set()
        await done
        return [result for result in ticket.results if result is not None]

    # --- the loop ---

    async def run(self) -> None:
        """Until cancelled. Raises what is neither Conflict nor Transient: the process must end."""
        while True:
            await self._arrived.wait()
            batch = self._queue.take(self._batch_events_max)
            if not self._queue:
                self._arrived.clear()
            try:
                await self._work(batch)
            except BugBrake as brake:
                self._stop_deciding([*batch, *self._queue], brake)
                return
            # Whoever waited for it may have more, which then goes with what came meanwhile.
            await asyncio.sleep(0)

    async def _work(self, batch: list[Pending]) -> None:
        """All of it, in as few transactions as conflicts and sizes allow."""
        size, failures = len(batch), 0
        while batch:
            try:
                results = await self._run_transaction([p.item for p in batch[:size]])
            except Conflict:
                self._store.forget()
                failures += 1
                telemetry.CONFLICTS.labels(self._service).inc()
                if failures % CONFLICTS_BEFORE_HALVING == 0:
                    size = max(1, size // 2)
                await _back_off(failures, most_s=0.1)
            except Transient as error:
                self._store.forget()
                failures += 1
                log.warning("batch_retried", service=self._service, error=str(error))
                await _back_off(failures, most_s=RETRY_DELAY_S_MAX)
            except BugBrake:
                raise
            except Exception as bug:
                # What cannot be written is somebody's: alone, it becomes a dead letter.
                self._store.forget()
                if size == 1:
                    batch[0] = _mark_unwritable(batch[0], bug)
                size = max(1, size // 2)
            else:
                for pending, result in zip(batch, results, strict=False):
                    pending.ticket.settle(pending.index, result)
                batch, failures = batch[len(results) :], 0

    async def _run_transaction(self, items: list[Item]) -> list[Result]:
        """Works a prefix of the items; returns their results."""
        started, tracer = time.perf_counter(), self._tracer
        started_ns = tracer.now_ns() if tracer else 0
        now = await self._read_clock()
        snapshot = await self._store.load(items)
        fold = Fold(f"/{self._service}", snapshot, now, tracer.sampling if tracer else None)
        while refs := fold.run(items):
            fold.add(await self._store.load_states(refs))
        changes = fold.changes
        bugs = self._count_bugs(items, changes)
        positions = _collect_positions(items[: len(changes.results)])
        documents = await self._store.write(snapshot, changes, positions, now)
        self._bugs.extend(bugs)
        self._wake_jobs()
        self._report(changes, time.perf_counter() - started)
        self._measure_steps(items, changes, now)
        if tracer:
            tracer.record_batch(items, snapshot, changes, started_ns)
        await self._publisher.put(documents, positions)
        return changes.results

    async def _read_clock(self) -> datetime:
        try:
            return await self._clock.now()
        except mongo.PyMongoError as error:
            raise mongo.translate_error(error) from error

    def _count_bugs(self, items: Sequence[Item], changes: Changes) -> list[bool]:
        """A bad release must not empty a topic into dead letters.

        Records count, once stored; a command's caller is told, and a replay was counted before.
        """
        latest = [
            result.kind == "bug"
            for item, result in zip(items, changes.results, strict=False)
            if item.incoming is not None and not item.dead_letter
        ]
        if sum([*self._bugs, *latest][-BUG_WINDOW:]) > self._bugs_max:
            raise BugBrake(self._service)
        return latest

    def _stop_deciding(self, waiting: Sequence[Pending], brake: BugBrake) -> None:
        self.is_braked = True
        log.critical("bug_brake_pulled", service=self._service, bugs=sum(self._bugs))
        for pending in waiting:
            pending.ticket.fail(brake)

    def _measure_steps(self, items: Sequence[Item], changes: Changes, now: datetime) -> None:
        for type_, seconds in _list_steps(items, changes, now):
            telemetry.STEP_SECONDS.labels(self._service, type_).observe(seconds)

    def _wake_jobs(self) -> None:
        self._committed_at = time.monotonic()
        self._committed.set()
        self._committed = asyncio.Event()

    def _report(self, changes: Changes, seconds: float) -> None:
        telemetry.BATCH_SECONDS.labels(self._service).observe(seconds)
        telemetry.BATCH_ITEMS.labels(self._service).observe(len(changes.results))
        for kind, count in Counter(result.kind for result in changes.results).items():
            telemetry.ITEMS.labels(self._service, kind).inc(count)
        for id_, letter in changes.dead_letters.items():
            log.warning(
                "dead_letter_stored",
                service=self._service,
                dead_letter_id=id_,
                correlation_id=letter.item.correlation_id,
                problems=[problem.code for problem in letter.problems],
                traceback=letter.traceback or None,
            )
        telemetry.log_events(self._service, changes.outgoing)


def _list_steps(
    items: Sequence[Item], changes: Changes, now: datetime
) -> Iterator[tuple[str, float]]:
    """Of our own events: the time of others is what they say. Their type, and seconds since."""
    for item, result in zip(items, changes.results, strict=False):
        if item.stream and isinstance(item.input, Event) and result.kind == "applied":
            yield item.input.data.TYPE, max(0.0, (now - item.input.time).total_seconds())


def _mark_unwritable(pending: Pending, bug: Exception) -> Pending:
    """Raises the bug again when even the dead letter could not be stored."""
    if pending.item.problems:
        raise bug
    problems, trace = (describe_bug(bug),), format_traceback(bug)
    item = replace(pending.item, problems=problems, traceback=trace)
    return replace(pending, item=item)


def _collect_positions(items: Sequence[Item]) -> dict[Position, int]:
    """Where to resume, by (cluster, topic, partition); replays have no place of their own."""
    positions: dict[Position, int] = {}
    for item in items:
        incoming = item.incoming
        if incoming is not None and not item.dead_letter:
            place = (incoming.cluster, incoming.topic, incoming.partition)
            positions[place] = max(positions.get(place, 0), incoming.offset + 1)
    return positions


async def _back_off(failures: int, most_s: float) -> None:
    """Exponential with full jitter."""
    ceiling = min(most_s, RETRY_DELAY_S_MIN * 2 ** min(failures, 10))
    await asyncio.sleep(random.uniform(0, ceiling))  # noqa: S311 - jitter, not a secret
