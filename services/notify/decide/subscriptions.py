"""Credits of WeChat's subscribe messages: given by consent, used by a claim, given back where
nothing went out. docs/decisions/0240."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.notify.model import Attempt, RecordOutcome
from services.notify.subscriptions import (
    CREDITS_MAX,
    KEPT_DAYS,
    NO_CREDIT,
    Subscription,
    derive_subscription_id,
)
from shared.contracts.envelope import Event
from shared.contracts.events import SubscriptionAnswered
from shared.messaging.decision import Decision, States


def decide_subscription(
    states: States, event: Event[SubscriptionAnswered], now: datetime
) -> Decision:
    """A yes is one message more; a no takes back what was granted."""
    data = event.data
    id_ = derive_subscription_id(data.account_id, data.template_id)
    stored = states.get(Subscription, id_)
    count = min(CREDITS_MAX, (stored.credits if stored else 0) + 1) if data.accepted else 0
    return Decision((_build(id_, stored, count, now),))


def use_credit(subscription: Subscription, now: datetime) -> Subscription:
    return _build(subscription.id, subscription, subscription.credits - 1, now)


def give_back(
    states: States, attempt: Attempt, record: RecordOutcome, now: datetime
) -> Iterator[Subscription]:
    """What certainly was not sent used none; where WeChat says there is none, there is none.

    attempt: as it was before.
    """
    if not attempt.subscription_id or record.outcome in ("sent", "unknown"):
        return
    subscription = states.get(Subscription, attempt.subscription_id)
    if subscription is None:
        return
    count = 0 if record.code == NO_CREDIT else min(CREDITS_MAX, subscription.credits + 1)
    yield _build(subscription.id, subscription, count, now)


def _build(id_: str, stored: Subscription | None, count: int, now: datetime) -> Subscription:
    expires_at = now + timedelta(days=KEPT_DAYS)
    if stored is None:
        return Subscription(id=id_, credits=count, expires_at=expires_at)
    return stored.model_copy(update={"credits": count, "expires_at": expires_at})
