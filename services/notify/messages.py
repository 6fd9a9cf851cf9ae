"""What notify answers when something is wrong."""

from shared.errors import Message

NOTICE_UNKNOWN = Message("notice_unknown", "没有这条通知", "there is no such notice")
MEMBER_UNKNOWN = Message(
    "member_unknown",
    "登记簿中没有这个工号；请用 guanjia staff list 查看",
    "nobody of this staff number is in the register: see `guanjia staff list`",
)
NOTICE_NOT_UNCLEAR = Message(
    "notice_not_unclear", "这条通知的结果是清楚的", "what became of this notice is known"
)
