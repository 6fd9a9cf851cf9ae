"""What a verification finds: the first invariant that does not hold, and where.

The log's own invariants are here; whoever puts a meaning on its entries adds others.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that must hold of a log, in Chinese and English, under a number that is public."""

    number: int
    zh: str
    en: str


SIGNED = Invariant(
    1, "检查点规范且签名有效", "the checkpoint is canonical and the pinned key verifies"
)
TREE = Invariant(
    2, "条目重算出的树根与检查点一致", "the tree rebuilt from the entries is the one published"
)
HISTORY = Invariant(
    3,
    "与以往检查点及上年日志一致",
    "consistent with every older checkpoint kept, and with the year before",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and where; `index` is None when no entry is to blame."""

    broken: Invariant
    message: str
    index: int | None = None

    @property
    def invariant(self) -> int:
        return self.broken.number

    def __str__(self) -> str:
        where = "" if self.index is None else f" 条目 entry {self.index}:"
        return f"[{self.invariant}] {self.broken.zh} ({self.broken.en}):{where} {self.message}"


class BrokenError(Exception):
    """Stops a verification at the first broken invariant."""

    def __init__(self, broken: Invariant, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(broken, message, index)
