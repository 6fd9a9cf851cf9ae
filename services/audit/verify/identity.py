"""Invariant 6: each event is recorded once, and each place on the broker is used once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.audit.verify.findings import BrokenError
from shared.contracts.ledger import Event, Position


@dataclass(slots=True)
class PartitionRange:
    """The offsets of one partition that became entries. Not every offset must: other facts pass."""

    cluster: str
    topic: str
    partition: int
    first: int
    last: int
    recorded: int = 1

    @property
    def skipped(self) -> int:
        """Offsets between first and last that are no entry."""
        return self.last - self.first + 1 - self.recorded


@dataclass(slots=True)
class EventRegister:
    """The ids seen so far, each as a 64-bit keyed hash.

    A false alarm has odds of one in 70 million at a million entries, and Python keys the hash
    anew for each process, so nobody can prepare one; a repeated id is never missed.
    """

    _events: set[int] = field(default_factory=set)
    _places: set[int] = field(default_factory=set)
    _ranges: dict[tuple[str, str, int], PartitionRange] = field(default_factory=dict)

    def record(self, event: Event, index: int) -> None:
        """BrokenError if the event, or its place on the broker, was recorded before."""
        mark = hash((event["source"], event["id"]))
        if mark in self._events:
            message = f"event {event['id']} of {event['source']} was recorded before"
            raise BrokenError(6, message, index)
        self._events.add(mark)
        if "position" in event:
            self._record_position(event["position"], index)

    def _record_position(self, at: Position, index: int) -> None:
        place = (at["cluster"], at["topic"], at["partition"])
        mark = hash((*place, at["offset"]))
        if mark in self._places:
            raise BrokenError(6, f"offset {at['offset']} of {place} was recorded before", index)
        self._places.add(mark)
        known = self._ranges.get(place)
        if known is None:
            self._ranges[place] = PartitionRange(*place, at["offset"], at["offset"])
            return
        known.first = min(known.first, at["offset"])
        known.last = max(known.last, at["offset"])
        known.recorded += 1

    def partitions(self) -> Iterator[PartitionRange]:
        for place in sorted(self._ranges):
            yield self._ranges[place]
