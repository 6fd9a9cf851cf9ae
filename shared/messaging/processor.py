"""The one write path of a service: records and commands in, one transaction a batch, events out.

    records, commands -> load -> fold (decide) -> one transaction -> publish -> commit offsets

Nothing is acknowledged before it is durable; nothing durable is decided twice; nothing decided
stays unpublished. A crash at any arrow loses nothing and repeats no effect.

A batch is loaded and decided while the one before it commits, on what that one will have written.
Its own transaction begins when the one before is durable; where that failed, it is decided again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

import structlog

from shared import mongo, telemetry
from shared.errors import BugBrake, Conflict, PlaceUnsure, QueueFull, Transient
from shared.messaging.batch import (
    Batch,
    BatchTracer,
    Commit,
    Pending,
    Ticket,
    collect_positions,
)
from shared.messaging.batch_store import BatchStore
from shared.messaging.changes import Result
from shared.messaging.decision import Answer, Command
from shared.messaging.fold import Fold
from shared.messaging.inbox import Inbox, Incoming, Item
from shared.messaging.pace import Pace, back_off
from shared.messaging.publisher import Publisher
from shared.messaging.uncommitted import NOTHING_UNCOMMITTED, Uncommitted
from shared.messaging.waiting import WaitingLines

log = structlog.get_logger()

CONFLICTS_BEFORE_HALVING = 3
CONFLICTS_IN_A_ROW_MAX = 100
"""Within some ten seconds: more is nobody who was faster, but a document where none may be."""
BUG_WINDOW = 200
RETRY_DELAY_S_MAX = 5.0
DECIDED_AT_ONCE = 25
QUIET_AFTER_S = 5.0
QUIET_TIMES = 5
"""So many times as long is waited where nothing has been decided for a while."""
NO_ANSWER = Answer(204, {})


class ServerTime(Protocol):
    async def now(self) -> datetime: ...


class Processor:
    """One per process, for all its topics and HTTP: one batch commits, the next is decided."""

    def __init__(
        self,
        *,
        service: str,
        inbox: Inbox,
        store: BatchStore,
        publisher: Publisher,
        clock: ServerTime,
        batch_events_max: int = 500,
        batch_interval_s: float = 0.0,
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
        self._first: list[Pending] = []
        self._stirred = asyncio.Event()
        self._commit: Commit | None = None
        self._pace = Pace(batch_interval_s)
        self._committed = asyncio.Event()
        self._committed_at = float("-inf")
        self._bugs: deque[bool] = deque(maxlen=BUG_WINDOW)
        self.is_braked = False
        self.conflicts_in_a_row = 0

    # --- ways in ---

    async def submit(self, records: Sequence[Incoming]) -> None:
        """Returns when every record is durable: decided, parked, dropped or a dead letter."""
        items = [self._inbox.parse_record(record) for record in records]
        await self._wait_for(items, self._queue.add_lasting)

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
        if len(self._first) + len(self._queue) + len(commands) > self._queue_max:
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
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s * (QUIET_TIMES if self._is_quiet() else 1)):
                await (committed or self._committed).wait()

    async def rest(self, seconds: float) -> None:
        """Between two looks at what time brings: longer in quiet times, which a commit ends."""
        if self._is_quiet():
            await self.wait_commit(seconds)
        else:
            await asyncio.sleep(seconds)

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._committed_at > QUIET_AFTER_S

    async def _wait_for(
        self, items: Sequence[Item], add: Callable[[Sequence[Pending]], None] | None = None
    ) -> list[Result]:
        if not items:
            return []
        if self.is_braked:
            raise BugBrake(self._service)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ticket = Ticket([None] * len(items), done, open=len(items))
        (add or self._queue.add)([Pending(item, ticket, index) for index, item in enumerate(items)])
        self._stirred.set()
        await done
        return [result for result in ticket.results if result is not None]

    # --- the loop ---

    async def run(self) -> None:
        """Until cancelled. Raises what is neither Conflict nor Transient: the process must end."""
        try:
            while True:
                await self._work_next()
        except BugBrake as brake:
            self._stop_deciding(brake)
        finally:
            if self._commit:
                self._commit.task.cancel()

    async def _work_next(self) -> None:
        """Decides what came while the batch before commits. Until that is durable, nothing of it is
        written or seen; where it fails, it is decided again."""
        commit = self._commit
        pending = await self._gather(commit)
        decided = await self._decide_ahead(pending, commit) if pending else None
        failure = await commit.wait() if commit else None
        self._commit = None
        if commit and failure:
            self._put_back(pending)
            await self._work(commit.batch.worked, failure)
            return
        try:
            if isinstance(decided, Batch):
                await self._begin(decided)
        except BugBrake:
            self._put_back(pending)
            raise
        finally:
            if commit and not commit.is_finished:
                await self._finish(commit.batch)
        if isinstance(decided, Exception):
            await self._work(pending, decided)

    async def _gather(self, commit: Commit | None) -> list[Pending]:
        """Waits until there is something to decide, or until the commit has ended."""
        if commit is None:
            # Whoever waited for the last commit may have more, which then goes with what came.
            await asyncio.sleep(0)
        while not (commit and commit.task.done()):
            start_in = self._find_wait(commit)
            if start_in is not None and start_in <= 0:
                return self._take()
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(start_in):
                    await self._stirred.wait()
        return []

    def _find_wait(self, commit: Commit | None) -> float | None:
        """For so many seconds more may come; None: until something does, or the commit has ended.

        Where others write the same, what is decided meanwhile would often be thrown away.
        """
        count = len(self._queue) + len(self._first)
        if not count or (commit and self._store.is_contested):
            return None
        if count >= self._batch_events_max:
            return 0
        return self._pace.find_wait(count, time.monotonic(), is_committing=bool(commit))

    def _take(self) -> list[Pending]:
        most = self._batch_events_max
        first, self._first = self._first[:most], self._first[most:]
        return [*first, *self._queue.take(most - len(first))]

    def _put_back(self, pending: Sequence[Pending]) -> None:
        self._first = [*pending, *self._first]

    async def _decide_ahead(
        self, pending: Sequence[Pending], commit: Commit | None
    ) -> Batch | Exception:
        """The batch, or why it is to be decided again when the one before is durable.

        Where that is durable first, who waits for it does not wait for this one.
        """
        if commit is None:
            return await self._try_to_decide(pending, NOTHING_UNCOMMITTED)
        finishing = asyncio.create_task(self._finish_when_durable(commit))
        try:
            decided = await self._try_to_decide(pending, commit.batch.writing.uncommitted)
        finally:
            if not commit.is_finished:
                finishing.cancel()
            # Not awaited itself: its cancellation is no other's.
            await asyncio.wait({finishing})
        if not finishing.cancelled():
            finishing.result()
        return decided

    async def _try_to_decide(
        self, pending: Sequence[Pending], before: Uncommitted
    ) -> Batch | Exception:
        try:
            return await self._decide(pending, before)
        except Exception as error:
            return error

    async def _finish_when_durable(self, commit: Commit) -> None:
        if await commit.wait() is None:
            commit.is_finished = True
            await self._finish(commit.batch)

    async def _decide(
        self,
        pending: Sequence[Pending],
        before: Uncommitted = NOTHING_UNCOMMITTED,
        *,
        trusts_places: bool = True,
    ) -> Batch:
        """A prefix of them. Raises Conflict, Transient or a bug."""
        began_at, tracer = time.monotonic(), self._tracer
        began_ns = tracer.now_ns() if tracer else 0
        items = [each.item for each in pending]
        now = await self._read_clock()
        snapshot = await self._store.load(items, before, trusts_places=trusts_places)
        fold = Fold(f"/{self._service}", snapshot, now, tracer.sampling if tracer else None)
        while not fold.is_done(items):
            if refs := fold.run(items, DECIDED_AT_ONCE):
                fold.add(await self._store.load_states(refs))
            else:
                await asyncio.sleep(0)  # answers and requests need not wait for all of them
        positions = collect_positions(items[: len(fold.changes.results)])
        writing = self._store.prepare(snapshot, fold.changes, positions, now)
        decided_s = time.monotonic() - began_at
        self._pace.note_decided(len(fold.changes.results), decided_s)
        return Batch(pending, snapshot, fold.changes, positions, writing, now, began_ns, decided_s)

    async def _begin(self, batch: Batch) -> None:
        """To commit it. Raises BugBrake."""
        self._check_bugs(batch)
        self._put_back(batch.rest)
        task = asyncio.create_task(self._write(batch))
        task.add_done_callback(lambda _: self._stirred.set())
        self._commit = Commit(batch, task)
        self._pace.note_begun(len(batch.worked), time.monotonic())
        await asyncio.sleep(0)  # it is sent before anything else is done

    async def _write(self, batch: Batch) -> None:
        began_at = time.monotonic()
        await self._store.write(batch.writing)
        batch.written_s = time.monotonic() - began_at
        if batch.writing.writes:
            self._pace.note_committed(batch.written_s)
        self._bugs.extend(batch.list_bugs())

    async def _finish(self, batch: Batch) -> None:
        """Tells what is durable now."""
        self.conflicts_in_a_row = 0
        self._wake_jobs()
        batch.settle()
        batch.report(self._service)
        if self._tracer:
            items = [pending.item for pending in batch.worked]
            self._tracer.record_batch(items, batch.snapshot, batch.changes, batch.began_ns)
        await self._publisher.put(batch.writing.documents, batch.positions)

    async def _work(self, pending: Sequence[Pending], failure: Exception) -> None:
        """What failed, until it is durable: in as few transactions as conflicts and sizes allow."""
        left, size, failures = list(pending), len(pending), 0
        error: Exception | None = failure
        while left:
            if error is not None:
                failures += 1
                size = await self._recover(left, size, error, failures)
            try:
                trusts_places = not isinstance(error, PlaceUnsure)
                batch = await self._decide(left[:size], trusts_places=trusts_places)
                self._check_bugs(batch)
                await self._write(batch)
            except BugBrake:
                self._put_back(left)
                raise
            except Exception as again:
                error = again
            else:
                await self._finish(batch)
                left, failures, error = left[len(batch.worked) :], 0, None

    async def _recover(
        self, left: list[Pending], size: int, error: Exception, failures: int
    ) -> int:
        """How many are tried at once next."""
        if isinstance(error, PlaceUnsure):
            return size
        self._store.forget()
        if isinstance(error, Conflict):
            telemetry.CONFLICTS.labels(self._service).inc()
            self.conflicts_in_a_row += 1
            if (in_a_row := self.conflicts_in_a_row) % CONFLICTS_IN_A_ROW_MAX == 0:
                log.error("conflicts_endless", service=self._service, in_a_row=in_a_row)
            await back_off(failures, most_s=0.1)
            return max(1, size // 2) if failures % CONFLICTS_BEFORE_HALVING == 0 else size
        self.conflicts_in_a_row = 0
        if isinstance(error, Transient):
            log.warning("batch_retried", service=self._service, error=str(error))
            await back_off(failures, most_s=RETRY_DELAY_S_MAX)
            return size
        # What cannot be written is somebody's: alone, it becomes a dead letter.
        if size == 1:
            left[0] = left[0].mark_unwritable(error)
        return max(1, size // 2)

    async def _read_clock(self) -> datetime:
        try:
            return await self._clock.now()
        except mongo.PyMongoError as error:
            raise mongo.translate_error(error) from error

    def _check_bugs(self, batch: Batch) -> None:
        """A bad release must not empty a topic into dead letters. Raises BugBrake.

        Records count, once stored.
        """
        if sum([*self._bugs, *batch.list_bugs()][-BUG_WINDOW:]) > self._bugs_max:
            raise BugBrake(self._service)

    def _stop_deciding(self, brake: BugBrake) -> None:
        self.is_braked = True
        log.critical("bug_brake_pulled", service=self._service, bugs=sum(self._bugs))
        for pending in [*self._first, *self._queue]:
            pending.ticket.fail(brake)

    def _wake_jobs(self) -> None:
        self._committed_at = time.monotonic()
        self._committed.set()
        self._committed = asyncio.Event()
