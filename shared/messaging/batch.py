"""A batch on its way: what it decides and for whom, until it is durable."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.envelope import Event
from shared.messaging.batch_store import Position, Writing
from shared.messaging.changes import Changes, Result, Snapshot
from shared.messaging.inbox import Item


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


@dataclass(frozen=True, slots=True)
class Batch:
    """Decided and not yet durable.

    pending: what it was to work; it works the first of them, as many as there are results. now: by
    which it was decided. began_at: of the monotonic clock; began_ns: of the tracer's.
    """

    pending: Sequence[Pending]
    snapshot: Snapshot
    changes: Changes
    positions: Mapping[Position, int]
    writing: Writing
    now: datetime
    began_at: float
    began_ns: int

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


@dataclass(frozen=True, slots=True)
class Commit:
    """A batch whose transaction is under way."""

    batch: Batch
    task: asyncio.Task[None]
    began_at: float

    async def wait(self) -> Exception | None:
        """Why it failed. Raises what is no failure of a batch."""
        await asyncio.wait({self.task})
        try:
            self.task.result()
        except Exception as error:
            return error
        return None


def collect_positions(items: Sequence[Item]) -> dict[Position, int]:
    """Where to resume, by (cluster, topic, partition); replays have no place of their own."""
    positions: dict[Position, int] = {}
    for item in items:
        incoming = item.incoming
        if incoming is not None and not item.dead_letter:
            place = (incoming.cluster, incoming.topic, incoming.partition)
            positions[place] = max(positions.get(place, 0), incoming.offset + 1)
    return positions
