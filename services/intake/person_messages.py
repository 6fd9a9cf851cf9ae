"""What is answered about a person's own data: consent, guardians, erasing."""

from shared.errors import Message

CONSENT_ABSENT = Message(
    "consent_absent", "本人没有同意过，或已经撤回", "there is no such consent, or it has ended"
)
GUARDIAN_ABSENT = Message(
    "guardian_absent",
    "申请人未满14周岁：请联系监护人，在“本人同意”一栏记下监护人同意后再批准",
    "who asks is under 14: speak with the guardian and note his consent before you approve",
)
ERASURE_UNREAD = Message(
    "erasure_unread",
    "请先看过删除会带来什么，打勾后再删除",
    "read what erasing does, and tick the box",
)
