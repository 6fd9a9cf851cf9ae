"""Runs one part: starts it, waits for its health, restarts it when it dies.

Of an external part, which somebody else starts, only its health is watched.
"""

import asyncio
import random
import signal
from collections.abc import Callable

from deploy.local.parts import ExternalPart, Part
from deploy.local.process import PartProcess

_POLL_S = 0.05
_BACKOFF_S_MIN = 0.2
_BACKOFF_S_MAX = 10.0
_BACKOFF_RESET_S = 30.0
_EXTERNAL_POLL_S = 0.5

Announce = Callable[[str], None]


class PartFailedError(RuntimeError):
    """A part that did not come up; the message has its last log lines."""


def compute_backoff_s(failures: int, chance: float) -> float:
    """0.2 s doubled per failure up to 10 s, of which the chance (0..1) takes off up to half."""
    full_s: float = min(_BACKOFF_S_MIN * 2 ** min(failures, 10), _BACKOFF_S_MAX)
    return full_s * (1 - chance / 2)


class PartRunner:
    """One part and its current process. `changed` is called after every start."""

    def __init__(self, part: Part, announce: Announce, changed: Callable[[], None]) -> None:
        self.part = part
        self._announce = announce
        self._changed = changed
        self._process: PartProcess | None = None
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._failures = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.is_alive else None

    @property
    def name(self) -> str:
        return self.part.name

    async def start(self) -> None:
        await asyncio.to_thread(self.part.prepare)
        await self._wait_for_start(self._spawn())

    async def stop(self) -> None:
        async with self._lock:
            self._wanted.clear()
            if self._process:
                await self._process.end()

    async def restart(self) -> None:
        async with self._lock:
            self._wanted.clear()
            if self._process:
                await self._process.end()
            await asyncio.to_thread(self.part.prepare)
            process = self._spawn()
        await self._wait_for_start(process)

    async def take_away(self) -> None:
        """SIGKILL, and it stays away until `restart`."""
        async with self._lock:
            self._wanted.clear()
            await self.kill(signal.SIGKILL)

    async def kill(self, number: signal.Signals) -> None:
        """Sends a signal; after SIGKILL, returns when the process is gone."""
        process = self._process
        if process:
            process.send(number)
            if number is signal.SIGKILL:
                await process.wait()

    async def wait_healthy(self, timeout_s: float | None = None) -> None:
        """Until the part is healthy, through as many deaths and restarts as that takes."""
        try:
            async with asyncio.timeout(timeout_s or self.part.healthy_within_s):
                while not (self.pid and await self.part.is_healthy()):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self._build_failure("没有就绪", "is not healthy") from None

    async def watch(self) -> None:
        """Until cancelled: restarts the part whenever it ends by itself."""
        while True:
            await self._wanted.wait()
            process = self._process
            assert process
            code = await process.wait()
            if self._is_wanted(process):
                await self._revive(process, code)

    async def _revive(self, ended: PartProcess, code: int) -> None:
        alive_s = asyncio.get_running_loop().time() - ended.started_s
        self._failures = 0 if alive_s >= _BACKOFF_RESET_S else self._failures + 1
        delay_s = compute_backoff_s(max(self._failures - 1, 0), random.random())  # noqa: S311
        name = self.part.name
        self._announce(
            f"{name} 已退出（{_format_exit(code)}），{delay_s:.1f} 秒后重启 · "
            f"{name} ended ({_format_exit(code)}), restarting in {delay_s:.1f} s"
        )
        await asyncio.sleep(delay_s)
        if self._is_wanted(ended):
            await self._prepare_again()
        if self._is_wanted(ended):  # it may have been stopped meanwhile
            await self._report_health(self._spawn())

    async def _prepare_again(self) -> None:
        """What cannot be prepared is started as it is, and says by itself what it lacks."""
        try:
            await asyncio.to_thread(self.part.prepare)
        except Exception as error:
            self._announce(f"{self.name}: {error}")

    async def _report_health(self, process: PartProcess) -> None:
        try:
            await self._wait_for_start(process)
        except PartFailedError as failed:
            if process.is_alive:  # else `watch` sees the death and announces it
                self._announce(str(failed))
        else:
            self._announce(f"{self.part.name} 已恢复 · {self.part.name} is healthy again")

    async def _wait_for_start(self, process: PartProcess) -> None:
        try:
            async with asyncio.timeout(self.part.healthy_within_s):
                while not (await self.part.is_healthy() and process.is_alive):
                    if not process.is_alive:
                        how = _format_exit(await process.wait())
                        raise self._build_failure(f"启动失败（{how}）", f"did not start ({how})")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self._build_failure("没有就绪", "is not healthy") from None

    def _spawn(self) -> PartProcess:
        process = self._process = PartProcess(self.part)
        self._wanted.set()
        self._changed()
        return process

    def _is_wanted(self, process: PartProcess) -> bool:
        return self._wanted.is_set() and self._process is process

    def _build_failure(self, chinese: str, english: str) -> PartFailedError:
        name = self.part.name
        log = self._process.read_last_lines() if self._process else ""
        help_line = self.part.explain(log)
        why = f": {help_line}" if help_line else f"\n{log}"
        where = self.part.log_file
        return PartFailedError(f"{name} {chinese} · {name} {english}: {where}{why}")


class ExternalRunner:
    """Waits for a part that somebody else starts, for as long as that takes."""

    pid = None

    def __init__(self, part: ExternalPart, announce: Announce) -> None:
        self.part = part
        self._announce = announce

    @property
    def name(self) -> str:
        return self.part.name

    async def start(self) -> None:
        self._announce(self.part.start_hint)
        await self._wait(until_healthy=True)
        self._announce(f"{self.name} 已就绪 · {self.name} is ready")

    async def watch(self) -> None:
        """Until cancelled: announces when it goes away and when it is back."""
        is_healthy = True
        while True:
            await self._wait(until_healthy=not is_healthy)
            is_healthy = not is_healthy
            if is_healthy:
                self._announce(f"{self.name} 已恢复 · {self.name} is healthy again")
            else:
                self._announce(f"{self.name} 没有应答 · {self.name} does not answer")

    async def wait_healthy(self, timeout_s: float | None = None) -> None:
        async with asyncio.timeout(timeout_s):
            await self._wait(until_healthy=True)

    async def stop(self) -> None:
        """It belongs to who started it."""

    async def restart(self) -> None:
        raise NotImplementedError(f"{self.name} is not started by the stack")

    async def take_away(self) -> None:
        raise NotImplementedError(f"{self.name} is not started by the stack")

    async def kill(self, number: signal.Signals) -> None:
        raise NotImplementedError(f"{self.name} gets no {number.name} from the stack")

    async def _wait(self, *, until_healthy: bool) -> None:
        while await self.part.is_healthy() != until_healthy:  # noqa: ASYNC110 - another process
            await asyncio.sleep(_EXTERNAL_POLL_S)


def _format_exit(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
