"""C2SP signed notes: a text, the keys that verify its signatures, and the signatures."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 0x01

COSIGNATURE = 0x04

_DASH = "\u2014 "

_SIGNATURES_MAX = 100


class NoteError(ValueError):
    """The note is malformed, or lacks a pinned key's signature, or has a bad one."""


def derive_key_id(name: str, algorithm: int, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def format_cosigned(body: str, time_s: int) -> bytes:
    """What a witness signs: C2SP cosignature/v1."""
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A vkey: name, algorithm and public key. Type 0x04 verifies a witness's cosignature."""

    name: str
    algorithm: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `name+hex(keyID)+base64(type || public)`; NoteError if anything is off."""
        name, _, rest = text.strip().partition("+")
        hexid, _, encoded = rest.partition("+")
        blob = decode_base64(encoded, "vkey")
        if not is_key_name(name) or len(blob) != 33 or blob[0] not in (ED25519, COSIGNATURE):
            raise NoteError("不是 Ed25519 公钥 not an Ed25519 vkey: name+keyid+base64")
        key = cls(name, blob[0], blob[1:])
        if key.id.hex() != hexid:
            raise NoteError(f"{name}: 密钥编号 {hexid} 不符 the key id is not its key's")
        return key

    @property
    def id(self) -> bytes:
        return derive_key_id(self.name, self.algorithm, self.public)

    def __str__(self) -> str:
        blob = base64.b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{blob}"

    def has_signed(self, body: str, signature: bytes) -> bool:
        message = body.encode()
        if self.algorithm == COSIGNATURE:
            time_s, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = format_cosigned(body, time_s)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        parts = line.removeprefix(_DASH).split(" ")
        if not line.startswith(_DASH) or len(parts) != 2 or not is_key_name(parts[0]):
            raise NoteError("签名行格式不对 malformed signature line")
        blob = decode_base64(parts[1], "signature")
        if len(blob) < 5:
            raise NoteError("签名过短 signature too short")
        return cls(parts[0], blob[:4], blob[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in a newline) and its signatures, not yet verified."""

    body: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        text = _decode_text(data)
        body, blank_line, tail = text.rpartition("\n\n")
        if not blank_line or not tail.endswith("\n"):
            raise NoteError("格式不对 a note is a text, a blank line and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > _SIGNATURES_MAX:
            raise NoteError("签名过多 too many signatures")
        return cls(body + "\n", tuple(Signature.parse(line) for line in lines))

    def __bytes__(self) -> bytes:
        return "".join([self.body, "\n", *map(str, self.signatures)]).encode()

    def find_signers(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """The keys that signed. Unknown ones are passed over; a known one signed badly raises."""
        keys_by_id = {(key.name, key.id): key for key in keys}
        signed: dict[VerifierKey, None] = {}
        for each in self.signatures:
            key = keys_by_id.get((each.name, each.key_id))
            if key is None:
                continue
            if not key.has_signed(self.body, each.signature):
                raise NoteError(f"签名无效 bad signature by {key.name}")
            signed[key] = None
        return list(signed)

    def find_cosigners(self, witnesses: Iterable[VerifierKey]) -> list[VerifierKey]:
        """The witnesses that cosigned; one public key counts once, whatever names it has."""
        keys = [key for key in witnesses if key.algorithm == COSIGNATURE]
        return list({key.public: key for key in self.find_signers(keys)}.values())

    def with_signatures(self, signatures: Iterable[Signature]) -> "Note":
        """With more signature lines; one that is there already is not repeated."""
        return Note(self.body, tuple(dict.fromkeys((*self.signatures, *signatures))))


def _decode_text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise NoteError("不是 UTF-8 not UTF-8") from None
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("含控制字符 control characters")
    return text


def decode_base64(encoded: str, what: str) -> bytes:
    """Strict base64: the one spelling of its bytes."""
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what}: 不是 base64 not base64") from None
    if base64.b64encode(blob).decode() != encoded:
        raise NoteError(f"{what}: 不是规范的 base64 not canonical base64")
    return blob
