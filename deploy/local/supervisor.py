"""Starts the parts stage by stage, restarts what dies, stops all in reverse order."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence

from deploy.local.parts import ExternalPart, Part
from deploy.local.runner import Announce, ExternalRunner, PartRunner


def _ignore_change() -> None:
    return None


class Supervisor:
    """Runs the parts of each stage together, one stage after the other.

    spares: parts that start only by `restart`, and may leave by `stop_part`.
    announce: called with one line for people at every death and recovery.
    changed: called after every start of a process, when `pids` differ.
    Its processes end with it, even if it is killed.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Part | ExternalPart]],
        announce: Announce,
        changed: Callable[[], None] = _ignore_change,
        spares: Sequence[Part] = (),
    ) -> None:
        self._stages = [
            [_build_runner(part, announce, changed) for part in stage] for stage in stages
        ]
        self._spares = [_build_runner(part, announce, changed) for part in spares]
        every = [runner for stage in (*self._stages, self._spares) for runner in stage]
        self._runners = {runner.name: runner for runner in every}
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Returns when all are healthy; if one is not, stops all and raises PartFailedError."""
        try:
            for stage in self._stages:
                await _run_together(runner.start() for runner in stage)
        except BaseException:
            await self.stop()
            raise

    async def watch(self) -> None:
        """Restarts what dies, until `stop` is called."""
        async with asyncio.TaskGroup() as group:
            watches = [group.create_task(runner.watch()) for runner in self._runners.values()]
            await self._stopping.wait()
            for watch in watches:
                watch.cancel()

    async def stop(self) -> None:
        self._stopping.set()
        for stage in (self._spares, *reversed(self._stages)):
            await _run_together(runner.stop() for runner in stage)

    def list_pids(self) -> dict[str, int]:
        """The parts that run at the moment."""
        return {name: runner.pid for name, runner in self._runners.items() if runner.pid}

    async def stop_part(self, name: str) -> None:
        """It stays away until `restart`."""
        await self._runners[name].stop()

    async def take_away(self, name: str) -> None:
        """At once, as a machine that is lost; it stays away until `restart`."""
        await self._runners[name].take_away()

    async def restart(self, name: str) -> None:
        await self._runners[name].restart()

    async def wait_healthy(self, name: str, timeout_s: float | None = None) -> None:
        await self._runners[name].wait_healthy(timeout_s)

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """For chaos. A killed part comes back only while `watch` runs, or by `restart`."""
        await self._runners[name].kill(number)

    async def pause(self, name: str) -> None:
        await self.kill(name, signal.SIGSTOP)

    async def resume(self, name: str) -> None:
        await self.kill(name, signal.SIGCONT)


def _build_runner(
    part: Part | ExternalPart, announce: Announce, changed: Callable[[], None]
) -> PartRunner | ExternalRunner:
    if isinstance(part, ExternalPart):
        return ExternalRunner(part, announce)
    return PartRunner(part, announce, changed)


async def _run_together(steps: Iterable[Coroutine[object, object, None]]) -> None:
    """All at once; the first failure cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
