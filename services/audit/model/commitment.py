"""Commitments: money reserved for one match, and what became of it. Integer fen."""

from datetime import datetime
from typing import ClassVar, Self

from pydantic import computed_field

from services.audit.ledger.balances import CommitmentArithmetic
from services.audit.model.states import DatedState, PlacedState
from shared.contracts.events import MatchFact
from shared.contracts.ledger_fields import Purpose
from shared.contracts.values import BeneficiaryClass, Category, Fen, TownCode, Value


class Spending(Value):
    """What a match is for, as far as it says."""

    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    town_code: TownCode | None = None

    @classmethod
    def from_match(cls, match: MatchFact) -> Self:
        return cls(
            category=match.category,
            beneficiary_class=match.beneficiary_class,
            town_code=match.town_code,
        )

    def as_purpose(self) -> Purpose:
        """As the log has it."""
        purpose = Purpose()
        if self.category:
            purpose["category"] = self.category.value
        if self.beneficiary_class:
            purpose["beneficiary_class"] = self.beneficiary_class.value
        if self.town_code:
            purpose["town"] = self.town_code
        return purpose


class Commitment(CommitmentArithmetic, DatedState, PlacedState):
    """Has the id of its match: reserved = disbursed + obligated + released + outstanding.

    log and entry: after a year's end, of the entry that brought it forward; no entry when it was
    refused, or undone. refused: the kinds of entry that were asked for and refused, because what
    was refused once stays refused; refused_at: when the last of them was. request_id: of its match;
    empty where that was not known. mandate_id: under which it was made; empty where none was asked.
    person_id: whom the help is for; empty of commitments from before it was recorded.
    """

    COLLECTION: ClassVar[str] = "commitments"

    fund_id: str
    foundation: str
    donor_id: str
    request_id: str = ""
    person_id: str = ""
    mandate_id: str = ""
    spending: Spending = Spending()
    reserved_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0
    obligated_fen: Fen = 0
    refused: tuple[str, ...] = ()
    refused_at: datetime | None = None

    @computed_field  # type: ignore[prop-decorator]  # stored, so that a job finds what is open
    @property
    def outstanding_fen(self) -> int:
        return super().outstanding_fen

    @property
    def is_sound(self) -> bool:
        return self.outstanding_fen >= 0

    def mark_refused(self, kind: str, at: datetime) -> Self:
        return self.model_copy(update={"refused": (*self.refused, kind), "refused_at": at})

    def bring_forward(self) -> Self:
        """What is outstanding, counted anew; the entry that says so gives it its place."""
        settled = dict.fromkeys(("disbursed_fen", "released_fen", "obligated_fen"), 0)
        reserved = {"reserved_fen": self.outstanding_fen, **settled}
        return self.model_copy(update={**reserved, "log": "", "entry": None})
