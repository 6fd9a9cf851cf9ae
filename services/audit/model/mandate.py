"""Mandates: on whose word money of a fund may be offered and committed. Integer fen."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import Field

from services.audit.model.commitment import Spending
from services.audit.model.fund import SpendingTerms
from services.audit.model.proposal import PUBLIC, Proposal
from shared.contracts.events import MandateCover, MandateFact, MandateObstacle, StandingLimits
from shared.contracts.values import Fen, Identifier, Moment, PositiveFen, ShortText, Value
from shared.ids import make_id
from shared.messaging.decision import State

M = TypeVar("M", bound=MandateFact)

DONOR_BY_LINK = "link:donor"
"""Who decided, where it was the donor behind his link: no credential has a colon in its id."""
DONOR_BY_WORD = "word:donor"
"""The same, where he said it over the phone: to whom, the mandate says beside it."""
DONOR_WAYS = frozenset({DONOR_BY_LINK, DONOR_BY_WORD})


RECORD_COUNTS = timedelta(days=365)


class DonorConsent(Value):
    """The donor's word as a partner has it on record: when he gave it, and how."""

    consented_at: Moment
    how: ShortText


class MandateRequest(Value):
    """What a mandate says. donor_id: in whose name the money is given. source: the partner who may
    offer it; None: anybody. covers: the fund's own money, or what the fund received from the donor.

    reference: the document that allows it. consent: where a partner speaks for the donor.
    standing: of the fund's own money, where it gives by itself within these limits.
    """

    fund_id: Identifier
    donor_id: Identifier
    source: Identifier | None = None
    covers: MandateCover
    sum_fen: PositiveFen
    terms: SpendingTerms = SpendingTerms()
    valid_until: Moment
    reference: Annotated[str, Field(max_length=200), PUBLIC] = ""
    consent: DonorConsent | None = None
    standing: StandingLimits | None = None


DonorWord = Literal["unasked", "unanswered", "given", "refused"]
DONOR_WORDS: Mapping[DonorWord, tuple[str, str]] = {
    "unasked": ("没有请捐赠人本人确认", "was not asked"),
    "unanswered": ("已请捐赠人本人确认，尚未答复", "was asked, has not answered yet"),
    "given": ("捐赠人本人已同意", "agrees"),
    "refused": ("捐赠人本人不同意", "does not agree"),
}


class Mandate(Proposal):
    """Open, it carries commitments up to its sum. used_fen: reserved and not released again.

    checker: who approved or declined it; `DONOR_BY_LINK` where the donor did himself.
    on_word, said_to: where he said it over the phone, by which word and to whom.
    asked_at: when the donor was first asked for his own word. given_at: when it was approved; None
    for those of before.
    """

    COLLECTION: ClassVar[str] = "mandates"

    fund_id: str
    donor_id: str
    source: str | None = None
    covers: MandateCover
    sum_fen: PositiveFen
    used_fen: Fen = 0
    terms: SpendingTerms = SpendingTerms()
    valid_until: datetime
    reference: str = ""
    consent: DonorConsent | None = None
    standing: StandingLimits | None = None
    revoked_by: str = ""
    on_word: str = ""
    said_to: str = ""
    asked_at: datetime | None = None
    given_at: datetime | None = None

    def count_recorded(self, now: datetime) -> int:
        """What of it counts as given by a record alone: all of it for a year, and as long as it may
        be used; what was used, where it was revoked before."""
        if self.checker in DONOR_WAYS or self.state not in ("open", "revoked"):
            return 0
        given_at = self.given_at or self.asked_at or self.valid_until
        if now >= max(self.valid_until, given_at + RECORD_COUNTS):
            return 0
        return self.sum_fen if self.is_open else self.used_fen

    @property
    def donor_word(self) -> DonorWord:
        """What the donor himself answered, whatever a partner has on record."""
        if {self.revoked_by, self.checker if self.state == "declined" else ""} & DONOR_WAYS:
            return "refused"
        if self.checker in DONOR_WAYS:
            return "given"
        return "unanswered" if self.asked_at else "unasked"

    @property
    def remaining_fen(self) -> int:
        return max(0, self.sum_fen - self.used_fen)

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def asks_donor(self) -> bool:
        """Whether it is about his own gifts: then he may give it himself."""
        return self.covers == "gifts"

    def find_obstacle(self, use: "MandateUse", now: datetime) -> MandateObstacle | None:
        """The first reason why it does not carry this use; None where it does."""
        obstacles: tuple[tuple[MandateObstacle, bool], ...] = (
            ("ended", not self.is_open or now >= self.valid_until),
            ("other_fund", use.fund_id != self.fund_id),
            ("other_donor", use.donor_id != self.donor_id),
            ("other_source", self.source not in (None, use.source)),
            ("outside_terms", not self.terms.may_pay_for(use.spending)),
            ("exceeded", use.amount_fen > self.remaining_fen),
        )
        return next((name for name, stands in obstacles if stands), None)

    def count_use(self, amount_fen: int) -> Self:
        """A negative amount gives back. Undoing a release may take it beyond its sum."""
        return self.model_copy(update={"used_fen": max(0, self.used_fen + amount_fen)})

    def revoke(self, by: str) -> Self:
        return self.model_copy(update={"state": "revoked", "revoked_by": by})

    def build_fact(self, kind: type[M]) -> M:
        named = {"fund_id", "donor_id", "source", "covers", "sum_fen", "valid_until", "standing"}
        return kind.model_validate(self.model_dump(include=named) | self.terms.model_dump())

    def to_json(self) -> dict[str, object]:
        visible = self.model_dump(mode="json", exclude={"due_at", "correlation_id"})
        visible["remaining_fen"] = self.remaining_fen
        if self.asks_donor:
            visible["donor_word"] = self.donor_word
            visible["donor_word_zh"] = DONOR_WORDS[self.donor_word][0]
        return visible


class RecordedConsents(State):
    """The mandates on one donor's gifts that a checker gave by what a partner has on record."""

    COLLECTION: ClassVar[str] = "recorded_consents"

    mandate_ids: tuple[str, ...] = ()


def derive_consents_id(donor_id: str) -> str:
    return make_id("C", "recorded", donor_id)


class PartnerProposals(State):
    """The mandates that one partner asked for, of which some may still wait for an answer."""

    COLLECTION: ClassVar[str] = "partner_proposals"

    mandate_ids: tuple[str, ...] = ()


def derive_partner_proposals_id(partner: str) -> str:
    return make_id("C", "proposals", partner)


class MandateUse(Value):
    """What is to be committed under a mandate. source: who offered it."""

    fund_id: str
    donor_id: str
    source: str | None
    spending: Spending
    amount_fen: int


class Contribution(State):
    """What one donor gave to one fund, and what was committed in his name from it, ever."""

    COLLECTION: ClassVar[str] = "contributions"

    fund_id: str
    donor_id: str
    received_fen: int = 0
    refunded_fen: int = 0
    used_fen: int = 0

    @property
    def unused_fen(self) -> int:
        return max(0, self.received_fen - self.refunded_fen - self.used_fen)

    def add(self, **amounts: int) -> Self:
        """With so much more under each counter; a negative amount takes off."""
        counters = {name: getattr(self, name) + amount for name, amount in amounts.items()}
        return self.model_copy(update=counters)


def derive_contribution_id(fund_id: str, donor_id: str) -> str:
    return make_id("C", fund_id, donor_id)
