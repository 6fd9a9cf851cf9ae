"""Files that are whole or absent, whenever the machine stops: write aside, sync, rename, sync."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STAGING = ".staging"


def store(root: Path, files: Mapping[str, bytes]) -> None:
    """Put every file at its path below `root`. When this returns they survive a power cut.

    All are written aside first and renamed after, so a stop half-way leaves some whole files and
    no partial one; each directory is synced once for the whole lot.
    """
    staging = root / STAGING
    staging.mkdir(exist_ok=True)
    staged = {staging / str(number): path for number, path in enumerate(files)}
    for aside, path in staged.items():
        _write_synced(aside, files[path])
    changed: set[Path] = set()
    for aside, path in staged.items():
        target = root / path
        changed.update(_make_parents(target.parent), {target.parent})
        os.replace(aside, target)  # noqa: PTH105 - tests stop the process at exactly this call
    for folder in sorted(changed):
        sync_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder if it is there; need not survive a power cut, so nothing is synced."""
    shutil.rmtree(folder, ignore_errors=True)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_parents(folder: Path) -> set[Path]:
    """Make `folder` and its parents; returns the parents that got a new child."""
    missing = [folder] if not folder.is_dir() else []
    while missing and not missing[-1].parent.is_dir():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True, exist_ok=True)
    return {each.parent for each in missing}


def make_folder(folder: Path) -> None:
    """With its parents; when this returns it survives a power cut."""
    for parent in _make_parents(folder):
        sync_folder(parent)


def sync_folder(folder: Path) -> None:
    """Make the names in it durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def write_whole(out: Path) -> Iterator[Path]:
    """A place to write to, which becomes `out` if nothing fails; else `out` stays as it was."""
    unfinished = out.with_name(f"{out.name}.part")
    try:
        yield unfinished
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
