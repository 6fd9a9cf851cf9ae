"""A person says what became of an unclear notice."""

from datetime import datetime

from services.notify.decide.sending import bind_dispatch, with_receipt
from services.notify.decide.steps import decided
from services.notify.model import Dispatch, Notice, ResolveNotice, dispatch_id
from services.notify.rules import Rules, after
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    State,
    States,
    refusal,
)

UNKNOWN_NOTICE = refusal(404, "notice_unknown", "没有这条通知", "there is no such notice")
NOT_UNCLEAR = refusal(
    409, "notice_not_unclear", "这条通知的结果是清楚的", "what became of this notice is known"
)


def touches_resolve(command: Command[ResolveNotice]) -> tuple[AnyRef, ...]:
    return (Ref(Notice, command.data.notice_id),)


def follow_resolve(states: States, command: Command[ResolveNotice]) -> tuple[AnyRef, ...]:
    notice, message_id = _asked(states, command), command.data.provider_message_id
    if notice is None or notice.channel is None or message_id is None:
        return ()
    return (Ref(Dispatch, dispatch_id(notice.channel, message_id)),)


def decide_resolve(
    rules: Rules, states: States, command: Command[ResolveNotice], now: datetime
) -> Decision:
    notice = _asked(states, command)
    if notice is None:
        return Decision(answer=UNKNOWN_NOTICE)
    if notice.state != "unknown":
        return Decision(answer=NOT_UNCLEAR)
    steps, others = _resolved(rules, states, notice, command.data, now)
    final = steps[-1].model_copy(update={"resolved_by": command.principal})
    answer = Answer(200, {"id": final.id, "state": final.state})
    return decided(notice, *steps[:-1], final, others=others, answer=answer)


def _asked(states: States, command: Command[ResolveNotice]) -> Notice | None:
    return states.get(Notice, command.data.notice_id)


def _resolved(
    rules: Rules, states: States, notice: Notice, asked: ResolveNotice, now: datetime
) -> tuple[list[Notice], tuple[State, ...]]:
    match asked.verdict:
        case "failed":
            return [_written_off(notice).became("failed", code="resolved_failed")], ()
        case "resend":
            return [_written_off(notice).became("retry", due_at=after(now))], ()
        case "sent":
            return _sent(rules, states, notice, asked.provider_message_id, now)


def _written_off(notice: Notice) -> Notice:
    """The unclear attempts no longer stand in the way of another."""
    attempts = tuple(
        a.model_copy(update={"outcome": "written_off"}) if a.outcome == "unknown" else a
        for a in notice.attempts
    )
    return notice.model_copy(update={"attempts": attempts})


def _sent(
    rules: Rules, states: States, notice: Notice, message_id: str | None, now: datetime
) -> tuple[list[Notice], tuple[State, ...]]:
    """With the provider's message id, a receipt that already came counts at once."""
    last = notice.last_attempt
    assert last is not None
    attempt = last.model_copy(update={"outcome": "sent", "ended_at": now})
    sent = notice.with_attempt(attempt).became("sent")
    if message_id is None:
        return [sent], ()
    dispatch = bind_dispatch(states, sent, attempt, message_id, now, rules)
    if dispatch.receipt is None:
        return [sent], (dispatch,)
    return [sent, with_receipt(sent, dispatch, now, rules)], (dispatch,)
