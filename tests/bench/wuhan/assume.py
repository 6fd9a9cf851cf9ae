"""What has to be assumed where the files say nothing, and the other answers to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.bench.wuhan.needs import UNKNOWN
from tests.bench.wuhan.offers import OfferRow


@dataclass(frozen=True, slots=True)
class Assumptions:
    """need_unknown: pieces of a need without a quantity: what hospitals usually asked of the item
    (the median of those that said, one where none did), one, or none until somebody has asked.

    offer_unknown: pieces of an offer without a quantity; None is that it cannot be allocated.
    unlicensed: offers count although a remark says that a certificate is missing (they stand in
    the table as reviewed). daily: a factory's quantity is what it gives every day, not once.
    """

    name: str
    need_unknown: Literal["usual", "one", "ask"] = "usual"
    offer_unknown: int | None = None
    unlicensed: bool = True
    daily: bool = False

    def find_quantity(self, item: str, quantity: int, usual: Mapping[str, int]) -> int | None:
        """Pieces; None when it cannot be allocated to."""
        if quantity != UNKNOWN:
            return quantity
        if self.need_unknown == "ask":
            return None
        return UNKNOWN if self.need_unknown == "one" else usual.get(item, UNKNOWN)

    def find_offer_quantity(self, offer: OfferRow) -> int | None:
        """Pieces; None when it cannot be allocated."""
        if not (offer.licensed or self.unlicensed):
            return None
        if offer.flaw == "quantity_unknown":
            return self.offer_unknown
        return None if offer.flaw in ("service", "twice") else offer.quantity


BASE = Assumptions("base")
OTHERS = (
    Assumptions("need unknown = 1 piece", need_unknown="one"),
    Assumptions("need unknown = not allocated", need_unknown="ask"),
    Assumptions("factory quantity = every day", daily=True),
    Assumptions("offer unknown = 10,000 pieces", offer_unknown=10_000),
    Assumptions("unlicensed offers left out", unlicensed=False),
)
