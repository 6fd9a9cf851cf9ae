"""Funds and mandates as audit tells of them: what money may be spent on, and on whose word.

Audit decides at commitment; what stands here keeps offers out that it would refuse.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import ClassVar, Self

from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import MandateFact, OfferSubmitted
from shared.contracts.values import GENERAL_FUND, BeneficiaryClass, Category, TownCode, Value
from shared.messaging.decision import State


class KnownFund(State):
    """A fund that was opened; its id is the fund's. Empty tuples mean any.

    What its terms refuse, audit would refuse: its donors are not asked for that.
    """

    COLLECTION: ClassVar[str] = "known_funds"

    categories: tuple[str, ...] = ()
    beneficiary_classes: tuple[str, ...] = ()
    town_codes: tuple[str, ...] = ()

    def may_pay_for(self, need: Need) -> bool:
        return all(
            not allowed or value in allowed
            for allowed, value in (
                (self.categories, need.category),
                (self.beneficiary_classes, need.beneficiary_class),
                (self.town_codes, need.town_code),
            )
        )


class LoggedTerms(Value, extra="ignore"):
    """As a ledger entry has them."""

    categories: tuple[str, ...]
    beneficiary_classes: tuple[str, ...]
    towns: tuple[str, ...]


class LoggedFund(Value, extra="ignore"):
    """An entry that says what a fund is for: it was opened, or goes on in another year."""

    fund: str
    terms: LoggedTerms


class Mandate(State):
    """source: who may offer under it; None: anybody. Empty tuples mean any.

    offers: those that name it. They stop when it is revoked.
    """

    COLLECTION: ClassVar[str] = "mandates"

    fund_id: str
    donor_id: str
    source: str | None = None
    sum_fen: int
    valid_until: datetime
    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    offers: tuple[str, ...] = ()
    revoked: bool = False

    @classmethod
    def from_fact(cls, id_: str, fact: MandateFact) -> Self:
        return cls(id=id_, **fact.model_dump())

    def has_ended(self, now: datetime) -> bool:
        return self.revoked or now >= self.valid_until

    def list_differences(self, offer: OfferSubmitted | Offer, source: str) -> Iterator[str]:
        """The fields of an offer of this source that are not the mandate's, or reach beyond it."""
        if self.source not in (None, source):
            yield "source"
        if offer.donor_id != self.donor_id:
            yield "donor_id"
        if (offer.fund_id or GENERAL_FUND) != self.fund_id:
            yield "fund_id"
        if offer.quantity > self.sum_fen:
            yield "quantity"
        places = (*offer.town_codes, *(village[:9] for village in offer.village_codes))
        terms: dict[str, tuple[Collection[str], Collection[str]]] = {
            "categories": (offer.categories, self.categories),
            "beneficiary_classes": (offer.beneficiary_classes, self.beneficiary_classes),
            "town_codes": (places, self.town_codes),
        }
        for field, (wanted, allowed) in terms.items():
            if allowed and not (wanted and set(wanted) <= set(allowed)):
                yield field

    def limit(self, offer: Offer) -> Offer:
        """An offer lives no longer than its mandate."""
        until = min(offer.valid_until or self.valid_until, self.valid_until)
        return offer.model_copy(update={"valid_until": until})

    def add_offer(self, offer_id: str) -> Self:
        offers = self.offers if offer_id in self.offers else (*self.offers, offer_id)
        return self.model_copy(update={"offers": offers})

    def revoke(self) -> Self:
        return self.model_copy(update={"revoked": True})
