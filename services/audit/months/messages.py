"""What closing a month is answered with, in both languages."""

from shared.errors import Message

MONTH_RUNS = Message("month_runs", "这个月还没有过完，不能结账", "this month is not over yet")
MONTH_OUT_OF_ORDER = Message(
    "month_out_of_order",
    "请按月份顺序结账：接着上次结账的下一个月",
    "months are closed in order: the one after the last that was closed",
)
MONTH_CLOSE_EXISTS = Message(
    "month_close_exists", "这个月的结账已提出，请由另一人决定", "it is proposed: another decides"
)
MONTH_CHANGED = Message(
    "month_changed",
    "提出之后账上有变化：请先否决，核对后重新提出",
    "the books of the month changed since: decline it, look again and propose anew",
)
MONTH_MOVED = Message(
    "month_moved",
    "正在核对时又有一笔旧月份的账入账：请重新打开，再决定",
    "an entry of an earlier month was made at this very moment: look again, and decide",
)
MONTH_DIFFERS = Message(
    "month_differs",
    "银行余额与账面不一致，且没有列明的流水可以解释：请写明原因",
    "bank and books differ by more than the lines listed: say why",
)
MONTH_NOT_LAST = Message(
    "month_not_last", "只能对最近结账的一个月反结账", "only the last closed month is opened again"
)
MONTH_CLOSE_UNKNOWN = Message("month_close_unknown", "没有提出过这次结账", "nobody proposed it")
MONTH_CLOSE_NOT_PROPOSED = Message(
    "month_close_not_proposed", "该结账不在待审核状态", "this close is {state}"
)
MONTH_REOPENING_UNKNOWN = Message(
    "month_reopening_unknown", "没有提出过这次反结账", "nobody proposed it"
)
MONTH_REOPENING_NOT_PROPOSED = Message(
    "month_reopening_not_proposed", "该反结账不在待审核状态", "this reopening is {state}"
)
MONTH_UNREAD = Message(
    "month_unread",
    "月份请写成 2026-01，且每行写“账户 余额”",
    "write a month as 2026-01, and on each line an account and its balance",
)
