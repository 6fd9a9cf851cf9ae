"""Files that hold secrets: for their owner alone, and whole at every moment."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """0600 and in one step: a reader sees what was there or what is new, after a crash too."""
    part = file.with_name(f"{file.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    sync_folder(file.parent)


def create_private(file: Path, content: bytes) -> bytes:
    """What the file holds then: the content, or what whoever was faster put there."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    write_private(part, content)
    with suppress(FileExistsError):
        file.hardlink_to(part)
    part.unlink()
    sync_folder(file.parent)
    return file.read_bytes()


def sync_folder(folder: Path) -> None:
    """What was renamed in it stays so, whatever happens to the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
