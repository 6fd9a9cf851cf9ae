"""The month's budget for SMS: what is counted, whom its alarm reaches, what waits. 0230."""

from collections.abc import Iterator
from datetime import datetime

from services.notify.channels import CHANNELS
from services.notify.decide.digests import count_call
from services.notify.duties import Call
from services.notify.model import Attempt, ClaimNotice, Notice, RecordOutcome
from services.notify.purposes import BY_NAME
from services.notify.rules import Rules, compute_deadline
from services.notify.spending import (
    BUDGET_GONE,
    LOOK_AGAIN_S,
    WHOLE_PERCENT,
    SmsBudget,
    SmsSpending,
    WarnOfBudget,
    derive_spending_id,
    find_month,
)
from shared.contracts.events import NoticeChannel
from shared.messaging.decision import NOTHING, Command, Decision, Ref, States


def count_spending(
    states: States, attempt: Attempt, record: RecordOutcome, now: datetime
) -> Iterator[SmsSpending]:
    """Of what went out or may have; once for each attempt. attempt: as it was before."""
    went = record.outcome in ("sent", "unknown") and attempt.outcome is None
    if not went or not record.parts or record.provider is None:
        return
    month = find_month(now)
    id_ = derive_spending_id(month, record.shard)
    spending = states.get(SmsSpending, id_) or SmsSpending(id=id_, month=month)
    sum_ = spending.parts.get(record.provider, 0) + record.parts
    yield spending.model_copy(update={"parts": {**spending.parts, record.provider: sum_}})


def find_counter(record: RecordOutcome, now: datetime) -> Ref[SmsSpending] | None:
    """What `count_spending` will read, so that it is read together with the rest."""
    if not record.parts or record.provider is None:
        return None
    return Ref(SmsSpending, derive_spending_id(find_month(now), record.shard))


def without_held(
    notice: Notice, channels: list[NoticeChannel], claim: ClaimNotice, rules: Rules
) -> list[NoticeChannel]:
    """By SMS goes what is urgent, an answer or a code; the rest by another channel, or it waits."""
    purpose = BY_NAME[notice.purpose]
    if not claim.is_budget_gone or purpose.is_urgent(rules):
        return channels
    return [channel for channel in channels if not CHANNELS[channel].is_billed]


def hold_for_budget(notice: Notice, now: datetime) -> Notice:
    """It looks again in a while; too old in the end, it becomes a call to make."""
    due_at = compute_deadline(now, LOOK_AGAIN_S)
    return notice.model_copy(update={"due_at": due_at, "code": BUDGET_GONE})


def decide_warn_of_budget(
    rules: Rules, states: States, command: Command[WarnOfBudget], now: datetime
) -> Decision:
    """Once for each alarm and month, whichever process sees it first."""
    month, percent = command.data.month, command.data.percent
    budget = states.get(SmsBudget, month) or SmsBudget(id=month)
    if percent <= budget.told_percent:
        return NOTHING
    name = "staff_budget_gone" if percent >= WHOLE_PERCENT else "staff_budget_low"
    backlog = count_call(states, Call("operator", name, urgent=True), now, rules)
    backlog = backlog.model_copy(update={"count": percent})
    return Decision((budget.model_copy(update={"told_percent": percent}), backlog))
