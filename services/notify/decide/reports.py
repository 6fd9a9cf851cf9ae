"""What providers report of a message, and persons who want no more SMS."""

from datetime import datetime

from services.notify.decide.sending import with_receipt
from services.notify.decide.steps import decided
from services.notify.model import Dispatch, Notice, OptOut
from services.notify.rules import Rules, after
from shared.contracts.envelope import Event
from shared.contracts.events import MessageReported, ReplyUnderstood
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States


def touches_report(event: Event[MessageReported]) -> tuple[AnyRef, ...]:
    return (Ref(Dispatch, event.subject),)


def follow_report(states: States, event: Event[MessageReported]) -> tuple[AnyRef, ...]:
    dispatch = states.get(Dispatch, event.subject)
    return (Ref(Notice, dispatch.notice_id),) if dispatch and dispatch.notice_id else ()


def decide_report(
    rules: Rules, states: States, event: Event[MessageReported], now: datetime
) -> Decision:
    """The first receipt of a message counts; one that comes before its answer waits."""
    dispatch = states.get(Dispatch, event.subject) or Dispatch(
        id=event.subject, expires_at=after(now, rules.receipt_life_s)
    )
    if dispatch.receipt is not None:
        return NOTHING
    dispatch = dispatch.model_copy(update={"receipt": event.data.outcome, "code": event.data.code})
    notice = states.get(Notice, dispatch.notice_id) if dispatch.notice_id else None
    if notice is None:
        return Decision(states=(dispatch,))
    return decided(notice, with_receipt(notice, dispatch, now, rules), others=(dispatch,))


def touches_reply(event: Event[ReplyUnderstood]) -> tuple[AnyRef, ...]:
    return (Ref(OptOut, event.data.person_id),) if event.data.meaning == "opted_out" else ()


def decide_reply(states: States, event: Event[ReplyUnderstood], now: datetime) -> Decision:
    person_id = event.data.person_id
    if event.data.meaning != "opted_out" or states.get(OptOut, person_id) is not None:
        return NOTHING
    return Decision(states=(OptOut(id=person_id, since=now),))
