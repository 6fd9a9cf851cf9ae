"""A witness: it cosigns a checkpoint if that continues the one it cosigned before.

Somebody else than the log's operator runs it; then the log cannot show two histories. It keeps the
last checkpoint of each log it knows, one file a log, replaced whole."""

import base64
import binascii
import fcntl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.disk import make_folder, store
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from services.audit.tlog.note import Note, NoteError, VerifierKey
from services.audit.tlog.proofs import verify_consistency

LOCK = ".lock"


class Record:
    """Kept below `folder`. Nothing is read or put but under `lock`, in whichever process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = threading.Lock()
        make_folder(folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._threads, (self._folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read_last(self, origin: str) -> Checkpoint:
        """Size 0 where it never cosigned. NoteError if the file is damaged: it signs no more."""
        try:
            note = (self._folder / _name(origin)).read_bytes()
        except FileNotFoundError:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        return Checkpoint.read_unverified(note)

    def put(self, origin: str, note: Note) -> None:
        """When this returns it survives a power cut."""
        store(self._folder, {_name(origin): bytes(note)})


def _name(origin: str) -> str:
    return f"{sha256(origin.encode()).hexdigest()[:32]}.checkpoint"


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
        head, blank_line, note = body.partition(b"\n\n")
        first, *lines = head.split(b"\n")
        if not blank_line or not first.startswith(b"old ") or len(lines) > PROOF_LINES_MAX:
            raise NoteError(
                "请求格式不对 not a request: old size, proof lines, a blank line, a checkpoint"
            )
        parsed = Note.parse(note)
        proof = tuple(_parse_hash(line) for line in lines)
        return cls(_parse_size(first[4:]), proof, parsed, Checkpoint.parse(parsed.body))


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
            submission = Submission.parse(body)
        except NoteError as error:
            raise RefusedError(400, str(error)) from None
        self._expect_signed(submission)
        if submission.old > submission.checkpoint.size:
            raise RefusedError(400, "the old size is larger than the checkpoint's")
        with self._record.lock():
            self._expect_continued(submission, self._record.read_last(submission.checkpoint.origin))
            self._record.put(submission.checkpoint.origin, submission.note)
            return str(self._key.cosign(submission.note.body, self._now_s()))

    def _expect_signed(self, submission: Submission) -> None:
        keys = [key for key in self._logs if key.name == submission.checkpoint.origin]
        if not keys:
            raise RefusedError(404, "this log is not known here")
        try:
            signed = submission.note.find_signers(keys)
        except NoteError as error:
            raise RefusedError(403, str(error)) from None
        if not signed:
            raise RefusedError(403, "not signed by the log's key")

    def _expect_continued(self, submission: Submission, last: Checkpoint) -> None:
        new = submission.checkpoint
        if submission.old != last.size:
            raise RefusedError(409, str(last.size), SIZE_TYPE)
        if new.size == last.size and new.root != last.root:
            raise RefusedError(409, str(last.size), SIZE_TYPE)
        if last.frozen and (new.size > last.size or not new.frozen):
            raise RefusedError(422, "the log was frozen: it may not go on")
        if not verify_consistency(last.size, new.size, submission.proof, last.root, new.root):
            raise RefusedError(422, "the proof does not show that the old tree is continued")


def _parse_size(text: bytes) -> int:
    if not text.isdigit() or len(text) > 19 or str(int(text)).encode() != text:
        raise NoteError("旧条目数不是十进制数 the old size is not a decimal number")
    return int(text)


def _parse_hash(line: bytes) -> bytes:
    try:
        digest = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("证明行不是 base64 a proof line is not base64") from None
    if len(digest) != HASH_BYTES or base64.b64encode(digest) != line:
        raise NoteError("证明行不是 SHA-256 a proof line is not a SHA-256 hash")
    return digest
