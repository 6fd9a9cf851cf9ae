"""Keys that sign checkpoints, a log's own or a witness's, and the file that keeps them.

The secret's text is Go's note format. A key file holds one key, or while one is replaced the old
and the new."""

import base64
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.tlog.disk import sync_folder
from services.audit.tlog.note import (
    COSIGNATURE,
    ED25519,
    NoteError,
    Signature,
    VerifierKey,
    format_cosigned,
    is_key_name,
)

_PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key under a log's name (its origin, by custom), or under a witness's."""

    name: str
    private: Ed25519PrivateKey = field(repr=False)
    algorithm: int = ED25519

    @classmethod
    def generate(cls, name: str, algorithm: int = ED25519) -> Self:
        if not is_key_name(name):
            raise NoteError("密钥名不能含空格或加号 a key's name has no space and no plus")
        return cls(name, Ed25519PrivateKey.generate(), algorithm)

    @classmethod
    def parse(cls, secret: str) -> Self:
        """From `PRIVATE+KEY+name+hex(keyID)+base64(0x01 || seed)`; never says what it was given."""
        try:
            name, hexid, encoded = secret.strip().removeprefix(_PREFIX).split("+", 2)
            blob = base64.b64decode(encoded, validate=True)
            key = cls(name, Ed25519PrivateKey.from_private_bytes(blob[1:]), blob[0])
        except ValueError:
            raise NoteError("不是签名密钥 not a signing key") from None
        is_known = key.algorithm in (ED25519, COSIGNATURE)
        if not secret.startswith(_PREFIX) or not is_known or key.vkey.id.hex() != hexid:
            raise NoteError("不是签名密钥 not a signing key")
        return key

    def format_secret(self) -> str:
        """For the file that keeps it, and nothing else."""
        blob = base64.b64encode(bytes([self.algorithm]) + self.private.private_bytes_raw()).decode()
        return f"{_PREFIX}{self.name}+{self.vkey.id.hex()}+{blob}"

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(self.name, self.algorithm, self.private.public_key().public_bytes_raw())

    def sign(self, body: str) -> Signature:
        return Signature(self.name, self.vkey.id, self.private.sign(body.encode()))

    def cosign(self, body: str, time_s: int) -> Signature:
        """A witness's: since `time_s` (POSIX) it knows of no other history."""
        signed = self.private.sign(format_cosigned(body, time_s))
        return Signature(self.name, self.vkey.id, time_s.to_bytes(8, "big") + signed)


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
            self._create()
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
        part = self._write_part(keys)
        part.replace(self._path)
        sync_folder(self._path.parent)

    def _create(self) -> None:
        """Of several that make one at once, the first one's stands."""
        part = self._write_part((SigningKey.generate(self._name, self._algorithm),))
        try:
            os.link(part, self._path)
        except FileExistsError:
            pass
        finally:
            part.unlink()
        sync_folder(self._path.parent)

    def _write_part(self, keys: tuple[SigningKey, ...]) -> Path:
        # A name of its own: threads of one process make the year's first key at once, too.
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.writelines(f"{key.format_secret()}\n" for key in keys)
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
