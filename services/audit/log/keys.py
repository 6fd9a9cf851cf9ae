"""The file that keeps a log's signing keys: one, or while one is replaced the old and the new.

A witness keeps its key in such a file as well.
"""

import os
from pathlib import Path

from services.audit.log.disk import sync_folder
from services.audit.log.signing import SigningKey
from services.audit.verify.note import ED25519, NoteError


class KeyFile:
    """One secret a line, the oldest first; readable by its owner alone.

    `name` is the log's origin. What another process changes is seen at the next look.
    """

    def __init__(self, path: Path, name: str, algorithm: int = ED25519) -> None:
        self._path = path
        self._name = name
        self._algorithm = algorithm
        self._stamp: tuple[int, int] = (0, 0)
        self._keys: tuple[SigningKey, ...] = ()

    def read(self) -> tuple[SigningKey, ...]:
        """Made if there is none. NoteError if the file holds something else than this log's."""
        if not self._path.exists():
            self._found()
        stat = self._path.stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            self._keys, self._stamp = read_keys(self._path, self._name), stamp
        return self._keys

    def add(self) -> SigningKey:
        """A new key beside the old; from now on both sign. NoteError while there are two."""
        old = self.read()
        if len(old) > 1:
            raise NoteError(
                "已有两把密钥，先停用旧的 two keys sign already: retire the old one first"
            )
        new = SigningKey.generate(self._name, self._algorithm)
        self._replace((*old, new))
        return new

    def retire(self) -> SigningKey:
        """The old key signs no more. NoteError if it is the only one."""
        old, *rest = self.read()
        if not rest:
            raise NoteError("这是唯一的密钥 it is the only key")
        self._replace(tuple(rest))
        return old

    def _replace(self, keys: tuple[SigningKey, ...]) -> None:
        part = self._written(keys)
        part.replace(self._path)
        sync_folder(self._path.parent)

    def _found(self) -> None:
        """Of several that make one at once, the first one's stands."""
        part = self._written((SigningKey.generate(self._name, self._algorithm),))
        try:
            os.link(part, self._path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
        sync_folder(self._path.parent)

    def _written(self, keys: tuple[SigningKey, ...]) -> Path:
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:
            out.writelines(f"{key.secret()}\n" for key in keys)
            out.flush()
            os.fsync(out.fileno())
        return part


def read_keys(path: Path, name: str = "") -> tuple[SigningKey, ...]:
    """The keys in a file; NoteError unless they are of `name` (of one name, where none is said)."""
    keys = tuple(SigningKey.parse(line) for line in path.read_text().splitlines())
    names = {key.name for key in keys}
    if len(names) != 1 or (name and names != {name}):
        raise NoteError(
            f"{path.name} 不是该账本的密钥 does not hold the keys of {name or 'one log'}"
        )
    return keys
