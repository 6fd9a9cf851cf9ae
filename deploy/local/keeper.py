"""Keeps one part running: starts it, waits for its health, restarts it when it dies."""

import asyncio
import random
import signal
from collections.abc import Callable

from deploy.local.child import Child
from deploy.local.parts import Part

_POLL_S = 0.05
_BACKOFF_S_MIN = 0.2
_BACKOFF_S_MAX = 10.0
_BACKOFF_RESET_S = 30.0

Announce = Callable[[str], None]


class PartFailedError(RuntimeError):
    """A part that did not come up; the message has its last log lines."""


def backoff_s(failures: int, chance: float) -> float:
    """0.2 s doubled per failure up to 10 s, of which the chance (0..1) takes off up to half."""
    full_s: float = min(_BACKOFF_S_MIN * 2 ** min(failures, 10), _BACKOFF_S_MAX)
    return full_s * (1 - chance / 2)


class Keeper:
    """One part and its process of the moment. `changed` is called after every start."""

    def __init__(self, part: Part, announce: Announce, changed: Callable[[], None]) -> None:
        self.part = part
        self._announce = announce
        self._changed = changed
        self._child: Child | None = None
        self._wanted = asyncio.Event()
        self._lock = asyncio.Lock()
        self._failures = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.alive else None

    async def start(self) -> None:
        await asyncio.to_thread(self.part.prepare)
        await self._until_healthy(self._spawn())

    async def stop(self) -> None:
        async with self._lock:
            self._wanted.clear()
            if self._child:
                await self._child.end()

    async def restart(self) -> None:
        async with self._lock:
            self._wanted.clear()
            if self._child:
                await self._child.end()
            child = self._spawn()
        await self._until_healthy(child)

    async def kill(self, number: signal.Signals) -> None:
        """Sends a signal; after SIGKILL, returns when the process is gone."""
        child = self._child
        if child:
            child.send(number)
            if number is signal.SIGKILL:
                await child.wait()

    async def wait_healthy(self, timeout_s: float | None = None) -> None:
        """Until the part is healthy, through as many deaths and restarts as that takes."""
        try:
            async with asyncio.timeout(timeout_s or self.part.healthy_within_s):
                while not (self.pid and await self.part.healthy()):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self._failed("没有就绪", "is not healthy") from None

    async def watch(self) -> None:
        """Until cancelled: restarts the part whenever it ends without having been told to."""
        while True:
            await self._wanted.wait()
            child = self._child
            assert child
            code = await child.wait()
            if self._still_wants(child):
                await self._revive(child, code)

    async def _revive(self, ended: Child, code: int) -> None:
        alive_s = asyncio.get_running_loop().time() - ended.started_s
        self._failures = 0 if alive_s >= _BACKOFF_RESET_S else self._failures + 1
        delay_s = backoff_s(max(self._failures - 1, 0), random.random())  # noqa: S311
        name = self.part.name
        self._announce(
            f"{name} 已退出（{_reason(code)}），{delay_s:.1f} 秒后重启 · "
            f"{name} ended ({_reason(code)}), restarting in {delay_s:.1f} s"
        )
        await asyncio.sleep(delay_s)
        if self._still_wants(ended):
            await self._report_health(self._spawn())

    async def _report_health(self, child: Child) -> None:
        try:
            await self._until_healthy(child)
        except PartFailedError as failed:
            if child.alive:  # else `watch` sees the death and says so
                self._announce(str(failed))
        else:
            self._announce(f"{self.part.name} 已恢复 · {self.part.name} is healthy again")

    async def _until_healthy(self, child: Child) -> None:
        try:
            async with asyncio.timeout(self.part.healthy_within_s):
                while not (await self.part.healthy() and child.alive):
                    if not child.alive:
                        how = _reason(await child.wait())
                        raise self._failed(f"启动失败（{how}）", f"did not start ({how})")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self._failed("没有就绪", "is not healthy") from None

    def _spawn(self) -> Child:
        child = self._child = Child(self.part)
        self._wanted.set()
        self._changed()
        return child

    def _still_wants(self, child: Child) -> bool:
        return self._wanted.is_set() and self._child is child

    def _failed(self, chinese: str, english: str) -> PartFailedError:
        name = self.part.name
        log = self._child.last_lines() if self._child else ""
        help_line = self.part.explain(log)
        detail = help_line if help_line else f"{self.part.log_file}\n{log}"
        return PartFailedError(f"{name} {chinese} · {name} {english}: {detail}")


def _reason(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
