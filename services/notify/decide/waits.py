"""A notice whose time is up: a claim without an outcome, a message without a receipt.

docs/decisions/0199.
"""

from datetime import datetime, timedelta

from services.notify.decide.digests import count_untold
from services.notify.decide.outcomes import bind_receipt, decide_record_outcome
from services.notify.decide.transitions import (
    NO_RECEIPT,
    build_decision,
    is_tellable,
    plan_after_unclear,
)
from services.notify.model import (
    Attempt,
    Dispatch,
    Notice,
    NoticeDue,
    PhoneTask,
    PutOffNotice,
    RecordOutcome,
)
from services.notify.registers import NEVER_BEGAN, CallRegister, name_call
from services.notify.rules import Rules, compute_deadline
from shared.messaging.decision import NOTHING, Command, Decision, States

LOOK_AGAIN_S = 600.0
PUT_OFF_S = 5.0
CLOCKS_APART = timedelta(minutes=2)


def decide_due(
    rules: Rules, states: States, command: Command[NoticeDue], now: datetime
) -> Decision:
    due = command.data
    notice = states.get(Notice, due.aggregate_id)
    if notice is None or notice.due_at != due.due_at or due.due_at > now:
        return NOTHING
    match notice.state:
        case "sending":
            return _expire_claim(rules, states, notice, now)
        case "sent":
            return _wait_for_receipt(rules, states, notice, due.dispatch_id, now)
        case "unknown":
            return _look_for_receipt(rules, states, notice, due.dispatch_id, now)
    return NOTHING


def find_unmatched(notice: Notice) -> Attempt | None:
    """The attempt whose message id was never heard: no answer came, or WeChat told none."""
    if notice.state == "unknown":
        return notice.unclear_attempt
    last = notice.last_attempt if notice.state == "sent" else None
    return last if last and last.subscription_id and last.is_accepted else None


def decide_put_off(states: States, command: Command[PutOffNotice], now: datetime) -> Decision:
    """What waits for a slow provider steps back behind what does not."""
    notice = states.get(Notice, command.data.aggregate_id)
    if notice is None or not notice.is_due(command.data.due_at, now):
        return NOTHING
    return Decision((notice.model_copy(update={"due_at": compute_deadline(now, PUT_OFF_S)}),))


def _expire_claim(rules: Rules, states: States, notice: Notice, now: datetime) -> Decision:
    """Its process died or is stuck, and nobody knows whether the message went out; but one whose
    call never began is sent again."""
    last = notice.last_attempt
    if last is None:
        return NOTHING
    if not _may_have_begun(states, notice, last):
        record = RecordOutcome(
            notice_id=notice.id,
            attempt=last.number,
            channel=last.channel,
            outcome="retry",
            code=NEVER_BEGAN,
        )
        return decide_record_outcome(rules, states, Command(record), now)
    attempt = last.model_copy(update={"outcome": "unknown", "ended_at": now, "code": "no_outcome"})
    unclear = plan_after_unclear(notice.with_attempt(attempt), attempt, now, rules)
    return build_decision(notice, unclear)


def _may_have_begun(states: States, notice: Notice, attempt: Attempt) -> bool:
    """Having been read here, its register is written no more: what is not in it never will be."""
    if not attempt.register_id:
        return True
    register = states.get(CallRegister, attempt.register_id)
    return register is None or name_call(notice.id, attempt.number) in register.calling


def _wait_for_receipt(
    rules: Rules, states: States, notice: Notice, dispatch_id: str | None, now: datetime
) -> Decision:
    decision = _match_receipt(rules, states, notice, dispatch_id, now)
    if decision is not None:
        return decision
    ended = notice.with_state("failed", code=NO_RECEIPT)
    return build_decision(
        notice, ended, others=tuple(count_untold(states, notice, ended, now, rules))
    )


def _look_for_receipt(
    rules: Rules, states: States, notice: Notice, dispatch_id: str | None, now: datetime
) -> Decision:
    decision = _match_receipt(rules, states, notice, dispatch_id, now)
    if decision is not None:
        return decision
    task = PhoneTask(why="unclear") if is_tellable(notice) else notice.task
    return Decision((notice.model_copy(update={"due_at": None, "task": task}),))


def _match_receipt(
    rules: Rules, states: States, notice: Notice, dispatch_id: str | None, now: datetime
) -> Decision | None:
    """A message whose id was never heard is found by whom it was for and its time. None where it is
    waited for no longer."""
    attempt = find_unmatched(notice)
    dispatch = states.get(Dispatch, dispatch_id) if dispatch_id else None
    if attempt and dispatch and may_be_receipt_of(notice.id, attempt, dispatch, rules):
        return bind_receipt(rules, notice, attempt, dispatch, now)
    if attempt is None or now >= attempt.claimed_at + timedelta(seconds=rules.receipt_wait_s):
        return None
    due_at = compute_deadline(now, LOOK_AGAIN_S)
    return Decision((notice.model_copy(update={"due_at": due_at}),))


def may_be_receipt_of(notice_id: str, attempt: Attempt, dispatch: Dispatch, rules: Rules) -> bool:
    """Nobody else's, of the same provider and phone or account, and after it was sent."""
    if dispatch.notice_id is not None or dispatch.receipt is None:
        return False
    if dispatch.named not in ("", notice_id):
        return False
    if not attempt.point_id or dispatch.point_id != attempt.point_id:
        return False
    if not dispatch.id.startswith(f"{attempt.sender}:"):
        return False
    at = dispatch.reported_at
    ends_at = attempt.claimed_at + timedelta(seconds=rules.receipt_wait_s)
    return at is not None and attempt.claimed_at - CLOCKS_APART <= at <= ends_at


def pick_receipt(
    notice_id: str, attempt: Attempt, waiting: list[Dispatch], rivals: int, rules: Rules
) -> str | None:
    """The receipt that is this attempt's; None where it could as well be another's.

    rivals: other such messages of its provider to the same phone or account. If as many arrived as
    were sent, all did.
    """
    own = [each for each in waiting if may_be_receipt_of(notice_id, attempt, each, rules)]
    if not own:
        return None
    named = next((each for each in own if each.named), None)
    if named is not None or rivals == 0:
        return (named or own[0]).id
    all_arrived = all(dispatch.receipt == "delivered" for dispatch in own)
    return own[0].id if all_arrived and len(own) > rivals else None
