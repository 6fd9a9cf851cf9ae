"""Commitments: money reserved for one match, and what became of it. Integer fen."""

from typing import ClassVar

from pydantic import computed_field

from shared.contracts.events import MatchFact
from shared.contracts.ledger import EntryRef, Purpose
from shared.contracts.values import BeneficiaryClass, Category, Fen, TownCode, Value
from shared.messaging.decision import State


class Spending(Value):
    """What a match is for, as far as it says."""

    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    town_code: TownCode | None = None

    @classmethod
    def of(cls, match: MatchFact) -> "Spending":
        return cls(
            category=match.category,
            beneficiary_class=match.beneficiary_class,
            town_code=match.town_code,
        )

    def said(self) -> Purpose:
        """As the log has it."""
        purpose = Purpose()
        if self.category:
            purpose["category"] = self.category.value
        if self.beneficiary_class:
            purpose["beneficiary_class"] = self.beneficiary_class.value
        if self.town_code:
            purpose["town"] = self.town_code
        return purpose


class Commitment(State):
    """Bears the id of its match: reserved = disbursed + released + outstanding.

    log and entry: where it stands (after a year's end: where it was carried to); no entry when it
    was refused, or undone. refused: the kinds of entry that were asked for and refused, because
    what was refused once stays refused.
    """

    COLLECTION: ClassVar[str] = "commitments"

    fund_id: str
    foundation: str
    donor_id: str
    spending: Spending = Spending()
    log: str = ""
    entry: int | None = None
    reserved_fen: Fen = 0
    disbursed_fen: Fen = 0
    released_fen: Fen = 0
    refused: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # stored, so that a job finds what is open
    @property
    def outstanding_fen(self) -> int:
        return self.reserved_fen - self.disbursed_fen - self.released_fen

    @property
    def place(self) -> EntryRef:
        assert self.entry is not None, "a refused commitment stands nowhere"
        return EntryRef(index=self.entry, log=self.log)

    def plus(self, **fen: int) -> "Commitment":
        moved = self.model_copy(update={k: getattr(self, k) + v for k, v in fen.items()})
        assert moved.outstanding_fen >= 0, "more was paid than was promised"
        return moved

    def carried_to(self, log: str, entry: int) -> "Commitment":
        return self.model_copy(
            update={
                "log": log,
                "entry": entry,
                "reserved_fen": self.outstanding_fen,
                "disbursed_fen": 0,
                "released_fen": 0,
            }
        )
