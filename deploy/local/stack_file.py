"""`stack.json` and `stack.lock`: how other commands find the stack of a data folder."""

import asyncio
import fcntl
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_CLAIM_TRIES = 20


class DataDirInUseError(RuntimeError):
    """Another stack runs on this data folder."""


BROKERS = ("broker", "broker-2", "broker-3")
"""Names of the brokers that a stack starts, of which there are one or three."""
MONGODS = ("mongod", "mongod-2", "mongod-3")
"""The same of the mongods."""


class RunningStack(BaseModel):
    """Addresses and processes of a stack, as stack.json holds them."""

    model_config = ConfigDict(frozen=True)

    supervisor_pid: int
    broker: Literal["mesh", "kafka"]
    kafka_bootstrap: str
    mongo_uri: str = Field(repr=False)
    urls: dict[str, str]
    public_url: str = ""
    pids: dict[str, int]
    log_dir: Path
    secrets_dir: Path


def find_running_stack(data_dir: Path) -> RunningStack | None:
    """The stack that runs on this folder now; the file of a killed one does not count."""
    if not _is_claimed(data_dir):
        return None
    try:
        return RunningStack.model_validate_json((data_dir / "stack.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_stack(data_dir: Path, stack: RunningStack) -> None:
    _write_private(data_dir / "stack.json", stack.model_dump_json(indent=2))


def write_env(file: Path, variables: Mapping[str, str]) -> None:
    """`NAME=value` lines, quoted as a shell reads them."""
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    _write_private(file, "".join(lines))


def _write_private(file: Path, text: str) -> None:
    """Replaced in one step; for the owner alone, since a database URI may hold a password."""
    scratch = file.with_name(f"{file.name}.new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    scratch.replace(file)


def remove_stack(data_dir: Path) -> None:
    (data_dir / "stack.json").unlink(missing_ok=True)


async def claim_folder(data_dir: Path) -> IO[bytes]:
    """The folder is ours while the returned file is open; the kernel releases it at our death."""
    lock = await asyncio.to_thread(_open_lock, data_dir)
    for _ in range(_CLAIM_TRIES):  # a command that looks for a running stack holds it for a moment
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        await asyncio.sleep(0.01)
    lock.close()
    stack = find_running_stack(data_dir)
    owner = f"pid {stack.supervisor_pid}" if stack else "?"
    raise DataDirInUseError(
        f"数据目录已有一个莞家在用（{owner}）· another stack ({owner}) runs on {data_dir}"
    )


def _open_lock(data_dir: Path) -> IO[bytes]:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _lock_file(data_dir).open("ab")


def _is_claimed(data_dir: Path) -> bool:
    try:
        with _lock_file(data_dir).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _lock_file(data_dir: Path) -> Path:
    return data_dir / "stack.lock"
