"""The ten invariants of a replay, and the finding that names the first one broken."""

from dataclasses import dataclass

INVARIANTS = {
    1: ("检查点规范且签名有效", "the checkpoint is canonical and the pinned key verifies"),
    2: ("条目重算出的树根与检查点一致", "the tree rebuilt from the entries is the one published"),
    3: (
        "与以往检查点及上年日志一致",
        "consistent with every older checkpoint kept, and with the year before",
    ),
    4: ("条目为规范编码、格式已知", "every entry is in canonical form, of a known schema"),
    5: ("序号连续、记录时间不倒退", "sequence is the leaf index; recorded time never decreases"),
    6: ("同一事件只记一次", "every event is recorded once"),
    7: ("借贷平衡、账户已开立", "every entry balances in fen or units, on opened accounts"),
    8: (
        "各基金平衡、不超支、专款专用",
        "every fund balances, is not overspent, and is used for its purpose",
    ),
    9: (
        "承诺 = 已拨付 + 已释放 + 未了结",
        "commitments: reserved = disbursed + released + outstanding",
    ),
    10: ("冲销与原条目相反且只一次", "a reversal mirrors one earlier entry, once"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and where; `index` is None when no entry is to blame."""

    invariant: int
    message: str
    index: int | None = None

    def __str__(self) -> str:
        chinese, english = INVARIANTS[self.invariant]
        where = "" if self.index is None else f" 条目 entry {self.index}:"
        return f"[{self.invariant}] {chinese} ({english}):{where} {self.message}"


class BrokenError(Exception):
    """Stops a verification at the first broken invariant."""

    def __init__(self, invariant: int, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.finding = Finding(invariant, message, index)
