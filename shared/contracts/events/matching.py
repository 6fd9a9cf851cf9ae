"""What matching says: offers and matches."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.events.consents import ConsentKind
from shared.contracts.values import (
    BeneficiaryClass,
    Category,
    DonorKind,
    Identifier,
    Moment,
    PositiveFen,
    Quantity,
    ShortText,
    TownCode,
    Whole,
)

Evidence = Literal["visit", "signature", "photo"]
"""What a member of staff saw who confirms for a person."""


class OfferRegistered(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.registered.v1"
    TOPIC: ClassVar[str] = topics.OFFERS
    donor_id: Identifier
    unit: str
    quantity: Quantity
    item: str = ""
    fund_id: Identifier | None = None


class OfferChanged(Fact):
    """Other terms, or a longer life; quantity: what it now is in all."""

    TYPE: ClassVar[str] = "guanjia.offer.changed.v1"
    TOPIC: ClassVar[str] = topics.OFFERS
    quantity: Quantity
    valid_until: Moment | None = None


class OfferPaused(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.paused.v1"
    TOPIC: ClassVar[str] = topics.OFFERS


class OfferResumed(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.resumed.v1"
    TOPIC: ClassVar[str] = topics.OFFERS


class OfferWithdrawn(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.withdrawn.v1"
    TOPIC: ClassVar[str] = topics.OFFERS


class MatchFact(Fact):
    """quantity: in `unit`; money is fen. fund_id: whose money or stock it is.

    category, beneficiary_class, town_code: what it is for, which a fund's terms may restrict.
    mandate_id: under which money is given.
    name_shown: the donor consents that the person sees his name; donor_kind: what stands for it
    where he does not. request_quantity: what the request asks for in all.
    """

    TOPIC: ClassVar[str] = topics.MATCHES
    request_id: Identifier
    offer_id: Identifier
    person_id: Identifier
    donor_id: Identifier
    unit: str
    quantity: Quantity
    item: str = ""
    fund_id: Identifier | None = None
    mandate_id: Identifier | None = None
    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    town_code: TownCode | None = None
    name_shown: bool = False
    donor_kind: DonorKind | None = None
    request_quantity: Quantity | None = None


class MatchProposed(MatchFact):
    """claimed: the donor took it from the menu himself, so nobody need ask him.

    gathered: he is told of it together with others (`donors.py`).
    """

    TYPE: ClassVar[str] = "guanjia.match.proposed.v1"
    expires_at: Moment
    claimed: bool = False
    gathered: bool = False

    @property
    def is_quiet(self) -> bool:
        return self.claimed or self.gathered


class MatchAccepted(MatchFact):
    """The donor said yes. With money, audit is now asked to commit. offer_source: who offered.

    on_word, said_to: where he said it over the phone, by which word and to whom of the staff.
    by_consent: whose standing consent said it for him.
    """

    TYPE: ClassVar[str] = "guanjia.match.accepted.v1"
    offer_source: Identifier | None = None
    on_word: Identifier | None = None
    said_to: Identifier | None = None
    by_consent: ConsentKind | None = None


class MatchDeclined(MatchFact):
    """on_word, said_to: as in MatchAccepted."""

    TYPE: ClassVar[str] = "guanjia.match.declined.v1"
    reason: ShortText
    on_word: Identifier | None = None
    said_to: Identifier | None = None


class MatchReminded(MatchFact):
    """Its donor has not answered yet, and it runs out soon. gathered: as in MatchProposed."""

    TYPE: ClassVar[str] = "guanjia.match.reminded.v1"
    expires_at: Moment
    gathered: bool = False


class MatchExpired(MatchFact):
    """Its donor did not answer. That is no decline: it may be proposed to him again.

    gathered: as in MatchProposed.
    """

    TYPE: ClassVar[str] = "guanjia.match.expired.v1"
    gathered: bool = False


class MatchCommitted(MatchFact):
    """It stands: the fund has set the money aside, or the goods need no fund."""

    TYPE: ClassVar[str] = "guanjia.match.committed.v1"


class MatchReleased(MatchFact):
    """It fell after it was accepted: the fund refused, or it was withdrawn.

    promised: the person had been told of it.
    """

    TYPE: ClassVar[str] = "guanjia.match.released.v1"
    reason: Literal["refused_by_fund", "request_withdrawn", "offer_withdrawn", "not_arrived"]
    promised: bool = False


class MatchScheduled(MatchFact):
    """Who brings the help says on which day it comes. before: the day that was said before."""

    TYPE: ClassVar[str] = "guanjia.match.scheduled.v1"
    comes_on: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    before: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None


class MatchDelivered(MatchFact):
    """delivered_by: who handed it over, this time or before: none of them speaks for the person."""

    TYPE: ClassVar[str] = "guanjia.match.delivered.v1"
    delivered_by: tuple[Identifier, ...] = ()


class MatchConfirmed(MatchFact):
    """The person says it arrived: money is now paid from the fund.

    evidence: what was seen by the member of staff who said it for him; None where he said it.
    """

    TYPE: ClassVar[str] = "guanjia.match.confirmed.v1"
    evidence: Evidence | None = None


class MatchReopened(MatchFact):
    """The help did not really arrive. From `delivered` it is to be delivered again; after
    `confirmed` the request needs that quantity anew, and money is finance's to reverse."""

    TYPE: ClassVar[str] = "guanjia.match.reopened.v1"
    was: Literal["delivered", "confirmed"]
    reason: ShortText


class MatchPaid(MatchFact):
    """A bank has paid what was due for it: amount_fen. The ledger says so without the person, whose
    topic is kept for ever; this one is not."""

    TYPE: ClassVar[str] = "guanjia.match.paid.v1"
    amount_fen: PositiveFen


class MatchRated(MatchFact):
    """What the person thinks of the help: one star to five."""

    TYPE: ClassVar[str] = "guanjia.match.rated.v1"
    stars: Annotated[Whole, Field(ge=1, le=5)]


FACTS: tuple[type[Fact], ...] = (
    OfferRegistered,
    OfferChanged,
    OfferPaused,
    OfferResumed,
    OfferWithdrawn,
    MatchProposed,
    MatchAccepted,
    MatchDeclined,
    MatchExpired,
    MatchCommitted,
    MatchReleased,
    MatchReminded,
    MatchScheduled,
    MatchDelivered,
    MatchConfirmed,
    MatchReopened,
    MatchPaid,
    MatchRated,
)
