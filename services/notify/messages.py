"""What notify answers when something is wrong."""

from shared.errors import Message

NOTICE_UNKNOWN = Message("notice_unknown", "没有这条通知", "there is no such notice")
NOTICE_NOT_UNCLEAR = Message(
    "notice_not_unclear", "这条通知的结果是清楚的", "what became of this notice is known"
)
