"""What a witness has cosigned last of each log: one file a log, replaced whole, never half."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from services.audit.log.disk import make_folder, store
from services.audit.verify.merkle import EMPTY_ROOT
from services.audit.verify.note import Checkpoint, Note

LOCK = ".lock"


class Record:
    """Kept below `folder`. Nothing is read or put but under `locked`, in whichever process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = threading.Lock()
        make_folder(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._threads, (self._folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def last(self, origin: str) -> Checkpoint:
        """Size 0 where it never cosigned. NoteError if the file is damaged: it signs no more."""
        try:
            kept = (self._folder / _name(origin)).read_bytes()
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        return Checkpoint.unverified(kept)

    def put(self, origin: str, note: Note) -> None:
        """When this returns it survives a power cut."""
        store(self._folder, {_name(origin): bytes(note)})


def _name(origin: str) -> str:
    return f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"
