"""Every problem that notify answers with."""

from shared.messaging.decision import refusal

NOTICE_UNKNOWN = refusal(404, "notice_unknown", "没有这条通知", "there is no such notice")
NOTICE_NOT_UNCLEAR = refusal(
    409, "notice_not_unclear", "这条通知的结果是清楚的", "what became of this notice is known"
)
