"""A need: the open part of a request, as matching knows it."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from services.matching.model.match_id import parse_match_id
from shared.contracts.values import BeneficiaryClass, Category
from shared.messaging.decision import State


class Need(State):
    """Its id is the request's.

    matches: match id -> quantity, of every match that counts (proposed to confirmed).
    proposals: how many matches it ever had; the next one's number is one more.
    excluded_offers: refused by the fund; excluded_donors: declined or did not answer in time.
    Neither is asked again.
    """

    COLLECTION: ClassVar[str] = "needs"

    person_id: str
    category: Category
    beneficiary_class: BeneficiaryClass
    tier: int
    town_code: str
    village_code: str | None = None
    unit: str
    item: str = ""
    quantity: int
    matches: Mapping[str, int] = Field(default_factory=dict)
    proposals: int = 0
    excluded_offers: tuple[str, ...] = ()
    excluded_donors: tuple[str, ...] = ()
    state: Literal["open", "withdrawn", "closed"] = "open"
    recorded_at: datetime

    @computed_field  # type: ignore[prop-decorator]
    @property
    def remaining(self) -> int:
        return self.quantity - sum(self.matches.values())

    def share_of(self, offer_id: str) -> int:
        """What this offer already gives, in `unit`."""
        return sum(q for m, q in self.matches.items() if parse_match_id(m).offer_id == offer_id)

    def with_match(self, match_id: str, quantity: int) -> "Need":
        return self.model_copy(
            update={
                "matches": {**self.matches, match_id: quantity},
                "proposals": parse_match_id(match_id).number,
            }
        )

    def without_match(self, match_id: str) -> "Need":
        matches = {m: q for m, q in self.matches.items() if m != match_id}
        return self.model_copy(update={"matches": matches})

    def without_offer(self, offer_id: str) -> "Need":
        excluded = _with(self.excluded_offers, offer_id)
        return self.model_copy(update={"excluded_offers": excluded})

    def without_donor(self, donor_id: str) -> "Need":
        """A donor who said no is not asked again through another of his offers."""
        excluded = _with(self.excluded_donors, donor_id)
        return self.model_copy(update={"excluded_donors": excluded})


def _with(known: tuple[str, ...], id_: str) -> tuple[str, ...]:
    return known if id_ in known else (*known, id_)
