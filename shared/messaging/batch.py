"""A batch on its way: what it decides and for whom, until it is durable."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from shared import telemetry
from shared.contracts.envelope import Event
from shared.messaging.batch_store import Position, Writing
from shared.messaging.changes import Changes, Result, Snapshot
from shared.messaging.inbox import Item, describe_bug, format_traceback
from shared.tracing.context import Sampling

log = structlog.get_logger()


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

    def mark_unwritable(self, bug: Exception) -> "Pending":
        """Raises the bug again when even the dead letter could not be stored."""
        if self.item.problems:
            raise bug
        problems, trace = (describe_bug(bug),), format_traceback(bug)
        return replace(self, item=replace(self.item, problems=problems, traceback=trace))


@dataclass(slots=True)
class Batch:
    """Decided and not yet durable.

    pending: what it was to work; it works the first of them, as many as there are results. now: by
    which it was decided. began_ns: of the tracer's clock. decided_s, written_s: how long each took,
    without what it waited for the batch before.
    """

    pending: Sequence[Pending]
    snapshot: Snapshot
    changes: Changes
    positions: Mapping[Position, int]
    writing: Writing
    now: datetime
    began_ns: int
    decided_s: float
    written_s: float = 0.0

    @property
    def worked(self) -> Sequence[Pending]:
        return self.pending[: len(self.changes.results)]

    @property
    def rest(self) -> Sequence[Pending]:
        """What did not fit."""
        return self.pending[len(self.changes.results) :]

    def list_bugs(self) -> list[bool]:
        """Of each record whether it met a bug; a command's caller is told, and a replay was counted
        before."""
        return [
            result.kind == "bug"
            for pending, result in zip(self.pending, self.changes.results, strict=False)
            if pending.item.incoming is not None and not pending.item.dead_letter
        ]

    def list_steps(self) -> Iterator[tuple[str, float]]:
        """Of our own events: the time of others is what they say. Their type, and seconds since."""
        for pending, result in zip(self.pending, self.changes.results, strict=False):
            item, event = pending.item, pending.item.input
            if item.stream and isinstance(event, Event) and result.kind == "applied":
                yield event.data.TYPE, max(0.0, (self.now - event.time).total_seconds())

    def settle(self) -> None:
        for pending, result in zip(self.pending, self.changes.results, strict=False):
            pending.ticket.settle(pending.index, result)

    def report(self, service: str) -> None:
        """What operators see once it is durable: figures, dead letters, events. Where batches
        overlap, each counts the time that it took by itself."""
        changes = self.changes
        telemetry.BATCH_SECONDS.labels(service).observe(self.decided_s + self.written_s)
        telemetry.BATCH_ITEMS.labels(service).observe(len(changes.results))
        for kind, count in Counter(result.kind for result in changes.results).items():
            telemetry.ITEMS.labels(service, kind).inc(count)
        for type_, seconds in self.list_steps():
            telemetry.STEP_SECONDS.labels(service, type_).observe(seconds)
        for id_, letter in changes.dead_letters.items():
            log.warning(
                "dead_letter_stored",
                service=service,
                dead_letter_id=id_,
                correlation_id=letter.item.correlation_id,
                problems=[problem.code for problem in letter.problems],
                traceback=letter.traceback or None,
            )
        telemetry.log_events(service, changes.outgoing)


@dataclass(slots=True)
class Commit:
    """A batch whose transaction is under way. is_finished: who waited for it has been answered."""

    batch: Batch
    task: asyncio.Task[None]
    is_finished: bool = False

    async def wait(self) -> Exception | None:
        """Why it failed. Raises what is no failure of a batch."""
        await asyncio.wait({self.task})
        try:
            self.task.result()
        except Exception as error:
            return error
        return None


class BatchTracer(Protocol):
    @property
    def sampling(self) -> Sampling: ...
    @property
    def now_ns(self) -> Callable[[], int]: ...

    def record_batch(
        self, items: Sequence[Item], snapshot: Snapshot, changes: Changes, started_ns: int
    ) -> None: ...


def collect_positions(items: Sequence[Item]) -> dict[Position, int]:
    """Where to resume, by (cluster, topic, partition); replays have no place of their own."""
    positions: dict[Position, int] = {}
    for item in items:
        incoming = item.incoming
        if incoming is not None and not item.dead_letter:
            place = (incoming.cluster, incoming.topic, incoming.partition)
            positions[place] = max(positions.get(place, 0), incoming.offset + 1)
    return positions
