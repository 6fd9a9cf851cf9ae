"""What waits for the loop, in turns: who brings one thing waits behind no one's hundred thousand.

Each submission (an import's batch, one person's command) is a line of its own; what the broker
gives is one line. A batch takes a few of each line in turn, and what a line brought stays in its
order. Nothing here ranks: whoever brings little is done at his first turn.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

TAKEN_PER_TURN = 20

T = TypeVar("T")


class WaitingLines(Generic[T]):
    def __init__(self, per_turn: int = TAKEN_PER_TURN) -> None:
        self._per_turn = per_turn
        self._lines: deque[deque[T]] = deque()
        self._lasting: deque[T] = deque()
        self._count = 0

    def add(self, items: Sequence[T]) -> None:
        """A line of its own, behind those that wait already."""
        if items:
            self._lines.append(deque(items))
            self._count += len(items)

    def add_lasting(self, items: Sequence[T]) -> None:
        """To the one line that keeps its order over several submissions."""
        if items and not self._lasting:
            self._lines.append(self._lasting)
        self._lasting.extend(items)
        self._count += len(items)

    def take(self, count: int) -> list[T]:
        """At most so many; the line whose turn was cut short goes on first."""
        items: list[T] = []
        while self._lines and len(items) < count:
            line = self._lines.popleft()
            turn = min(self._per_turn, len(line))
            allowed = min(turn, count - len(items))
            items += [line.popleft() for _ in range(allowed)]
            if line and allowed < turn:
                self._lines.appendleft(line)
            elif line:
                self._lines.append(line)
        self._count -= len(items)
        return items

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        return (item for line in self._lines for item in line)
