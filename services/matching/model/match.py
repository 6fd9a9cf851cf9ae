"""A match (对接): a quantity of one offer set aside for one request, and what can happen to it."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field

from services.matching.model.labels import DeclineReason, MatchState, ReopenReason
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import Evidence, MatchFact
from shared.contracts.values import (
    MONEY_UNIT,
    BeneficiaryClass,
    Category,
    DonorKind,
    Identifier,
    Quantity,
    Value,
    Whole,
)
from shared.messaging.decision import Due, State
from shared.scope import EVERYTHING, Scope

WithdrawnReason = Literal["request_withdrawn", "offer_withdrawn"]
# What stands in an offer's `reserved`.
RESERVING_STATES: frozenset[MatchState] = frozenset({"proposed", "accepted", "committed"})
# Whose money audit pays, or has paid, in full.
PAID_STATES: frozenset[MatchState] = frozenset({"confirmed", "reopened"})
OVER_STATES: frozenset[MatchState] = frozenset({"declined", "expired", "released", "reopened"})

Stars = Annotated[Whole, Field(ge=1, le=5)]

# Nobody's phone or ID number: they are for intake's vault alone.
EvidenceNote = Annotated[str, Field(max_length=200, pattern=r"^(?:\d{0,4}\D)*\d{0,4}$")]

M = TypeVar("M", bound=MatchFact)


class Witness(Value):
    """What a member of staff saw. note: for staff only; no phone or ID number fits in."""

    evidence: Evidence
    note: EvidenceNote = ""


class Match(State):
    """quantity: in `unit` (fen for money). source: who registered the offer.

    kept: a withdrawal that came between `accepted` and audit's answer, carried out after it.
    waits_for: why the donor's yes was not taken yet: somebody must say that the person is not the
    related party of the fund who is called the same.
    vouched_by: the staff on whose word the request stands. accepted_by, delivered_by: principals.
    None of these may say for the person that it arrived. on_word, said_to: where the donor answered
    over the phone, by which word and to whom. by_consent: whose standing consent said yes.
    confirmed_by: the principal; witness: what he saw where he said it for the person.
    due_at: when a proposal's donor is reminded, then when it expires; None once answered.
    comes_on: the day that who brings it said, as 2026-08-20; empty before. days_said: how many so
    far.
    deliveries: how often it was handed over; again where it had not arrived.
    reopen_until: before this, one that was confirmed may still be said not to have arrived.
    stars: what the person thinks of the help, 1 to 5. name_shown: he may see whose it is.
    round_number: of the round that proposed it; None where its donor took it from the menu.
    request_quantity: what the request asks for in all. paid_fen, reversed_fen: what audit paid for
    it, and took back.
    """

    COLLECTION: ClassVar[str] = "matches"
    HAS_DEADLINES: ClassVar[bool] = True

    request_id: str
    offer_id: str
    person_id: str
    donor_id: str
    unit: str
    item: str = ""
    quantity: int
    fund_id: str | None = None
    mandate_id: str | None = None
    category: Category
    beneficiary_class: BeneficiaryClass
    town_code: str
    village_code: str | None = None
    source: str
    campaign_id: str | None = None
    name_shown: bool = False
    donor_kind: DonorKind | None = None
    round_number: int | None = None
    request_quantity: int | None = None
    paid_fen: int = 0
    reversed_fen: int = 0
    state: MatchState = "proposed"
    reason: str = ""
    kept: WithdrawnReason | None = None
    vouched_by: tuple[str, ...] = ()
    waits_for: Literal["", "namesake"] = ""
    accepted_by: str = ""
    by_consent: Literal["", "donor", "fund"] = ""
    on_word: str = ""
    said_to: str = ""
    delivered_by: tuple[str, ...] = ()
    confirmed_by: str = ""
    witness: Witness | None = None
    proposed_at: datetime
    expires_at: datetime
    changed_at: datetime
    comes_on: str = ""
    days_said: int = 0
    deliveries: int = 0
    confirmed_at: datetime | None = None
    reopen_until: datetime | None = None
    stars: int | None = None

    @property
    def is_money(self) -> bool:
        return self.unit == MONEY_UNIT

    @property
    def is_promised(self) -> bool:
        """Whether the person has been told of it, and may still count on it."""
        return self.state in ("committed", "delivered")

    @property
    def reserves(self) -> bool:
        return self.state in RESERVING_STATES

    @property
    def spent_fen(self) -> int:
        """What of its money is gone: all of it once it is confirmed, as far as audit paid before;
        without what was reversed."""
        paid = self.quantity if self.state in PAID_STATES else self.paid_fen
        return max(0, paid - self.reversed_fen) if self.is_money else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing can become of it any more, and nothing came of it."""
        return self.state in OVER_STATES

    def is_by(self, principal: str) -> bool:
        """Whether he vouched for the person, accepted, or ever delivered it."""
        hands = (*self.vouched_by, self.accepted_by, *self.delivered_by)
        return bool(principal) and principal in hands

    def is_seen(self, scope: Scope) -> bool:
        return scope.sees_place(self.town_code, self.village_code) and scope.sees_owner(self.source)

    def may_reopen(self, now: datetime) -> bool:
        if self.state == "confirmed":
            return self.reopen_until is not None and now < self.reopen_until
        return self.state == "delivered"

    def change_to(
        self,
        state: MatchState,
        now: datetime,
        *,
        reason: str = "",
    ) -> "Match":
        """The next state; the deadline was the proposal's and ends with it."""
        return self.model_copy(
            update={
                "state": state,
                "reason": reason,
                "kept": None,
                "due_at": None,
                "changed_at": now,
            }
        )

    def build_fact(self, kind: type[M], **more: object) -> M:
        return kind.model_validate(
            {
                "request_id": self.request_id,
                "offer_id": self.offer_id,
                "person_id": self.person_id,
                "donor_id": self.donor_id,
                "unit": self.unit,
                "quantity": self.quantity,
                "item": self.item,
                "fund_id": self.fund_id,
                "mandate_id": self.mandate_id,
                "category": self.category,
                "beneficiary_class": self.beneficiary_class,
                "town_code": self.town_code,
                "name_shown": self.name_shown,
                "donor_kind": self.donor_kind,
                "request_quantity": self.request_quantity,
            }
            | more
        )


def build_proposal(
    id_: str,
    need: Need,
    offer: Offer,
    quantity: int,
    now: datetime,
    expires_at: datetime,
    remind_at: datetime | None = None,
) -> Match:
    return Match(
        id=id_,
        due_at=remind_at or expires_at,
        request_id=need.id,
        offer_id=offer.id,
        person_id=need.person_id,
        donor_id=offer.donor_id,
        unit=need.unit,
        item=need.item,
        quantity=quantity,
        fund_id=offer.fund_id,
        mandate_id=offer.mandate_id if need.unit == MONEY_UNIT else None,
        category=need.category,
        beneficiary_class=need.beneficiary_class,
        town_code=need.town_code,
        village_code=need.village_code,
        source=offer.source,
        campaign_id=offer.campaign_id,
        name_shown=offer.name_shown,
        donor_kind=offer.donor_kind,
        request_quantity=need.quantity,
        vouched_by=need.vouched_by,
        proposed_at=now,
        expires_at=expires_at,
        changed_at=now,
        correlation_id=need.correlation_id,
    )


class Propose(Value):
    """One allocation of a round. number: the request's next match number when it was read.

    lifetime_s: the donor has so long to answer, long holidays not counted; reminder_s: so long
    before its end he is reminded. Where that is no shorter than all of it, or 0, he is not.
    """

    request_id: Identifier
    offer_id: Identifier
    number: Annotated[Whole, Field(ge=1)]
    quantity: Quantity
    lifetime_s: Annotated[float, Field(gt=0)]
    reminder_s: Annotated[float, Field(ge=0)] = 0
    round_number: int | None = None


class MatchCommand(Value):
    match_id: Identifier
    scope: Scope = EVERYTHING


class AcceptMatch(MatchCommand):
    pass


class DeclineMatch(MatchCommand):
    reason: DeclineReason


class AskMatchWord(MatchCommand):
    """A donor on the phone wants to answer; reason: why he declines."""

    act: Literal["accept", "decline"]
    reason: DeclineReason


class AskClaimWord(Value):
    """A donor on the phone wants to claim an open request from an offer of his."""

    offer_id: Identifier
    request_id: Identifier
    quantity: Quantity
    scope: Scope = EVERYTHING


class ScheduleMatch(MatchCommand):
    """It comes on this day."""

    comes_on: date


class DeliverMatch(MatchCommand):
    pass


class ConfirmMatch(MatchCommand):
    """by_staff: said for the person, with what was seen; else by the person's own link."""

    by_staff: bool = False
    witness: Witness | None = None


class ReopenMatch(MatchCommand):
    """It did not arrive: from delivered, or within its window from confirmed."""

    reason: ReopenReason


class GiveUpMatch(MatchCommand):
    """It will not arrive any more: what was set aside is free, and the need looks elsewhere."""


class RateMatch(MatchCommand):
    stars: Stars


class ReleaseMatch(Value):
    """The offer behind it was withdrawn."""

    match_id: Identifier


class ProposalDue(Due):
    """Nobody answered until it was time to remind, or at all."""


class ClaimNeed(Value):
    """quantity: in the request's unit. scope: whose offers the caller gives from, and where."""

    request_id: Identifier
    offer_id: Identifier
    quantity: Quantity
    scope: Scope = EVERYTHING
