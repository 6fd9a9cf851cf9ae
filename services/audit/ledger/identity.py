"""Invariant 6: each event is recorded once, and each place on the broker is used once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.audit.ledger.findings import UNIQUE
from services.audit.tlog.findings import BrokenError
from shared.contracts.ledger import Event, Position

PAGE_BITS = 9

PAGE_MASK = (1 << PAGE_BITS) - 1


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """The offsets of one partition that became entries. Not every offset must: other facts pass."""

    cluster: str
    topic: str
    partition: int
    first: int
    last: int
    recorded: int

    @property
    def skipped(self) -> int:
        """Offsets between first and last that are no entry."""
        return self.last - self.first + 1 - self.recorded


@dataclass(slots=True)
class EventRegister:
    """The ids seen so far, each as a 64-bit keyed hash, and the offsets, each as one bit.

    A false alarm has odds of one in 70 million at a million entries, and Python keys the hash
    anew for each process, so nobody can prepare one; a repeated id is never missed.
    """

    _events: set[int] = field(default_factory=set)
    _offsets: dict[tuple[str, str, int], dict[int, int]] = field(default_factory=dict)
    """By partition: pages of 512 offsets, the bit of each one seen is set."""

    def record(self, event: Event, index: int) -> None:
        """BrokenError if the event, or its place on the broker, was recorded before."""
        mark = hash((event["source"], event["id"]))
        if mark in self._events:
            message = f"event {event['id']} of {event['source']} was recorded before"
            raise BrokenError(UNIQUE, message, index)
        self._events.add(mark)
        position = event.get("position")
        if position:
            self._record_position(position, index)

    def _record_position(self, at: Position, index: int) -> None:
        place, offset = (at["cluster"], at["topic"], at["partition"]), at["offset"]
        pages = self._offsets.get(place)
        if pages is None:
            pages = self._offsets[place] = {}
        number, bit = offset >> PAGE_BITS, 1 << (offset & PAGE_MASK)
        page = pages.get(number, 0)
        if page & bit:
            raise BrokenError(UNIQUE, f"offset {offset} of {place} was recorded before", index)
        pages[number] = page | bit

    def partitions(self) -> Iterator[PartitionRange]:
        for place, pages in sorted(self._offsets.items()):
            lowest, highest = min(pages), max(pages)
            first = (pages[lowest] & -pages[lowest]).bit_length() - 1
            last = pages[highest].bit_length() - 1
            recorded = sum(page.bit_count() for page in pages.values())
            base, top = lowest << PAGE_BITS, highest << PAGE_BITS
            yield PartitionRange(*place, base + first, top + last, recorded)
