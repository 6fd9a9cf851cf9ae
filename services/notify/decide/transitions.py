"""What an outcome leads to: the notice's next state, and the fact that its change emits."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from services.notify.channels import CHANNELS, UNTRIED
from services.notify.model import Attempt, Dispatch, Notice, PhoneTask, ProviderName, SmsProvider
from services.notify.purposes import BY_NAME
from services.notify.registers import NEVER_BEGAN
from services.notify.rules import Rules, compute_deadline
from shared.contracts.events import (
    NoticeBundled,
    NoticeCancelled,
    NoticeChannel,
    NoticeDelivered,
    NoticeFact,
    NoticeFailed,
    NoticeSent,
    NoticeUnresolved,
)
from shared.messaging.decision import Answer, Decision, State

NO_RECEIPT = "no_receipt"
POINTLESS = frozenset({"erased", "link_expired", "purpose_gone", "contact_unproven"})
"""Ends after which nobody is called: he is not to be reached so, or it says nothing."""
OPTED_OUT = "opted_out"
NO_CONTACT = "no_contact"
UNCLEAR_LOOK_S = 60.0


def build_decision(
    *steps: Notice, others: tuple[State, ...] = (), answer: Answer | None = None
) -> Decision:
    """steps: the notice as it was, and as it became, one after another."""
    final = with_task(steps[0], steps[-1])
    events = list_transitions(*steps[:-1], final)
    return Decision(states=(final, *others), events=events, answer=answer)


def list_transitions(*steps: Notice) -> tuple[tuple[Notice, NoticeFact], ...]:
    """What is said of a notice that went through these steps."""
    facts = (_build_fact(after) for before, after in pairwise(steps) if before.state != after.state)
    return tuple((steps[-1], fact) for fact in facts if fact is not None)


def with_task(before: Notice, after: Notice) -> Notice:
    """What no channel brought to its person is somebody's to tell; what then arrives after all is
    nobody's any more."""
    reported = (attempt.receipt == "delivered" for attempt in after.attempts)
    has_arrived = after.state == "delivered" or any(reported)
    if has_arrived and after.task and after.task.state == "open":
        return after.model_copy(update={"task": None})
    if not calls_for_task(before, after):
        return after
    return after.model_copy(update={"task": PhoneTask(why=after.code)})


def calls_for_task(before: Notice, after: Notice) -> bool:
    has_ended = after.state == "failed" and before.state != "failed"
    return has_ended and is_tellable(after) and _may_call(after)


def _may_call(notice: Notice) -> bool:
    """Who wants no SMS is called for his answer alone: the phone may be another's, whose word it
    was. Who is only a name on a bank's statement is thanked by nobody."""
    if notice.code == NO_CONTACT and BY_NAME[notice.purpose].is_thanks:
        return False
    if notice.code == OPTED_OUT:
        return notice.asks or BY_NAME[notice.purpose].asks
    return notice.code not in POINTLESS


def is_tellable(notice: Notice) -> bool:
    """Whether somebody else can say it: no code, no answer to what he wrote, nothing to staff."""
    purpose = BY_NAME.get(notice.purpose)
    if purpose is None or notice.task is not None:
        return False
    return purpose.recipient != "staff" and not purpose.is_answer


def _build_fact(notice: Notice) -> NoticeFact | None:
    fields = {
        "person_id": notice.person_id,
        "purpose": notice.purpose,
        "regarding": notice.regarding,
        "channel": notice.channel or UNTRIED,
    }
    match notice.state:
        case "sent":
            return NoticeSent.model_validate(fields)
        case "delivered":
            return NoticeDelivered.model_validate(fields)
        case "unknown":
            return NoticeUnresolved.model_validate(fields)
        case "failed":
            return NoticeFailed.model_validate(fields | {"code": notice.code})
        case "bundled":
            return NoticeBundled.model_validate(fields | {"bundle_id": notice.bundle_id})
        case "cancelled":
            return NoticeCancelled.model_validate(fields | {"code": notice.code})
    return None


def is_closed(notice: Notice, channel: NoticeChannel, rules: Rules) -> bool:
    """Whether nothing more is tried there: refused, reported as failed, or tried too often."""
    attempts = [a for a in notice.attempts if a.channel == channel and not a.subscription_id]
    if any(a.outcome == "refused" or a.receipt == "failed" for a in attempts):
        return True
    tried = (a for a in attempts if a.code != NEVER_BEGAN)
    return sum(a.outcome == "retry" for a in tried) > rules.retries_max


def is_misconfigured(notice: Notice, channel: NoticeChannel, rules: Rules) -> bool:
    """Whether our own account or template was at fault when it was last tried there, with each
    provider that there is."""
    providers = CHANNELS[channel].list_providers(rules.sms_providers)
    return all(_is_at_fault(notice, provider) for provider in providers)


def _is_at_fault(notice: Notice, provider: ProviderName) -> bool:
    """A subscribe message that failed says nothing of the others."""
    last = _find_last(notice, provider)
    return last is not None and last.outcome == "misconfigured" and not last.subscription_id


def _find_last(notice: Notice, provider: ProviderName) -> Attempt | None:
    return next((a for a in reversed(notice.attempts) if a.sender == provider), None)


def choose_provider(
    notice: Notice, channel: NoticeChannel, providers: Sequence[SmsProvider], now: datetime
) -> ProviderName:
    """Whose turn it is, unless this notice just met with a failure there and another has none.

    Only what certainly did not go out is claimed again, so another provider may carry it.
    """
    carriers = CHANNELS[channel].list_providers(providers)
    return min(carriers, key=lambda provider: _rate_trouble(notice, provider, now))


def _rate_trouble(notice: Notice, provider: ProviderName, now: datetime) -> int:
    last = _find_last(notice, provider)
    if last is None:
        return 0
    if last.not_before and now < last.not_before:
        return 3
    if last.outcome == "misconfigured":
        return 2
    return 1 if last is notice.last_attempt else 0


def _compute_ready_at(
    notice: Notice, channel: NoticeChannel, now: datetime, rules: Rules
) -> datetime:
    """When the first of the channel's providers takes it: what one does not take just now, another
    may at once."""
    providers = CHANNELS[channel].list_providers(rules.sms_providers)
    lasts = [_find_last(notice, provider) for provider in providers]
    return min(_compute_taken_at(last, now, rules) for last in lasts)


def _compute_taken_at(last: Attempt | None, now: datetime, rules: Rules) -> datetime:
    if last is None:
        return now
    if last.outcome == "misconfigured" and not last.subscription_id:
        return compute_deadline(last.ended_at or now, rules.misconfigured_wait_s)
    return last.not_before or now


def plan_after_failure(
    notice: Notice, attempt: Attempt, now: datetime, rules: Rules, retry_after_s: float = 0
) -> Notice:
    """It certainly did not go out: there again later, elsewhere at once, or never."""
    if any(a.is_accepted for a in notice.attempts):
        return mark_sent(notice, now, rules)
    if notice.unclear_attempt is not None:
        return plan_after_unclear(notice, attempt, now, rules, retry_after_s)
    channel, code = attempt.channel, attempt.code
    if attempt.outcome == "retry" and not is_closed(notice, channel, rules):
        failures = sum(a.channel == channel and a.outcome == "retry" for a in notice.attempts)
        due_at = compute_deadline(now, rules.compute_delay_s(failures))
        ready_at = compute_deadline(_compute_ready_at(notice, channel, now, rules))
        return notice.with_state("retry", due_at=max(due_at, ready_at), code=code)
    if any(_is_promising(notice, other, rules) for other in notice.reachable):
        return notice.with_state("retry", due_at=compute_deadline(now), code=code)
    if attempt.outcome == "misconfigured":
        delay_s = max(rules.misconfigured_wait_s, retry_after_s)
        return notice.with_state("retry", due_at=compute_deadline(now, delay_s), code=code)
    return notice.with_state("failed", code=code)


def _is_promising(notice: Notice, channel: NoticeChannel, rules: Rules) -> bool:
    return not is_closed(notice, channel, rules) and not is_misconfigured(notice, channel, rules)


def plan_after_unclear(
    notice: Notice, attempt: Attempt, now: datetime, rules: Rules, retry_after_s: float = 0
) -> Notice:
    """It may have gone out: repeated where the channel allows it, else left to a person."""
    if any(a.is_accepted for a in notice.attempts):
        return mark_sent(notice, now, rules)
    unclear = notice.unclear_attempt
    if unclear is not None and may_repeat(unclear, now, rules):
        failures = sum(a.channel == attempt.channel for a in notice.attempts)
        due_at = compute_deadline(now, max(rules.compute_delay_s(failures), retry_after_s))
        return notice.with_state("retry", due_at=due_at, code=attempt.code)
    return mark_unclear(notice, now, attempt.code)


def may_repeat(attempt: Attempt, now: datetime, rules: Rules) -> bool:
    """Whether its provider would drop the second one: WeChat knows no subscribe message again."""
    if attempt.subscription_id:
        return False
    return CHANNELS[attempt.channel].may_repeat(attempt.claimed_at, now, rules)


def mark_sent(
    notice: Notice, now: datetime, rules: Rules, channel: NoticeChannel | None = None
) -> Notice:
    """Without a receipt it ends some days later: nobody knows that it arrived."""
    due_at = compute_deadline(now, rules.receipt_wait_s)
    return notice.with_state("sent", due_at=due_at, channel=channel)


def mark_unclear(notice: Notice, now: datetime, code: str = "") -> Notice:
    """A receipt that came for it is looked for in a while, when answers under way are in."""
    due_at = compute_deadline(now, UNCLEAR_LOOK_S)
    return notice.with_state("unknown", due_at=due_at, code=code)


def settle_unclear_attempts(notice: Notice, attempt: Attempt) -> Notice:
    """Where repetitions are dropped, a refusal says that the unclear ones did not arrive either."""
    is_refused = attempt.outcome == "refused" or attempt.receipt == "failed"
    if not is_refused or attempt.subscription_id or not CHANNELS[attempt.channel].drops_repeats:
        return notice
    attempts = tuple(
        a.model_copy(update={"outcome": "refused"})
        if a.channel == attempt.channel and a.outcome == "unknown" and not a.subscription_id
        else a
        for a in notice.attempts
    )
    return notice.model_copy(update={"attempts": attempts})


def apply_receipt(notice: Notice, dispatch: Dispatch, now: datetime, rules: Rules) -> Notice:
    """Delivered is final; a late failure changes nothing that has gone on since."""
    attempt = notice.find_attempt(dispatch.attempt)
    if attempt is None or attempt.receipt is not None:
        return notice
    code = dispatch.code if dispatch.receipt == "failed" else attempt.code
    attempt = attempt.model_copy(update={"receipt": dispatch.receipt, "code": code})
    notice = notice.with_attempt(attempt)
    if notice.state == "delivered" or (notice.state, notice.code) == ("failed", NO_RECEIPT):
        return notice
    if attempt.receipt == "delivered":
        return notice.with_state("delivered", channel=attempt.channel)
    if notice.state not in ("sent", "unknown"):
        return notice
    return plan_after_failure(settle_unclear_attempts(notice, attempt), attempt, now, rules)
