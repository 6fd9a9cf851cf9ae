"""What is wrong with a bank's or platform's statement, or is said of a row that is entered."""

from shared.errors import Message

MAPPING_UNREADABLE = Message(
    "mapping_unreadable", "列映射不是 TOML：{reason}", "the mapping is no TOML: {reason}"
)
MAPPING_WRONG = Message(
    "mapping_wrong", "写法：字段=列名", "written as amount=value, not as {text}"
)
COLUMNS_UNMAPPED = Message(
    "columns_unmapped",
    "可用 --column 或 --set 指定缺少的列",
    "name the missing columns with --column or --set",
)
GIVER_UNNAMED = Message(
    "giver_unnamed", "没有名称，登记为{name}", "without a name: entered as given by {name}"
)
DIRECTION_OUTGOING = Message(
    "direction_outgoing",
    "不是收入：只导入到账的善款，退款请按退款登记",
    "not money that came in: record a refund as a refund",
)
STATE_UNFINISHED = Message(
    "state_unfinished", "交易未成功，未入账", "the transaction did not succeed"
)
ROW_WRONG = Message("row_wrong", "行号不正确", "not a row's number")

# --- what the books say ---

FUND_UNKNOWN = Message("fund_unknown", "没有这个基金", "no such fund: {fund}")
GIFT_REFUSED = Message("gift_refused", "账本拒绝了这笔善款", "the ledger refused this gift")
REFERENCE_REUSED = Message(
    "reference_reused", "流水号已用于另一笔善款", "its reference is another gift's"
)
