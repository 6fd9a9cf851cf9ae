"""What became of an attempt: the provider's answer, its later receipt, a person's verdict."""

from collections.abc import Iterator
from datetime import datetime

from services.notify.channels import derive_dispatch_id
from services.notify.decide.budgets import count_spending, find_counter
from services.notify.decide.digests import count_untold
from services.notify.decide.subscriptions import give_back
from services.notify.decide.transitions import (
    UNCLEAR_LOOK_S,
    apply_receipt,
    build_decision,
    mark_sent,
    plan_after_failure,
    plan_after_unclear,
    settle_unclear_attempts,
)
from services.notify.messages import NOTICE_NOT_UNCLEAR, NOTICE_UNKNOWN
from services.notify.model import (
    Attempt,
    Dispatch,
    Notice,
    RecordOutcome,
    ResolveNotice,
)
from services.notify.refusals import BlockedPhone
from services.notify.rules import Rules, compute_deadline
from shared.contracts.envelope import Event
from shared.contracts.events import MessageReported
from shared.messaging.decision import (
    NOTHING,
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    State,
    States,
)

# --- the provider's answer ---


def decide_record_outcome(
    rules: Rules, states: States, command: Command[RecordOutcome], now: datetime
) -> Decision:
    """The first clear outcome of an attempt counts, even when its claim has expired meanwhile."""
    record = command.data
    notice = _get_notice(states, record, now)
    attempt = notice.find_attempt(record.attempt) if notice else None
    if notice is None or attempt is None or not _is_news(attempt, record):
        return NOTHING
    spent = (
        *count_spending(states, attempt, record, now),
        *give_back(states, attempt, record, now),
    )
    attempt, ended = _end_attempt(notice, attempt, record, now)
    blocked = tuple(_list_blocked(states, attempt, record, now, rules))
    if attempt.outcome == "sent":
        sent = _mark_sent(ended, attempt, now, rules)
        steps, others = _bind_message(rules, states, sent, attempt, record.provider_message_id, now)
        return build_decision(notice, *steps, others=(*others, *spent))
    if notice.state not in ("sending", "unknown", "retry") or attempt.number != notice.tries:
        return build_decision(notice, ended, others=(*blocked, *spent))
    if attempt.outcome == "unknown":
        unclear = plan_after_unclear(ended, attempt, now, rules)
        return build_decision(notice, unclear, others=spent)
    settled = settle_unclear_attempts(ended, attempt)
    planned = plan_after_failure(settled, attempt, now, rules, record.retry_after_s)
    untold = count_untold(states, notice, planned, now, rules)
    return build_decision(notice, planned, others=(*blocked, *untold, *spent))


def _end_attempt(
    notice: Notice, attempt: Attempt, record: RecordOutcome, now: datetime
) -> tuple[Attempt, Notice]:
    """What a provider does not carry for the sake of a name goes again without it."""
    goes_without_name = record.blames_name and notice.donor_id is not None
    outcome = "retry" if goes_without_name else record.outcome
    changes = {"outcome": outcome, "ended_at": now, "code": record.code}
    if outcome == "retry" and record.retry_after_s:
        changes["not_before"] = compute_deadline(now, record.retry_after_s)
    attempt = attempt.model_copy(update=changes)
    ended = notice.with_attempt(attempt)
    return attempt, ended.model_copy(update={"donor_id": None}) if goes_without_name else ended


def _list_blocked(
    states: States, attempt: Attempt, record: RecordOutcome, now: datetime, rules: Rules
) -> Iterator[BlockedPhone]:
    if record.blocked and attempt.point_id:
        states.get(BlockedPhone, attempt.point_id)
        yield BlockedPhone(
            id=attempt.point_id,
            since=now,
            code=record.code,
            expires_at=compute_deadline(now, rules.blocked_s),
        )


def _get_notice(states: States, record: RecordOutcome, now: datetime) -> Notice | None:
    """Loads the dispatch that the message will be bound to and the counter, too: in one round."""
    refs: list[AnyRef] = [Ref(Notice, record.notice_id)]
    if record.provider_message_id is not None and record.provider is not None:
        id_ = derive_dispatch_id(record.provider, record.provider_message_id)
        refs.append(Ref(Dispatch, id_))
    if counter := find_counter(record, now):
        refs.append(counter)
    states.prefetch(*refs)
    return states.get(Notice, record.notice_id)


def _is_news(attempt: Attempt, record: RecordOutcome) -> bool:
    return attempt.is_open and (record.outcome != "unknown" or attempt.outcome is None)


def _mark_sent(notice: Notice, attempt: Attempt, now: datetime, rules: Rules) -> Notice:
    """A notice that failed, or is being sent anew, stays in its state."""
    is_current = notice.state == "sending" and attempt.number == notice.tries
    if is_current or notice.state in ("unknown", "retry"):
        return mark_sent(notice, now, rules, attempt.channel)
    return notice


def _bind_message(
    rules: Rules,
    states: States,
    sent: Notice,
    attempt: Attempt,
    provider_message_id: str | None,
    now: datetime,
) -> tuple[tuple[Notice, ...], tuple[State, ...]]:
    """The notice's next steps, and the dispatch that receipts of this message will find.

    A receipt may have come before: then it counts at once.
    """
    if provider_message_id is None:
        return (_look_soon(sent, attempt, now),), ()
    dispatch_id = derive_dispatch_id(attempt.sender, provider_message_id)
    dispatch = _find_dispatch(rules, states, dispatch_id, now).model_copy(
        update={"notice_id": sent.id, "attempt": attempt.number}
    )
    if dispatch.receipt is None:
        return (sent,), (dispatch,)
    return (sent, apply_receipt(sent, dispatch, now, rules)), (dispatch,)


def _look_soon(sent: Notice, attempt: Attempt, now: datetime) -> Notice:
    """WeChat tells no id of a subscribe message: its receipt is found by the account."""
    if not attempt.subscription_id or sent.state != "sent":
        return sent
    return sent.model_copy(update={"due_at": compute_deadline(now, UNCLEAR_LOOK_S)})


def _find_dispatch(rules: Rules, states: States, dispatch_id: str, now: datetime) -> Dispatch:
    """As stored, or a new one."""
    return states.get(Dispatch, dispatch_id) or Dispatch(
        id=dispatch_id, expires_at=compute_deadline(now, rules.receipt_life_s)
    )


# --- the provider's receipt ---


def decide_report(
    rules: Rules, states: States, event: Event[MessageReported], now: datetime
) -> Decision:
    """The first receipt of a message counts; one that comes before its answer waits."""
    dispatch = _find_dispatch(rules, states, event.subject, now)
    if dispatch.receipt is not None:
        return NOTHING
    data = event.data
    dispatch = dispatch.model_copy(
        update={
            "receipt": data.outcome,
            "code": data.code,
            "point_id": data.point_id,
            "reported_at": data.reported_at or now,
            "named": data.notice_id or "",
        }
    )
    if dispatch.notice_id is None:
        return _find_named(rules, states, data, dispatch, now)
    notice = states.get(Notice, dispatch.notice_id)
    if notice is None:
        return Decision(states=(dispatch,))
    after = apply_receipt(notice, dispatch, now, rules)
    untold = count_untold(states, notice, after, now, rules)
    return build_decision(notice, after, others=(dispatch, *untold))


def _find_named(
    rules: Rules, states: States, data: MessageReported, dispatch: Dispatch, now: datetime
) -> Decision:
    """Where the provider gives back what it was given, an unclear attempt is clear at once; one
    that still runs hears its own answer first."""
    notice = states.get(Notice, data.notice_id) if data.notice_id else None
    attempt = notice.unclear_attempt if notice else None
    if notice is None or attempt is None or attempt.sender != data.provider:
        return Decision(states=(dispatch,))
    return bind_receipt(rules, notice, attempt, dispatch, now)


def bind_receipt(
    rules: Rules, notice: Notice, attempt: Attempt, dispatch: Dispatch, now: datetime
) -> Decision:
    """What may have gone out did: its receipt is here."""
    attempt = attempt.model_copy(update={"outcome": "sent", "ended_at": now})
    sent = _mark_sent(notice.with_attempt(attempt), attempt, now, rules)
    bound = dispatch.model_copy(update={"notice_id": notice.id, "attempt": attempt.number})
    return build_decision(notice, sent, apply_receipt(sent, bound, now, rules), others=(bound,))


# --- a person's verdict on an unclear notice ---


def decide_resolve(
    rules: Rules, states: States, command: Command[ResolveNotice], now: datetime
) -> Decision:
    notice = states.get(Notice, command.data.notice_id)
    if notice is None:
        return Decision(answer=NOTICE_UNKNOWN.refusal(404))
    if notice.state != "unknown":
        return Decision(answer=NOTICE_NOT_UNCLEAR.refusal(409))
    steps, others = _resolve(rules, states, notice, command.data, now)
    final = steps[-1].model_copy(update={"resolved_by": command.principal})
    answer = Answer(200, {"id": final.id, "state": final.state})
    return build_decision(notice, *steps[:-1], final, others=others, answer=answer)


def _resolve(
    rules: Rules, states: States, notice: Notice, resolution: ResolveNotice, now: datetime
) -> tuple[tuple[Notice, ...], tuple[State, ...]]:
    match resolution.verdict:
        case "failed":
            return (_write_off(notice).with_state("failed", code="resolved_failed"),), ()
        case "resend":
            return (_write_off(notice).with_state("retry", due_at=compute_deadline(now)),), ()
        case "sent":
            last = notice.last_attempt
            assert last is not None
            attempt = last.model_copy(update={"outcome": "sent", "ended_at": now})
            sent = mark_sent(notice.with_attempt(attempt), now, rules)
            message_id = resolution.provider_message_id
            return _bind_message(rules, states, sent, attempt, message_id, now)


def _write_off(notice: Notice) -> Notice:
    """The unclear attempts no longer stand in the way of another."""
    attempts = tuple(
        a.model_copy(update={"outcome": "written_off"}) if a.outcome == "unknown" else a
        for a in notice.attempts
    )
    return notice.model_copy(update={"attempts": attempts})
