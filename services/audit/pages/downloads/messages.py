"""What a report that cannot be made is answered with, in both languages."""

from shared.errors import Message

REPORT_UNKNOWN = Message("report_unknown", "没有这张报表", "no such report")
PERIOD_UNREAD = Message(
    "period_unread", "期间写作 2026-01 或 2026", "a period is written 2026-01 or 2026"
)
YEAR_UNKNOWN = Message("year_unknown", "{year} 年还没有公开的账本", "no log of {year} is published")
ACCOUNT_UNPLACED = Message(
    "account_unplaced",
    "报表无法编制：{text}",
    "the statements cannot be made: {text}",
)
