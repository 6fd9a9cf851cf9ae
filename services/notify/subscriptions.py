"""WeChat's subscribe messages: one consent is one message, so they are counted. 0240."""

from datetime import datetime
from typing import ClassVar

from services.notify.model import Attempt, Notice
from shared.messaging.decision import State

CREDITS_MAX = 100
KEPT_DAYS = 366
TRIES_MAX = 3
"""Then it goes as a template message."""
NO_CREDIT = "43101"
"""WeChat's code: he wants none, or our count is wrong."""


class Subscription(State):
    """How many messages of one template an account still takes.

    id: by `derive_subscription_id`.
    """

    COLLECTION: ClassVar[str] = "subscriptions"

    credits: int = 0
    expires_at: datetime


def derive_subscription_id(account_id: str, template_id: str) -> str:
    """account_id: intake's name of the WeChat account."""
    return f"{account_id}:{template_id}"


def find_account(subscription_id: str) -> str:
    return subscription_id.partition(":")[0]


def may_subscribe(notice: Notice) -> bool:
    """Whether no such message of it failed in a way that another would meet again."""
    attempts = [attempt for attempt in notice.attempts if attempt.subscription_id]
    return len(attempts) < TRIES_MAX and not any(_has_failed(attempt) for attempt in attempts)


def _has_failed(attempt: Attempt) -> bool:
    return attempt.outcome in ("refused", "misconfigured") or attempt.receipt == "failed"
