"""Checkpoints: what a log says of itself in a signed note, and whether its key said so."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from services.audit.tlog.merkle import HASH_BYTES
from services.audit.tlog.note import Note, NoteError, VerifierKey, decode_base64

FROZEN = "log frozen"
"""The one extension line a checkpoint may have: the year is closed."""


def format_root(root: bytes) -> str:
    """As checkpoints write it, and whatever names a root beside them."""
    return base64.b64encode(root).decode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log promises: its first `size` entries have this root."""

    origin: str
    size: int
    root: bytes
    frozen: bool = False

    def format_body(self) -> str:
        tail = f"{FROZEN}\n" if self.frozen else ""
        return f"{self.origin}\n{self.size}\n{format_root(self.root)}\n{tail}"

    @classmethod
    def parse(cls, body: str) -> Self:
        """From a note's text; NoteError unless it is the one spelling of its content."""
        lines = body.split("\n")
        if len(lines) < 4 or lines[3:] not in ([""], [FROZEN, ""]) or not lines[0]:
            raise NoteError("检查点格式不对 a checkpoint is origin, size and root, one a line")
        if not (lines[1].isascii() and lines[1].isdigit()) or len(lines[1]) > 19:
            raise NoteError("条目数不是十进制数 the size is not a decimal number")
        checkpoint = cls(lines[0], int(lines[1]), decode_base64(lines[2], "root"), len(lines) == 5)
        if len(checkpoint.root) != HASH_BYTES or checkpoint.format_body() != body:
            raise NoteError("检查点不是规范写法 the checkpoint is not in canonical form")
        return checkpoint

    @classmethod
    def read_unverified(cls, data: bytes) -> Self:
        """What a signed note says, whoever signed it. NoteError if it is malformed."""
        return cls.parse(Note.parse(data).body)


def open_checkpoint(
    data: bytes,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    quorum: int | None = None,
) -> Checkpoint:
    """Parse a signed checkpoint that one of the log's `keys` signed (there are two while a key is
    replaced) and `quorum` of the `witnesses` cosigned (all of them by default).

    NoteError otherwise, also for a bad signature of any key given, and for another log's name.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.body)
    signed = note.find_signers(keys)
    if not signed:
        names = ", ".join(f"{key.name}+{key.id.hex()}" for key in keys)
        raise NoteError(f"没有所给密钥的签名 not signed by {names}")
    if checkpoint.origin not in {key.name for key in signed}:
        raise NoteError(f"检查点属于另一账本 the checkpoint is of another log, {checkpoint.origin}")
    cosigned_by = len(note.find_cosigners(witnesses))
    needed = len({key.public for key in witnesses}) if quorum is None else quorum
    if cosigned_by < needed:
        raise NoteError(
            f"只有 {cosigned_by} 方见证，须有 {needed} 方 "
            f"{cosigned_by} witnesses cosigned, {needed} are required"
        )
    return checkpoint
