"""Whether an offer may serve a need at all: one rule, read by the solver and by the decision.

Plain strings only: the solver's process loads this module and little else.
"""

from collections.abc import Collection
from typing import Protocol

from services.matching.model.distance import Place, metres


class Asking(Protocol):
    """What the rule reads of a need."""

    @property
    def unit(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def beneficiary_class(self) -> str: ...
    @property
    def town_code(self) -> str: ...
    @property
    def village_code(self) -> str | None: ...
    @property
    def place(self) -> Place | None: ...


class Giving(Protocol):
    """What the rule reads of an offer. Empty collections mean any."""

    @property
    def unit(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def categories(self) -> Collection[str]: ...
    @property
    def beneficiary_classes(self) -> Collection[str]: ...
    @property
    def town_codes(self) -> Collection[str]: ...
    @property
    def village_codes(self) -> Collection[str]: ...
    @property
    def place(self) -> Place | None: ...
    @property
    def radius_km(self) -> int | None: ...


def fits(offer: Giving, need: Asking) -> bool:
    return fits_alike(offer, need) and fits_place(offer, need)


def fits_alike(offer: Giving, need: Asking) -> bool:
    """All of the rule that needs of one town and kind share."""
    return (
        offer.unit == need.unit
        and offer.item == need.item
        and (not offer.categories or need.category in offer.categories)
        and (not offer.beneficiary_classes or need.beneficiary_class in offer.beneficiary_classes)
        and (bool(offer.village_codes) or not offer.town_codes or _in_towns(offer, need))
    )


def fits_place(offer: Giving, need: Asking) -> bool:
    """The rest: in one of its towns or villages, and within its radius.

    Who has set a radius helps only where the distance is known.
    """
    named = not offer.village_codes or need.village_code in offer.village_codes
    return (named or _in_towns(offer, need)) and _within_radius(offer, need)


def _in_towns(offer: Giving, need: Asking) -> bool:
    return need.town_code in offer.town_codes


def _within_radius(offer: Giving, need: Asking) -> bool:
    if offer.radius_km is None:
        return True
    if offer.place is None or need.place is None:
        return False
    return metres(offer.place, need.place) <= offer.radius_km * 1000
