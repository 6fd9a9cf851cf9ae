"""Whether an offer may serve a need at all: one rule, read by the solver and by the decision.

Plain strings only: the solver's process loads this module and little else.
"""

from collections.abc import Collection
from typing import Protocol


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


def fits(offer: Giving, need: Asking) -> bool:
    return (
        offer.unit == need.unit
        and offer.item == need.item
        and (not offer.categories or need.category in offer.categories)
        and (not offer.beneficiary_classes or need.beneficiary_class in offer.beneficiary_classes)
        and (not offer.town_codes or need.town_code in offer.town_codes)
    )
