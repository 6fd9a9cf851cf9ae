"""What a person agreed to, for what, how and until when; and whether it has ended."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.contracts.values import Identifier, Value

ConsentPurpose = Literal["handling", "delivery", "history", "publicity"]
PURPOSES: tuple[ConsentPurpose, ...] = get_args(ConsentPurpose)
"""handling: his request is worked on. delivery: name and phone go to who brings the help.

history: who decides about later requests reads what he received. publicity: his story or picture is
shown, without which none is.
"""

ConsentWay = Literal["web", "paper", "spoken", "typed"]
"""typed: ticked on the public page, by whoever asked there in his name."""

CONSENT_LASTS = timedelta(days=730)
"""Then it is asked again."""
VERSION = 1
"""Of the words that were read: `consents.html`."""


class Consent(Value):
    """by: the member of staff who asked; empty where the person said so on his page. by_guardian:
    whoever is responsible for a child said it. ended_at: when it was withdrawn."""

    given_at: datetime
    until: datetime
    way: ConsentWay
    by: str = ""
    by_guardian: bool = False
    version: int = VERSION
    ended_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.until

    @property
    def is_only_typed(self) -> bool:
        """Stored with the person before it was kept with its request: nobody's word on another."""
        return self.way == "typed" and self.ended_at is None


def is_given(consents: Mapping[str, Consent], purpose: ConsentPurpose, now: datetime) -> bool:
    consent = consents.get(purpose)
    return consent is not None and not consent.is_only_typed and consent.holds(now)


def is_refused(consents: Mapping[str, Consent], purpose: ConsentPurpose, now: datetime) -> bool:
    """It was given once and has ended. Who was never asked refused nothing."""
    consent = consents.get(purpose)
    return consent is not None and not consent.is_only_typed and not consent.holds(now)


def has_guardian(consents: Mapping[str, Consent], now: datetime) -> bool:
    """Whether somebody responsible for a child agreed that his request is worked on."""
    consent = consents.get("handling")
    return consent is not None and consent.holds(now) and consent.by_guardian


# --- commands ---


class GiveConsent(Value):
    """Of the person of this request. area: the code prefix in which who recorded it works."""

    request_id: Identifier
    purpose: ConsentPurpose
    way: ConsentWay
    by: str = ""
    by_guardian: bool = False
    area: str = ""


class EndConsent(Value):
    request_id: Identifier
    purpose: ConsentPurpose
    by: str = ""
    area: str = ""
