"""Doing something in a process that kills itself at its n-th touch of the disk."""

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.audit.tlog import disk

TOUCHES = ("fsync", "replace", "mkdir", "unlink", "rmdir", "link")
# Forked from a process of one thread: a lock that a thread of ours holds would never open there.
CONTEXT = multiprocessing.get_context("forkserver")
USERS = ("test_freezing", "test_keys", "test_publisher", "test_witnesses")
CONTEXT.set_forkserver_preload([f"tests.audit.{name}" for name in USERS])


def survives(step: int, action: Callable[[], object]) -> bool:
    """Whether `action` came to its end before its `step`-th touch of the disk, where it is killed
    (SIGKILL). The touches: a file half written, written, synced, renamed, removed, a folder made.
    action: one that pickles.
    """
    process = CONTEXT.Process(target=_until, args=(step, action))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode == 0


def _until(step: int, action: Callable[[], object]) -> None:
    touches = itertools.count(1)

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if next(touches) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapped

    for name in TOUCHES:
        setattr(os, name, deadly(getattr(os, name)))
    disk._write_synced = deadly(_half_written(disk._write_synced, deadly))
    action()
    os._exit(0)


def _half_written(
    write: Callable[[Path, bytes], None], deadly: Callable[..., Any]
) -> Callable[[Path, bytes], None]:
    """Writing with a moment in between, when half of the file is there."""

    def in_two(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        deadly(write)(path, data)

    return in_two
