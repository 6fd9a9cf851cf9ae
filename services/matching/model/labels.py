"""What people choose from and what they read of states: codes with their words."""

from typing import Literal, get_args

from shared.contracts.events import Evidence
from shared.contracts.events.donors import DeclineCause

# --- matches ---

MatchState = Literal[
    "proposed",
    "accepted",
    "committed",
    "delivered",
    "confirmed",
    "declined",
    "expired",
    "released",
    "reopened",
]
# Chosen, not written: reasons go out with the events, and nobody is to be named in them.
DeclineReason = Literal[
    "暂时没有余力 No capacity now",
    "不在服务范围 Not what we can give",
    "其他 Other",
]
DECLINE_REASONS: tuple[DeclineReason, ...] = get_args(DeclineReason)
# What a donor's own words come to, where he declines by SMS.
CAUSES: dict[DeclineCause, DeclineReason] = dict(
    zip(("capacity", "scope", "other"), DECLINE_REASONS, strict=True)
)
ReopenReason = Literal[
    "没有收到 It did not arrive",
    "与约定不符 Not what was agreed",
    "已损坏或不能使用 Damaged or of no use",
]
REOPEN_REASONS: tuple[ReopenReason, ...] = get_args(ReopenReason)


def index_reasons(reasons: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Each with its Chinese and its English, which stand in one text."""
    return {each: (each.partition(" ")[0], each.partition(" ")[2]) for each in reasons}


EVIDENCE_LABELS: dict[Evidence, str] = {
    "visit": "上门见到本人",
    "signature": "本人或监护人签收",
    "photo": "现场照片",
}
STATE_LABELS: dict[MatchState, str] = {
    "proposed": "待捐赠方答复",
    "accepted": "捐赠方已接受",
    "committed": "已落实",
    "delivered": "已送达",
    "confirmed": "已确认收到",
    "declined": "捐赠方婉拒",
    "expired": "逾期未答复",
    "released": "已释放",
    "reopened": "未到位，重新对接",
}


STATES_IN_ENGLISH: dict[MatchState, str] = {
    "proposed": "waits for the donor's answer",
    "accepted": "accepted by the donor",
    "committed": "promised",
    "delivered": "delivered",
    "confirmed": "receipt confirmed",
    "declined": "declined by the donor",
    "expired": "not answered in time",
    "released": "released",
    "reopened": "did not arrive, help is looked for anew",
}


def name_state(state: MatchState) -> tuple[str, str]:
    """Chinese and English."""
    return STATE_LABELS[state], STATES_IN_ENGLISH[state]


# Nothing moves by itself: audit's reversal takes a maker and a checker.
REVERSE_PAYMENT = {
    "zh": "款项已拨付：须由财务两人冲正该笔拨付，或两人批准再次拨付；此前不再对接资金",
    "en": "the money was paid: two people reverse the payment, or approve a second one, before the "
    "request is matched with money again",
}

# --- related parties ---

Tie = Literal["manager", "founder", "relative", "associate"]
TIE_LABELS: dict[Tie, str] = {
    "manager": "管理人员",
    "founder": "发起人、主要捐赠人",
    "relative": "近亲属",
    "associate": "其他关联关系",
}
RelationState = Literal["declared", "in_force", "leaving"]
RELATION_LABELS: dict[RelationState, str] = {
    "declared": "已申报，待复核",
    "in_force": "已生效",
    "leaving": "申请撤销，待复核",
}
