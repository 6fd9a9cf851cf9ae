"""An offer of the resource library (爱心资源库): what somebody is ready to give."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, computed_field

from services.matching.model.place import Place, find_centre, find_middle_of
from services.matching.solver.interface import OpenOffer
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import (
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    Cell,
    DonorKind,
    Giving,
    Identifier,
    Moment,
    Quantity,
    TownCode,
    Value,
    VillageCode,
    Whole,
)
from shared.ids import make_id
from shared.messaging.decision import Due, State

Mode = Literal["push", "claim", "both"]
OfferState = Literal["open", "paused", "withdrawn"]

CONFIRMED_FOR_GRANTED = 5


class Offer(State):
    """quantity, reserved, delivered, free and the cap are all in `unit` (fen for money).

    reserved: proposed, accepted or committed and not yet handed over. source: who registered it.
    open_cases: the matches that make up `reserved`; cases_max bounds them.
    mandate_id: on whose word money is given; None for goods, and for money of before mandates.
    due_at: it was withdrawn and its open proposals are still to be released.
    declined, expired (or given up), confirmed: how many of its matches, for `unreliability`.
    """

    COLLECTION: ClassVar[str] = "offers"
    HAS_DEADLINES: ClassVar[bool] = True

    donor_id: str
    source: str
    unit: str
    item: str = ""
    quantity: int
    reserved: int = 0
    delivered: int = 0
    open_cases: int = 0
    declined: int = 0
    expired: int = 0
    confirmed: int = 0
    donor_kind: DonorKind | None = None
    giving: Giving | None = None
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    village_codes: tuple[VillageCode, ...] = ()
    base: Cell | None = None
    radius_km: int | None = None
    cap_per_request: int | None = None
    cases_max: int | None = None
    fund_id: str | None = None
    mandate_id: str | None = None
    campaign_id: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    mode: Mode = "push"
    name_shown: bool = False
    state: OfferState = "open"
    registered_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def free(self) -> int:
        return self.quantity - self.reserved - self.delivered

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY_UNIT

    @property
    def place(self) -> Place | None:
        return find_centre(self.base) if self.base else None

    @property
    def cases_free(self) -> int | None:
        """How many more matches it may hold at a time; None is any number."""
        return None if self.cases_max is None else max(0, self.cases_max - self.open_cases)

    @property
    def unreliability(self) -> int:
        """Points, 0 to 99: a no counts once, silence or a promise not kept twice.

        Set against what was confirmed; five confirmations are taken for granted, so that one no
        says little of who just began.
        """
        bad = self.declined + 2 * self.expired
        return 100 * bad // (bad + self.confirmed + CONFIRMED_FOR_GRANTED)

    def to_open(self) -> OpenOffer:
        """What the rules and the solver read of it."""
        return OpenOffer(
            id=self.id,
            unit=self.unit,
            item=self.item,
            quantity=self.quantity,
            free=self.free,
            categories=tuple(sorted(c.value for c in self.categories)),
            beneficiary_classes=tuple(sorted(c.value for c in self.beneficiary_classes)),
            town_codes=tuple(sorted(self.town_codes)),
            cap_per_request=self.cap_per_request,
            donor_id=self.donor_id,
            village_codes=tuple(sorted(self.village_codes)),
            place=self.place,
            radius_km=self.radius_km,
            cases_free=self.cases_free,
            fund_id=self.fund_id,
            campaign_id=self.campaign_id,
            unreliability=self.unreliability,
            middle=find_middle_of((*self.town_codes, *self.village_codes)),
        )

    def is_open(self, now: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= now
        return self.state == "open" and begun and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= now

    def pause(self) -> "Offer":
        return self.model_copy(update={"state": "paused"})

    def reserve(self, quantity: int) -> "Offer":
        return self._move(reserved=quantity, cases=1)

    def release(self, quantity: int, spent: int = 0) -> "Offer":
        """spent: what of it was paid already, and is gone."""
        return self._move(reserved=-quantity, delivered=spent, cases=-1)

    def spend(self, quantity: int) -> "Offer":
        """It was paid, and nothing is reserved for it; a reversed payment is there again."""
        return self._move(reserved=0, delivered=quantity, cases=0)

    def hand_over(self, quantity: int) -> "Offer":
        return self._move(reserved=-quantity, delivered=quantity, cases=-1)

    def take_back(self, quantity: int) -> "Offer":
        """It was handed over and did not arrive: to be handed over again, whatever the bound."""
        return self._move(reserved=quantity, delivered=-quantity, cases=1)

    def count_outcome(self, *, declined: int = 0, expired: int = 0, confirmed: int = 0) -> "Offer":
        return self.model_copy(
            update={
                "declined": self.declined + declined,
                "expired": self.expired + expired,
                "confirmed": self.confirmed + confirmed,
            }
        )

    def _move(self, *, reserved: int, cases: int, delivered: int = 0) -> "Offer":
        return self.model_copy(
            update={
                "reserved": self.reserved + reserved,
                "delivered": self.delivered + delivered,
                "open_cases": self.open_cases + cases,
            }
        )


def build_offer_id(source: str, message_id: str) -> str:
    """The same message of the same source is always the same offer."""
    return make_id("O", source, message_id)


class RegisterOffer(Value):
    """source: who says so; message_id: his name for it (the idempotency key over HTTP)."""

    source: str
    message_id: str
    offer: OfferSubmitted


class OfferTerms(Value):
    """What the donor may set anew: as in OfferSubmitted. What is not set stays; null unsets.

    mandate_id: another one, on the same fund's money in the same donor's name.

    What is given, by whom, of which fund and campaign, is not changed: that is another offer.
    """

    quantity: Quantity | None = None
    mandate_id: Identifier | None = None
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    village_codes: tuple[VillageCode, ...] = ()
    base: Cell | None = None
    radius_km: Annotated[Whole, Field(ge=1, le=500)] | None = None
    cap_per_request: Quantity | None = None
    cases_max: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    mode: Mode = "push"
    name_shown: bool = False


class OfferCommand(Value):
    """source: whose offers the caller may touch; None is anybody's (operator)."""

    offer_id: Identifier
    source: str | None = None


class ChangeOffer(OfferCommand):
    terms: OfferTerms


class PauseOffer(OfferCommand):
    """Nothing new is taken from it; what was proposed or promised stands."""


class ResumeOffer(OfferCommand):
    pass


class WithdrawOffer(OfferCommand):
    pass


class OfferDue(Due):
    """The withdrawn offer's open proposals have been released."""
