"""Keys that sign checkpoints: a log's own, a witness's. The secret's text is Go's note format."""

import base64
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.verify.note import (
    COSIGNATURE,
    ED25519,
    NoteError,
    Signature,
    VerifierKey,
    cosigned,
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
        known = key.algorithm in (ED25519, COSIGNATURE)
        if not secret.startswith(_PREFIX) or not known or key.vkey.id.hex() != hexid:
            raise NoteError("不是签名密钥 not a signing key")
        return key

    def secret(self) -> str:
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
        signed = self.private.sign(cosigned(body, time_s))
        return Signature(self.name, self.vkey.id, time_s.to_bytes(8, "big") + signed)
