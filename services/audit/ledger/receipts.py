"""A receipt: one entry, and the proof that a signed checkpoint contains it (C2SP tlog-proof).

The entry itself travels in the format's `extra` line, so a donor needs this one file and the log's
pinned key. The line is not authenticated by the format; its hash is what the proof is about.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.audit.ledger.canonical import NotCanonicalError, parse_entry
from services.audit.ledger.kinds import kind_of
from services.audit.tlog.checkpoint import Checkpoint, open_checkpoint
from services.audit.tlog.findings import BrokenError
from services.audit.tlog.merkle import HASH_BYTES, hash_leaf
from services.audit.tlog.note import Note, NoteError, VerifierKey
from services.audit.tlog.proofs import prove_inclusion, verify_inclusion
from services.audit.tlog.reader import Source, read_entry
from services.audit.tlog.tiles import CHECKPOINT
from shared.contracts.ledger import LedgerEntry
from shared.contracts.values import format_yuan
from shared.documents import Document

HEADER = "c2sp.org/tlog-proof@v1"

SUFFIX = ".tlog-proof"

_PROOF_LINES_MAX = 63

Words = tuple[str, str]
"""Chinese and English."""


class ReceiptError(ValueError):
    """The receipt is malformed or does not prove what it says."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """index: the entry's number. entry: its bytes. checkpoint: the signed note, as published."""

    index: int
    entry: bytes
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        lines = [HEADER, f"extra {_encode(self.entry)}", f"index {self.index}"]
        lines += [_encode(each) for each in self.proof]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """ReceiptError unless it is in the format's one spelling and brings its entry along."""
        head, _, checkpoint = data.partition(b"\n\n")
        lines = head.decode("ascii", errors="replace").split("\n")
        if len(lines) < 3 or lines[0] != HEADER or len(lines) > 3 + _PROOF_LINES_MAX:
            raise ReceiptError(f"不是凭证，首行应为 not a receipt, it begins with: {HEADER}")
        entry = _decode(_read_after("extra ", lines[1]))
        proof = tuple(_decode(line) for line in lines[3:])
        receipt = cls(_parse_number(_read_after("index ", lines[2])), entry, proof, checkpoint)
        if bytes(receipt) != data or any(len(each) != HASH_BYTES for each in proof):
            raise ReceiptError("凭证不是规范写法 the receipt is not in canonical form")
        return receipt

    def check(
        self,
        keys: Sequence[VerifierKey],
        witnesses: Sequence[VerifierKey] = (),
        quorum: int | None = None,
    ) -> tuple[LedgerEntry, Checkpoint]:
        """The entry it proves, and the checkpoint that contains it. ReceiptError otherwise.

        keys: the log's pinned keys, one of which must have signed. witnesses: all of them must have
        cosigned, or a `quorum`.
        """
        try:
            checkpoint = open_checkpoint(self.checkpoint, keys, witnesses, quorum)
            entry = parse_entry(self.entry)
        except (NoteError, NotCanonicalError) as error:
            raise ReceiptError(str(error)) from None
        leaf, root = hash_leaf(self.entry), checkpoint.root
        if not verify_inclusion(leaf, self.index, checkpoint.size, self.proof, root):
            raise ReceiptError(
                "从条目推不出检查点的树根 "
                "the proof does not lead from the entry to the checkpoint's root"
            )
        if (entry["log"], entry["index"]) != (checkpoint.origin, self.index):
            raise ReceiptError(
                f"条目自称另有其位 says it is entry {entry['index']} of {entry['log']}"
            )
        return entry, checkpoint

    def find_cosigners(self, witnesses: Sequence[VerifierKey]) -> list[VerifierKey]:
        """Which of the witnesses cosigned its checkpoint."""
        return Note.parse(self.checkpoint).find_cosigners(witnesses)


def make_receipt(source: Source, index: int) -> Receipt | None:
    """For an entry of a published log, by the checkpoint that stands; None beyond its size.

    BrokenError where files are missing.
    """
    note = source.read(CHECKPOINT)
    if note is None:
        return None
    size = Checkpoint.read_unverified(note).size
    if not 0 <= index < size:
        return None
    try:
        entry, proof = read_entry(source, size, index), prove_inclusion(source, size, index)
    except BrokenError:
        if source.read(CHECKPOINT) == note:
            raise
        return make_receipt(source, index)  # the log grew, and its partial tiles became full ones
    return Receipt(index, entry, tuple(proof), note)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ReceiptError("有一行不是 base64 a line is not base64") from None


def _read_after(word: str, line: str) -> str:
    if not line.startswith(word):
        raise ReceiptError(f"缺少一行 a line is missing: {word.strip()}")
    return line.removeprefix(word)


def _parse_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 19:
        raise ReceiptError("条目号不是十进制数 the index is not a decimal number")
    return int(text)


def describe_receipt(
    entry: LedgerEntry,
    checkpoint: Checkpoint,
    name_moment: Callable[[datetime], Words],
    fund_name: str = "",
) -> list[tuple[Words, Words]]:
    """Label and text, most important first. name_moment: as its reader writes a time. fund_name:
    to show for the id, which is all that an entry says."""
    received, entered = (
        name_moment(datetime.fromisoformat(entry[name])) for name in ("effective_at", "recorded_at")
    )
    what, moved = kind_of(entry).receipt, _format_moved(entry)
    fund = fund_name or entry.get("fund")
    zh, _, en = (what or entry["kind"]).partition(" ")
    return [
        (("事项", "What"), (zh, en or zh)),
        *([(("数额", "Amount"), moved)] if moved else []),
        *([(("基金", "Fund"), _repeat(str(fund)))] if fund else []),
        (("捐赠编号", "Donation"), _repeat(entry["subject"])),
        (("收到时间", "Received"), received),
        (("入账时间", "Entered"), entered),
        (("公开账本", "Public log"), _repeat(checkpoint.origin)),
        (("条目", "Entry"), _repeat(f"{entry['index']} / {checkpoint.size}")),
    ]


def _repeat(text: str) -> Words:
    """The same in either language."""
    return text, text


def _format_moved(entry: LedgerEntry) -> Words | None:
    """What was given: the debit of the entry's first account; None where nothing moved."""
    if not entry["legs"]:
        return None
    first: Document = entry["legs"][0]
    if "amount_fen" in first:
        yuan = format_yuan(first["amount_fen"])
        return f"人民币 {yuan} 元", f"CNY {yuan}"
    return _repeat(f"{first['item']} {first['quantity']} {first['unit']}")
