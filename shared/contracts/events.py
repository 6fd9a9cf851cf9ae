"""Every event of the house: past-tense facts, ids only (inbound ones excepted).

A published version never changes incompatibly: `tests/contracts` holds the exported schemas.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Identifier,
    Kind,
    LongText,
    Moment,
    Need,
    Phone,
    PositiveFen,
    Quantity,
    ShortText,
    TownCode,
    Value,
)

# --- inbound: foreign events, the only ones with personal data --------------------------------


class Applicant(Value):
    """Who asks, or for whom it is asked. Goes into intake's vault and nowhere else."""

    name: ShortText
    phone: Phone | None = None
    wechat_openid: Annotated[str, Field(pattern=r"^[\w-]{6,64}$")] | None = None


class RequestSubmitted(Fact):
    TYPE: ClassVar[str] = "guanjia.request.submitted.v1"
    TOPIC: ClassVar[str] = topics.REQUESTS_INBOUND
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    applicant: Applicant
    text: LongText = ""
    collector_id: Identifier | None = None


class OfferSubmitted(Fact):
    """What somebody is ready to give. Empty tuples mean any. `donor_id` comes from intake's vault.

    quantity: in `unit` (fen for money); cap_per_request: in the same unit.
    """

    TYPE: ClassVar[str] = "guanjia.offer.submitted.v1"
    TOPIC: ClassVar[str] = topics.OFFERS_INBOUND
    donor_id: Identifier
    unit: Annotated[str, Field(min_length=1, max_length=20)]
    quantity: Quantity
    item: Annotated[str, Field(max_length=100)] = ""
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    cap_per_request: Quantity | None = None
    fund_id: Identifier | None = None
    valid_until: Moment | None = None


class DonationReceived(Fact):
    TYPE: ClassVar[str] = "guanjia.donation.received.v1"
    TOPIC: ClassVar[str] = topics.DONATIONS_INBOUND
    donor_id: Identifier
    fund_id: Identifier
    amount_fen: PositiveFen
    received_at: Moment
    bank_reference: Annotated[str, Field(min_length=1, max_length=100)]


# --- requests, receipts: intake ---------------------------------------------------------------

ApprovalLevel = Literal["village", "town", "city"]


class RequestFact(Fact):
    TOPIC: ClassVar[str] = topics.REQUESTS
    person_id: Identifier


class RequestRecorded(RequestFact):
    """It waits for an approval."""

    TYPE: ClassVar[str] = "guanjia.request.recorded.v1"
    channel: Channel
    approval_level: ApprovalLevel


class RequestOpened(RequestFact):
    """It is open to the resource library."""

    TYPE: ClassVar[str] = "guanjia.request.opened.v1"
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    recorded_at: Moment


class RequestDeclined(RequestFact):
    TYPE: ClassVar[str] = "guanjia.request.declined.v1"
    reason: ShortText


class RequestWithdrawn(RequestFact):
    TYPE: ClassVar[str] = "guanjia.request.withdrawn.v1"


class RequestClosed(RequestFact):
    """Everything that was needed has been delivered and confirmed."""

    TYPE: ClassVar[str] = "guanjia.request.closed.v1"


class MessageReported(Fact):
    """What a provider said of a message. Subject: `<provider>:<provider's message id>`."""

    TYPE: ClassVar[str] = "guanjia.receipt.reported.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    provider: Literal["tencent", "wechat"]
    provider_message_id: Identifier
    outcome: Literal["delivered", "failed"]
    code: Annotated[str, Field(max_length=100)] = ""


class ReplyUnderstood(Fact):
    """What a person's reply means. Subject: the reply's id, derived from the provider's."""

    TYPE: ClassVar[str] = "guanjia.reply.understood.v1"
    TOPIC: ClassVar[str] = topics.RECEIPTS
    person_id: Identifier
    meaning: Literal["received", "opted_out"]
    match_id: Identifier | None = None


# --- offers, matches: matching ----------------------------------------------------------------


class OfferRegistered(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.registered.v1"
    TOPIC: ClassVar[str] = topics.OFFERS
    donor_id: Identifier
    unit: str
    quantity: Quantity
    item: str = ""
    fund_id: Identifier | None = None


class OfferWithdrawn(Fact):
    TYPE: ClassVar[str] = "guanjia.offer.withdrawn.v1"
    TOPIC: ClassVar[str] = topics.OFFERS


class MatchFact(Fact):
    """quantity: in `unit`; money is fen. fund_id: where the money comes from, money only."""

    TOPIC: ClassVar[str] = topics.MATCHES
    request_id: Identifier
    offer_id: Identifier
    person_id: Identifier
    donor_id: Identifier
    unit: str
    quantity: Quantity
    item: str = ""
    fund_id: Identifier | None = None


class MatchProposed(MatchFact):
    TYPE: ClassVar[str] = "guanjia.match.proposed.v1"
    expires_at: Moment


class MatchAccepted(MatchFact):
    """The donor said yes. With money, audit is now asked to commit."""

    TYPE: ClassVar[str] = "guanjia.match.accepted.v1"


class MatchDeclined(MatchFact):
    TYPE: ClassVar[str] = "guanjia.match.declined.v1"
    reason: ShortText


class MatchExpired(MatchFact):
    TYPE: ClassVar[str] = "guanjia.match.expired.v1"


class MatchCommitted(MatchFact):
    """It stands: the fund has set the money aside, or the goods need no fund."""

    TYPE: ClassVar[str] = "guanjia.match.committed.v1"


class MatchReleased(MatchFact):
    """It fell after it was accepted: the fund refused, or it was withdrawn."""

    TYPE: ClassVar[str] = "guanjia.match.released.v1"
    reason: Literal["refused_by_fund", "request_withdrawn", "offer_withdrawn"]


class MatchDelivered(MatchFact):
    TYPE: ClassVar[str] = "guanjia.match.delivered.v1"


class MatchConfirmed(MatchFact):
    """The person says it arrived: money is now paid from the fund."""

    TYPE: ClassVar[str] = "guanjia.match.confirmed.v1"


# --- ledger: audit ----------------------------------------------------------------------------


class LedgerFact(Fact):
    """An entry on the log; every entry is told. Subject: the match, donation or fund concerned.

    entry: the leaf's exact canonical JSON; index: its place in the log, from 0.
    """

    TOPIC: ClassVar[str] = topics.LEDGER
    log: str
    index: Annotated[int, Field(ge=0)]
    fund_id: Identifier
    entry: str


class LedgerFundOpened(LedgerFact):
    TYPE: ClassVar[str] = "guanjia.ledger.fund_opened.v1"


class LedgerAmountFact(LedgerFact):
    """amount_fen: what was moved, or was asked for and refused."""

    amount_fen: PositiveFen
    donor_id: Identifier | None = None


class LedgerReceived(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.received.v1"


class LedgerCommitted(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.committed.v1"


RefusedReason = Literal["insufficient_funds", "unknown_fund", "id_reused", "not_committed"]


class LedgerRefused(LedgerAmountFact):
    """reason: a commitment is refused as insufficient_funds or unknown_fund; a gift as
    unknown_fund, or id_reused by other content; a payment as not_committed."""

    TYPE: ClassVar[str] = "guanjia.ledger.refused.v1"
    reason: RefusedReason
    available_fen: Annotated[int, Field(ge=0)]


class LedgerDisbursed(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.disbursed.v1"


class LedgerReleased(LedgerAmountFact):
    TYPE: ClassVar[str] = "guanjia.ledger.released.v1"


# --- notifications: notify; dead letters: every service ---------------------------------------

NoticeChannel = Literal["sms", "wechat"]


class NoticeFact(Fact):
    """purpose: which notice, such as `request_opened`; regarding: the request or match id."""

    TOPIC: ClassVar[str] = topics.NOTIFICATIONS
    person_id: Identifier
    purpose: str
    regarding: Identifier
    channel: NoticeChannel


class NoticeSent(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.sent.v1"


class NoticeDelivered(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.delivered.v1"


class NoticeFailed(NoticeFact):
    TYPE: ClassVar[str] = "guanjia.notice.failed.v1"
    code: str


class NoticeUnresolved(NoticeFact):
    """Nobody knows whether it went out; only a receipt or a person can tell."""

    TYPE: ClassVar[str] = "guanjia.notice.unresolved.v1"


class DeadLetterStored(Fact):
    """A message could not be worked; the content stays in the service that could not."""

    TYPE: ClassVar[str] = "guanjia.dead_letter.stored.v1"
    TOPIC: ClassVar[str] = topics.DEAD_LETTERS
    service: str
    topic: str
    reason: str


FACTS: tuple[type[Fact], ...] = (
    RequestSubmitted,
    OfferSubmitted,
    DonationReceived,
    RequestRecorded,
    RequestOpened,
    RequestDeclined,
    RequestWithdrawn,
    RequestClosed,
    MessageReported,
    ReplyUnderstood,
    OfferRegistered,
    OfferWithdrawn,
    MatchProposed,
    MatchAccepted,
    MatchDeclined,
    MatchExpired,
    MatchCommitted,
    MatchReleased,
    MatchDelivered,
    MatchConfirmed,
    LedgerFundOpened,
    LedgerReceived,
    LedgerCommitted,
    LedgerRefused,
    LedgerDisbursed,
    LedgerReleased,
    NoticeSent,
    NoticeDelivered,
    NoticeFailed,
    NoticeUnresolved,
    DeadLetterStored,
)

BY_TYPE: dict[str, type[Fact]] = {fact.TYPE: fact for fact in FACTS}
