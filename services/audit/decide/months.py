"""A month is closed, and opened again, by two people; see `model.months`."""

from datetime import datetime

from services.audit.decide.proposals import require_open
from services.audit.messages import FOUNDATION_UNKNOWN
from services.audit.model import LogHead
from services.audit.model.months import (
    ApproveMonthClose,
    ApproveMonthReopening,
    MonthClose,
    MonthReopening,
    ProposeMonthClose,
    ProposeMonthReopening,
    begin_month,
    derive_month_close_id,
    derive_month_reopening_id,
    end_month,
)
from services.audit.months import messages
from shared.answers import Answer
from shared.messaging.decision import Command, Decision, Ref, States


def decide_propose_close(
    states: States, command: Command[ProposeMonthClose], now: datetime
) -> Decision:
    """Of a month that is over, the one after the last that was closed. What differs without a line
    needs a reason."""
    data = command.data
    id_ = derive_month_close_id(data.foundation, data.month)
    head, existing = states.get_each((LogHead, data.foundation), (MonthClose, id_))
    if head is None:
        return Decision(answer=FOUNDATION_UNKNOWN.refusal(404, "foundation"))
    if existing is not None and existing.state == "proposed":
        return Decision(answer=messages.MONTH_CLOSE_EXISTS.refusal(409, "month"))
    if end_month(data.month) > now:
        return Decision(answer=messages.MONTH_RUNS.refusal(409, "month"))
    if head.closed_until not in (None, begin_month(data.month)):
        return Decision(answer=messages.MONTH_OUT_OF_ORDER.refusal(409, "month"))
    close = MonthClose(
        id=id_,
        maker=command.principal,
        foundation=data.foundation,
        month=data.month,
        balances=data.balances,
        figures=data.figures,
        reason=data.reason.strip(),
        number=existing.number + 1 if existing else 1,
    )
    if not close.is_equal and not close.reason:
        return Decision(answer=messages.MONTH_DIFFERS.refusal(409, "reason"))
    earlier = [existing.as_earlier()] if existing else []
    states.prefetch(*(Ref(MonthClose, each.id) for each in earlier))
    return Decision((close, *earlier), answer=Answer(202, close.to_json()))


@require_open(MonthClose)
def decide_approve_close(
    states: States,
    command: Command[ApproveMonthClose],
    now: datetime,  # noqa: ARG001
    close: MonthClose,
) -> Decision:
    """From now on nothing is entered with a date of it: nor was any since the books were read."""
    data = command.data
    if not close.figures.is_same_as(data.figures):
        return Decision(answer=messages.MONTH_CHANGED.refusal(409))
    head = states.require(LogHead, close.foundation)
    if head.late_at.is_after(data.figures.place):
        return Decision(answer=messages.MONTH_MOVED.refusal(409))
    if head.closed_until not in (None, begin_month(close.month)):
        return Decision(answer=messages.MONTH_OUT_OF_ORDER.refusal(409, "month"))
    approved = close.resolve("approved", command.principal)
    closed = head.model_copy(update={"closed_until": end_month(close.month)})
    return Decision((closed, approved), answer=Answer(200, approved.to_json()))


def decide_propose_reopening(
    states: States,
    command: Command[ProposeMonthReopening],
    now: datetime,  # noqa: ARG001
) -> Decision:
    data, id_ = command.data, derive_month_reopening_id(command.key)
    head, _ = states.get_each((LogHead, data.foundation), (MonthReopening, id_))
    if head is None or head.closed_until != end_month(data.month):
        return Decision(answer=messages.MONTH_NOT_LAST.refusal(409, "month"))
    reopening = MonthReopening(id=id_, maker=command.principal, **data.model_dump())
    return Decision((reopening,), answer=Answer(202, reopening.to_json()))


@require_open(MonthReopening)
def decide_approve_reopening(
    states: States,
    command: Command[ApproveMonthReopening],
    now: datetime,  # noqa: ARG001
    reopening: MonthReopening,
) -> Decision:
    """The month before it stays closed."""
    head = states.require(LogHead, reopening.foundation)
    close = states.get(MonthClose, derive_month_close_id(reopening.foundation, reopening.month))
    if head.closed_until != end_month(reopening.month) or close is None:
        return Decision(answer=messages.MONTH_NOT_LAST.refusal(409, "month"))
    approved = reopening.resolve("approved", command.principal)
    opened = head.model_copy(update={"closed_until": begin_month(reopening.month)})
    revoked = close.model_copy(update={"state": "revoked"})
    return Decision((opened, approved, revoked), answer=Answer(200, approved.to_json()))
