"""Asking witnesses: each cosigns a checkpoint that continues the one it saw last (C2SP
tlog-witness). With a quorum, no checkpoint stands that so many of them have not cosigned.
"""

import base64
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import httpx
import structlog

from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.note import COSIGNATURE, Note, NoteError, Signature, VerifierKey
from services.audit.tlog.proofs import prove_consistency
from services.audit.tlog.reader import Source

log = structlog.get_logger()

TIMEOUT_S = 5.0

SIZE_TYPE = "text/x.tlog.size"

_TRIES = 3


class QuorumError(Exception):
    """Too few witnesses cosigned; to be tried again. `size`: the largest tree one has cosigned:
    it answers for no smaller one."""

    def __init__(self, text: str, size: int = 0) -> None:
        super().__init__(text)
        self.size = size


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness is asked, and the key it cosigns with."""

    url: str
    key: VerifierKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `URL vkey`; NoteError if the key is not a witness's."""
        url, _, vkey = text.strip().partition(" ")
        key = VerifierKey.parse(vkey)
        if key.algorithm != COSIGNATURE or not url.startswith(("http://", "https://")):
            raise NoteError("见证方应写作 a witness is `URL vkey`, its key of type 0x04")
        return cls(url.rstrip("/"), key)


class Witnesses:
    """The witnesses of a log, asked side by side, and how many must answer."""

    def __init__(self, witnesses: Iterable[Witness] = (), quorum: int = 0) -> None:
        self._witnesses = tuple(witnesses)
        self._quorum = quorum
        self._sizes: dict[str, int] = {}
        # A witness's address is the operator's choice, no proxy's.
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False) if self._witnesses else None

    @property
    def keys(self) -> list[VerifierKey]:
        return [witness.key for witness in self._witnesses]

    def lacks_cosigner(self, note: Note) -> bool:
        return len(note.find_cosigners(self.keys)) < len({key.public for key in self.keys})

    def cosign(self, note: Note, seen_size: int, source: Source) -> Note:
        """The note with every cosignature that can be had. QuorumError if they are too few.

        shown: the size of the tree witnesses have probably seen. source: for proofs, holds the
        tiles of the note's tree.
        """
        signed = {key.id for key in note.find_cosigners(self.keys)}
        missing = [each for each in self._witnesses if each.key.id not in signed]
        answers = self._ask_all(missing, note, seen_size, source)
        note = note.with_signatures(each for each in answers if isinstance(each, Signature))
        got = len(note.find_cosigners(self.keys))
        if got < self._quorum:
            ahead = max((each for each in answers if isinstance(each, int)), default=0)
            raise QuorumError(f"{got} of {self._quorum} witnesses cosigned", ahead)
        return note

    def _ask_all(
        self, missing: Sequence[Witness], note: Note, seen_size: int, source: Source
    ) -> list[Signature | int]:
        if not missing:
            return []
        with ThreadPoolExecutor(len(missing)) as pool:
            return list(pool.map(lambda each: self._ask(each, note, seen_size, source), missing))

    def _ask(self, witness: Witness, note: Note, seen_size: int, source: Source) -> Signature | int:
        """Its cosignature; else the size it knows where that is larger, else 0."""
        new = Checkpoint.parse(note.body)
        old = min(self._sizes.get(f"{witness.url} {new.origin}", seen_size), new.size)
        for _ in range(_TRIES):
            answer = self._post(witness, note, prove_consistency(source, old, new.size), old)
            if answer is None:
                return 0
            if answer.is_success:
                self._sizes[f"{witness.url} {new.origin}"] = new.size
                return _find_cosignature(witness, note, answer.text) or 0
            cosigned_size = _read_cosigned_size(answer)
            if cosigned_size is None or cosigned_size == old or cosigned_size > new.size:
                _report_refusal(witness, answer, old)
                return cosigned_size if cosigned_size and cosigned_size > new.size else 0
            old = cosigned_size
        return 0

    def _post(
        self, witness: Witness, note: Note, proof: list[bytes], old: int
    ) -> httpx.Response | None:
        lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof)]
        body = "\n".join([*lines, "", ""]).encode() + bytes(note)
        assert self._http is not None
        try:
            return self._http.post(f"{witness.url}/add-checkpoint", content=body)
        except httpx.HTTPError as error:
            log.warning("witness_away", witness=witness.key.name, error=type(error).__name__)
            return None


NO_WITNESSES = Witnesses()


def _find_cosignature(witness: Witness, note: Note, answer: str) -> Signature | None:
    """The line by the witness's own key; others are passed over."""
    for line in answer.splitlines():
        try:
            signature = Signature.parse(line)
            if Note(note.body, (signature,)).find_signers([witness.key]):
                return signature
        except NoteError as error:
            log.warning("witness_unreadable", witness=witness.key.name, error=str(error))
    return None


def _read_cosigned_size(answer: httpx.Response) -> int | None:
    """What a 409 says the witness has cosigned."""
    text = answer.text.strip()
    says_size = answer.headers.get("content-type", "").startswith(SIZE_TYPE)
    readable = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if answer.status_code == 409 and says_size and readable else None


def _report_refusal(witness: Witness, answer: httpx.Response, old: int) -> None:
    name, status = witness.key.name, answer.status_code
    if status in (409, 422) and _read_cosigned_size(answer) in (None, old):
        log.critical("witness_knows_another_history", witness=name, status=status, size=old)
    else:
        log.warning("witness_refused", witness=name, status=status)
