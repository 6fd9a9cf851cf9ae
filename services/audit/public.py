"""The logs as the public sees them: a directory and a signing key for each ledger year.

Everything in a log directory is public by design and holds no personal data.
"""

import os
import re
from pathlib import Path

from services.audit.log.publisher import LogDirectory
from services.audit.log.signing import SigningKey
from services.audit.verify.tiles import CHECKPOINT

_NAME = re.compile(r"\w[\w.-]{0,100}")
_TILE = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/(x\d{3}/){0,6}\d{3}(\.p/\d{1,3})?")


def name_of(origin: str) -> str:
    """The log's directory and place below `/log/`: the last part of its origin."""
    return origin.rpartition("/")[2]


class PublicLogs:
    """The log directories below `root`, and the keys that sign for them.

    stopped: why publishing was given up; a person must look.
    """

    def __init__(self, root: Path, secrets_dir: Path) -> None:
        self._root = root
        self._secrets_dir = secrets_dir
        self._directories: dict[str, LogDirectory] = {}
        self.stopped = ""

    def directory(self, origin: str) -> LogDirectory:
        """Blocking at first: makes or reads the key."""
        known = self._directories.get(origin)
        if known is None:
            known = LogDirectory(self._root / name_of(origin), self.key(origin))
            self._directories[origin] = known
        return known

    def key(self, origin: str) -> SigningKey:
        return signing_key(self._secrets_dir / f"ledger-{name_of(origin)}.key", origin)

    def vkey(self, origin: str) -> str:
        return str(self.key(origin).vkey)

    def read(self, name: str, path: str) -> bytes | None:
        """A published file, or None; only what belongs to the layout can be named."""
        known = path == CHECKPOINT or _TILE.fullmatch(path)
        if not known or not _NAME.fullmatch(name):
            return None
        try:
            return (self._root / name / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def signing_key(file: Path, name: str) -> SigningKey:
    """Read, or made if there is none; of several that make one at once, the first one's stands."""
    if not file.exists():
        part = file.with_name(f"{file.name}.{os.getpid()}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(SigningKey.generate(name).secret() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(part, file)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return SigningKey.parse(file.read_text())
