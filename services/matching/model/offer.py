"""An offer of the resource library (爱心资源库): what somebody is ready to give."""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import computed_field

from shared.contracts.events import OfferSubmitted
from shared.contracts.values import (
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    Identifier,
    TownCode,
    Value,
)
from shared.ids import derived_id
from shared.messaging.decision import Due, State


class Offer(State):
    """quantity, reserved, delivered, free and the cap are all in `unit` (fen for money).

    reserved: proposed, accepted or committed and not yet handed over. source: who registered it.
    due_at: it was withdrawn and its open proposals are still to be released.
    """

    COLLECTION: ClassVar[str] = "offers"

    donor_id: str
    source: str
    unit: str
    item: str = ""
    quantity: int
    reserved: int = 0
    delivered: int = 0
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    cap_per_request: int | None = None
    fund_id: str | None = None
    valid_until: datetime | None = None
    state: Literal["open", "withdrawn"] = "open"
    registered_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def free(self) -> int:
        return self.quantity - self.reserved - self.delivered

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY_UNIT

    def is_open(self, now: datetime) -> bool:
        return self.state == "open" and (self.valid_until is None or now < self.valid_until)

    def reserve(self, quantity: int) -> "Offer":
        return self.model_copy(update={"reserved": self.reserved + quantity})

    def release(self, quantity: int) -> "Offer":
        return self.model_copy(update={"reserved": self.reserved - quantity})

    def hand_over(self, quantity: int) -> "Offer":
        return self.model_copy(
            update={
                "reserved": self.reserved - quantity,
                "delivered": self.delivered + quantity,
            }
        )


def offer_id(source: str, message_id: str) -> str:
    """The same message of the same source is always the same offer."""
    return derived_id("O", source, message_id)


class RegisterOffer(Value):
    """source: who says so; message_id: his name for it (the idempotency key over HTTP)."""

    source: str
    message_id: str
    offer: OfferSubmitted


class WithdrawOffer(Value):
    """source: whose offers the caller may withdraw; None is anybody's (operator)."""

    offer_id: Identifier
    source: str | None = None


class OfferDue(Due):
    """The withdrawn offer's open proposals have been released."""
