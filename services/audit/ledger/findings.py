"""The ten invariants of a verification: three of the log (`tlog.findings`), seven of the ledger."""

from services.audit.tlog.findings import HISTORY, SIGNED, TREE, Invariant

CANONICAL = Invariant(
    4, "条目为规范编码、格式已知", "every entry is in canonical form, of a known schema"
)
SEQUENCE = Invariant(
    5, "序号连续、记录时间不倒退", "sequence is the leaf index; recorded time never decreases"
)
UNIQUE = Invariant(6, "同一事件只记一次", "every event is recorded once")
BALANCED = Invariant(
    7, "借贷平衡、账户已开立", "every entry balances in fen or units, on opened accounts"
)
WITHIN_FUND = Invariant(
    8,
    "各基金平衡、不超支、专款专用",
    "every fund balances, is not overspent, and is used for its purpose",
)
COMMITTED = Invariant(
    9,
    "承诺 = 已拨付 + 已转应付 + 已释放 + 未了结；付款不超应付",
    "commitments: reserved = disbursed + due + released + outstanding; no more paid than due",
)
MIRRORED = Invariant(10, "冲销与原条目相反且只一次", "a reversal mirrors one earlier entry, once")

INVARIANTS = (
    SIGNED,
    TREE,
    HISTORY,
    CANONICAL,
    SEQUENCE,
    UNIQUE,
    BALANCED,
    WITHIN_FUND,
    COMMITTED,
    MIRRORED,
)
