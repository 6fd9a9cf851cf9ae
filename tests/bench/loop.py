"""The two loads every pipeline gets: so many in flight all the time, and arrivals at a pace."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.bench import cpu

LOOK_EVERY_S = 0.02
# Sixteen instances on two cores that others use end their first lifecycle after a minute.
STALLED_S = 180.0

Say = Callable[[str], None]


class Player(Protocol):
    """Plays lifecycles against one pipeline."""

    @property
    def done(self) -> int:
        """How many have ended."""

    async def submit(self, numbers: Sequence[int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Load:
    """in_flight: begun and not ended, at any time. warm: ended before the measuring begins."""

    in_flight: int
    warm: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Throughput:
    """began: how many were submitted in all, warm-up and drain included, within began_s."""

    count: int
    seconds: float
    spent: cpu.Spent
    began: int
    began_s: float

    @property
    def per_s(self) -> float:
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        return self.spent.total_s * 1000 / max(1, self.count)

    @property
    def busy_share(self) -> float:
        """Which share of the machine's cores this run had; the rest was idle or somebody else's."""
        total = self.spent.total_s + self.spent.others_s + self.spent.idle_s
        return self.spent.total_s / total if total else 0.0


async def hold(
    player: Player, load: Load, pids: Mapping[str, int], say: Say, first: int = 0
) -> Throughput:
    """Keeps so many in flight, measures after the warm-up, then lets all of them end."""
    began, from_done, opened = first, player.done, time.monotonic()
    start: tuple[float, int, cpu.Snapshot] | None = None
    progress = _Progress(player, say)
    while start is None or time.monotonic() - start[0] < load.seconds:
        done = player.done - from_done
        if start is None and done >= load.warm:
            start = time.monotonic(), done, cpu.take_snapshot(pids)
        room = load.in_flight - (began - first - done)
        if room > 0:
            await player.submit(range(began, began + room))
            began += room
        progress.look("measuring" if start else "warming up")
        await asyncio.sleep(LOOK_EVERY_S)
    ended, after = time.monotonic(), cpu.take_snapshot(pids)
    count = player.done - from_done - start[1]
    await wait_for_all(player, from_done + began - first, progress)
    began_s = time.monotonic() - opened
    used = cpu.compute_spent(start[2], after)
    return Throughput(count, ended - start[0], used, began - first, began_s)


async def pace(player: Player, per_s: float, seconds: float, first: int, say: Say) -> int:
    """One at a time, evenly; returns how many, when all of them have ended."""
    before, count = player.done, max(1, int(per_s * seconds))
    progress = _Progress(player, say)
    started = time.monotonic()
    for n in range(count):
        await asyncio.sleep(max(0.0, started + n / per_s - time.monotonic()))
        await player.submit([first + n])
        progress.look(f"pacing at {per_s:.1f}/s")
    await wait_for_all(player, before + count, progress)
    return count


async def wait_for_all(player: Player, target: int, progress: "_Progress") -> None:
    while player.done < target:
        progress.look("draining")
        await asyncio.sleep(LOOK_EVERY_S)


class _Progress:
    """Says how far it is, and refuses to wait for what stands still."""

    def __init__(self, player: Player, say: Say) -> None:
        self._player, self._say = player, say
        self._count, self._moved_at = player.done, time.monotonic()

    def look(self, doing: str) -> None:
        done, now = self._player.done, time.monotonic()
        if done != self._count:
            self._count, self._moved_at = done, now
            self._say(f"{doing}: {done} lifecycles ended")
        elif now - self._moved_at > STALLED_S:
            raise TimeoutError(f"{doing}: nothing ended for {STALLED_S:.0f} s, {done} before")
