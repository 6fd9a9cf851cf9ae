"""One process of a part: it has its own log, and ends with its whole process group.

Linux only, as the embedded wheels are: it uses pidfd and the parent-death signal.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deploy.local.parts import Part

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class PartProcess:
    """Starts the process on construction; needs a running loop. `ended` resolves to its code."""

    def __init__(self, part: Part) -> None:
        loop = asyncio.get_running_loop()
        self.part = part
        self.started_s = loop.time()
        self.ended: asyncio.Future[int] = loop.create_future()
        part.log_file.parent.mkdir(parents=True, exist_ok=True)
        with part.log_file.open("ab") as log:
            self._log_start = log.tell()
            # Popen, not asyncio's: with no await between fork and handle, no process can be lost.
            self._process = subprocess.Popen(
                (*part.command, *part.make_arguments()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **part.env},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops in order
                preexec_fn=make_death_signal(os.getpid()),
            )
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self.ended.done()

    async def wait(self) -> int:
        """The exit code, or minus the signal that ended it."""
        return await asyncio.shield(self.ended)

    def send(self, number: int) -> None:
        if self.is_alive:
            self._process.send_signal(number)

    async def end(self) -> None:
        """Sends the part's stop signal, and SIGKILL after its grace."""
        self.send(self.part.stop_signal)
        self.send(signal.SIGCONT)  # a paused process takes its signals only when it goes on
        try:
            await asyncio.wait_for(self.wait(), self.part.stop_grace_s)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.wait()

    def read_last_lines(self, count: int = 15) -> str:
        """The last lines that this process (not an earlier one) logged."""
        return "\n".join(_read_from(self.part.log_file, self._log_start).splitlines()[-count:])

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._process.wait()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started itself must not outlive it
        self.ended.set_result(code)


def make_death_signal(parent: int) -> Callable[[], None]:
    """Runs in the child between fork and exec: SIGKILL it when the parent is gone, however it went.

    The kernel means the parent's thread, so children are started from the main thread.
    """

    def register() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the request
            os._exit(1)

    return register


def _read_from(log_file: Path, start: int, bytes_max: int = 16_384) -> str:
    with log_file.open("rb") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(start, end - bytes_max))
        return log.read().decode(errors="replace")
