"""Whether a checkpoint continues the one cosigned before; if so, it is kept, then cosigned."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from services.audit.log.signing import SigningKey
from services.audit.verify.merkle import HASH_BYTES
from services.audit.verify.note import Checkpoint, Note, NoteError, VerifierKey
from services.audit.verify.proofs import verify_consistency
from services.audit.witness.record import Record

PROOF_LINES_MAX = 63
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


class RefusedError(Exception):
    """No cosignature; what is answered instead."""

    def __init__(self, status: int, text: str, media_type: str = TEXT_TYPE) -> None:
        super().__init__(text)
        self.status = status
        self.text = f"{text}\n"
        self.media_type = media_type


@dataclass(frozen=True, slots=True)
class Submission:
    """The body of a request: a checkpoint, and a proof that it continues the tree of size `old`."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """NoteError if it is malformed."""
        head, found, note = body.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        if not found or not first.startswith(b"old ") or len(lines) > PROOF_LINES_MAX:
            raise NoteError(
                "请求格式不对 not a request: old size, proof lines, a blank line, a checkpoint"
            )
        parsed = Note.parse(note)
        proof = tuple(_hash(line) for line in lines)
        return cls(_size(first[4:]), proof, parsed, Checkpoint.parse(parsed.body))


class Cosigner:
    """The witness's key, the keys of the logs it knows, and what it cosigned last."""

    def __init__(
        self, key: SigningKey, logs: Sequence[VerifierKey], record: Record, now_s: Callable[[], int]
    ) -> None:
        self._key = key
        self._logs = logs
        self._record = record
        self._now_s = now_s

    def add_checkpoint(self, body: bytes) -> str:
        """The cosignature line. Raises RefusedError. Blocking: writes to the disk.

        The order of checks and their statuses are those of C2SP tlog-witness.
        """
        try:
            asked = Submission.parse(body)
        except NoteError as error:
            raise RefusedError(400, str(error)) from None
        self._expect_signed(asked)
        if asked.old > asked.checkpoint.size:
            raise RefusedError(400, "the old size is larger than the checkpoint's")
        with self._record.locked():
            self._expect_continued(asked, self._record.last(asked.checkpoint.origin))
            self._record.put(asked.checkpoint.origin, asked.note)
            return str(self._key.cosign(asked.note.body, self._now_s()))

    def _expect_signed(self, asked: Submission) -> None:
        keys = [key for key in self._logs if key.name == asked.checkpoint.origin]
        if not keys:
            raise RefusedError(404, "this log is not known here")
        try:
            signed = asked.note.signers(keys)
        except NoteError as error:
            raise RefusedError(403, str(error)) from None
        if not signed:
            raise RefusedError(403, "not signed by the log's key")

    def _expect_continued(self, asked: Submission, last: Checkpoint) -> None:
        new = asked.checkpoint
        if asked.old != last.size:
            raise RefusedError(409, str(last.size), SIZE_TYPE)
        if new.size == last.size and new.root != last.root:
            raise RefusedError(409, str(last.size), SIZE_TYPE)
        if last.frozen and (new.size > last.size or not new.frozen):
            raise RefusedError(422, "the log was frozen: it may not go on")
        if not verify_consistency(last.size, new.size, asked.proof, last.root, new.root):
            raise RefusedError(422, "the proof does not show that the old tree is continued")


def _size(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19 or str(int(text)).encode() != text:
        raise NoteError("旧条目数不是十进制数 the old size is not a decimal number")
    return int(text)


def _hash(line: bytes) -> bytes:
    try:
        found = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("证明行不是 base64 a proof line is not base64") from None
    if len(found) != HASH_BYTES or base64.b64encode(found) != line:
        raise NoteError("证明行不是 SHA-256 a proof line is not a SHA-256 hash")
    return found
