"""Funds, as audit's log tells of them: what their money may be spent on."""

from typing import ClassVar

from services.matching.model.need import Need
from shared.contracts.values import Value
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
