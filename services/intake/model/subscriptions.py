"""A choice of WeChat's subscribe messages, so that one pushed again is counted once."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.values import Identifier, Value
from shared.messaging.decision import State

KEPT_DAYS = 2
"""WeChat repeats a push within a minute."""


class SubscriptionChoice(State):
    """id: derived from whose it is, of which template, and when it was made."""

    COLLECTION: ClassVar[str] = "subscription_choices"

    expires_at: datetime


class RecordChoice(Value):
    choice_id: Identifier
    account_id: Identifier
    template_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    accepted: bool
