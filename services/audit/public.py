"""The logs as the public sees them: for each foundation and ledger year a directory and its keys.

Everything in a log directory is public by design and holds no personal data.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.audit.ledger.receipts import Receipt, make_receipt
from services.audit.overview import Overview
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.keys import KeyFile, SigningKey
from services.audit.tlog.merkle import EMPTY_ROOT
from services.audit.tlog.note import NoteError
from services.audit.tlog.reader import Directory
from services.audit.tlog.tiles import CHECKPOINT
from services.audit.tlog.witnesses import NO_WITNESSES, Witnesses
from services.audit.tlog.writer import ForkError, LogDirectory

_NAME = re.compile(r"\w[\w.-]{0,100}")
_KEY_BEFORE, _KEY_AFTER = "ledger-", ".key"
_TILE = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/(x\d{3}/){0,6}\d{3}(\.p/\d{1,3})?")


class PublicLogs:
    """The log directories below `root`, and the keys that sign for them.

    stopped: which logs (by origin) are published no more, and why; a person must look.
    differing: of which the database holds something else than what is published, and what.
    waiting: which have too few witnesses for their next checkpoint, and why.
    unwritable: whose folder is full or read-only, and what the system says.
    """

    def __init__(
        self,
        root: Path,
        secrets_dir: Path,
        log_origin: str,
        witnesses: Witnesses = NO_WITNESSES,
    ) -> None:
        self._root = root
        self._secrets_dir = secrets_dir
        self._log_origin = log_origin
        self._witnesses = witnesses
        self._key_files: dict[str, KeyFile] = {}
        self._directories: dict[str, tuple[tuple[SigningKey, ...], LogDirectory]] = {}
        self._overviews: dict[str, Overview] = {}
        self._overviews_lock = threading.Lock()
        self.stopped: dict[str, str] = {}
        self.waiting: dict[str, str] = {}
        self.unwritable: dict[str, str] = {}
        self.differing: dict[str, str] = {}

    def name_of(self, origin: str) -> str:
        """The log's directory and place below `/log/`: `<year>` of our own foundation,
        `<foundation>-<year>` of another."""
        inside = origin.removeprefix(f"{self._log_origin}/")
        return inside.replace("/", "-") if inside != origin else origin.rpartition("/")[2]

    def path_of(self, origin: str) -> Path:
        return self._root / self.name_of(origin)

    def open_directory(self, origin: str) -> LogDirectory:
        """Blocking: makes or reads the keys, which may have changed. ForkError where they are
        another log's."""
        keys = self.read_keys(origin)
        entry = self._directories.get(origin)
        if entry is None or entry[0] != keys:
            path = self.path_of(origin)
            entry = (keys, LogDirectory(path, *keys, witnesses=self._witnesses))
            self._directories[origin] = entry
        return entry[1]

    def find_checkpoint(self, origin: str) -> Checkpoint:
        """What is published; nothing where what lies there is not ours."""
        try:
            return self.open_directory(origin).find_checkpoint()
        except ForkError:
            return Checkpoint(origin, 0, EMPTY_ROOT)

    def read_keys(self, origin: str) -> tuple[SigningKey, ...]:
        path = key_path(self._secrets_dir, self.name_of(origin))
        try:
            return self._key_files.setdefault(origin, KeyFile(path, origin)).read()
        except NoteError as error:
            raise ForkError(str(error)) from None

    def list_vkeys(self, origin: str) -> list[str]:
        """The keys to check the log with: any one will do. The oldest first; none where the key
        file holds another log's."""
        try:
            return [str(key.vkey) for key in self.read_keys(origin)]
        except ForkError:
            return []

    def find_origin(self, name: str) -> str | None:
        """Whose log is published under a name; None where there is none."""
        checkpoint = self.read_checkpoint(name)
        return checkpoint.origin if checkpoint else None

    def read_checkpoint(self, name: str) -> Checkpoint | None:
        """What stands under a name, unverified; None where there is nothing that can be read."""
        data = self.read(name, CHECKPOINT)
        try:
            return Checkpoint.read_unverified(data) if data else None
        except NoteError:
            return None

    def read_receipt(self, name: str, index: int) -> Receipt | None:
        """For an entry that is published. Blocking."""
        return make_receipt(Directory(self._root / name), index) if _NAME.fullmatch(name) else None

    def list_names(self) -> list[str]:
        """Of the logs that have something published, the latest first. Blocking."""
        names = (path.parent.name for path in self._root.glob(f"*/{CHECKPOINT}"))
        return sorted(filter(_NAME.fullmatch, names), key=_sort_by_year, reverse=True)

    @contextmanager
    def open_overview(self, name: str) -> Iterator[Overview | None]:
        """The figures of a log, brought up to what is published; nobody else changes them
        meanwhile. None where there is no such log. Blocking."""
        with self._overviews_lock:
            checkpoint = self.read_checkpoint(name)
            if checkpoint is None:
                yield None
                return
            figures = self._overviews.setdefault(name, Overview())
            if figures.size < checkpoint.size:
                figures.read_on(self.open_log_source(name), checkpoint.size)
            yield figures

    def open_log_source(self, name: str) -> Directory:
        """The files of a log whose name is one."""
        assert _NAME.fullmatch(name), "a checkpoint was read under this name"
        return Directory(self._root / name)

    def read(self, name: str, path: str) -> bytes | None:
        """A published file, or None; only what belongs to the layout can be named."""
        is_public = path == CHECKPOINT or _TILE.fullmatch(path)
        if not is_public or not _NAME.fullmatch(name):
            return None
        return Directory(self._root / name).read(path)


def _sort_by_year(name: str) -> tuple[str, str]:
    foundation, _, year = name.rpartition("-")
    return year, foundation


def key_path(secrets_dir: Path, name: str) -> Path:
    """The file with the keys of the log published under `name`."""
    return secrets_dir / f"{_KEY_BEFORE}{name}{_KEY_AFTER}"


def list_log_names(secrets_dir: Path) -> list[str]:
    """The names of the logs that have keys there."""
    files = secrets_dir.glob(f"{_KEY_BEFORE}*{_KEY_AFTER}")
    return sorted(each.name.removeprefix(_KEY_BEFORE).removesuffix(_KEY_AFTER) for each in files)
