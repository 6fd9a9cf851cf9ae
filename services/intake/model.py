"""The states of intake: requests, persons, handles, receipts, replies; and its commands.

Personal data is `Sealed` before it reaches these types: nothing here is readable without the vault.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import ApprovalLevel, RequestSubmitted
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Identifier,
    Kind,
    Need,
    Phone,
    ShortText,
    Value,
)
from shared.messaging.decision import State

Meaning = Literal["received", "not_received", "opted_out"]
Outcome = Literal["delivered", "failed"]
Provider = Literal["tencent", "wechat"]

# How somebody of the house met a person; by what a class was confirmed.
Manner = Literal["visit", "office", "video"]
Basis = Literal["register", "document", "visit"]
# Why a request waits for an approver.
WaitReason = Literal[
    "town_missing",
    "need_large",
    "kind_project",
    "category_other",
    "person_unseen",
    "person_often",
    "household_often",
    "contact_often",
    "channel_often",
]

# Records of a person beside the texts of requests: fields of `Person`, names of its keys.
CONTACT = "contact"
OPENID = "openid"

# The source of what a person writes from WeChat: the openid is certainly its sender's.
WECHAT_SOURCE = "/callbacks/wechat"


class Sealed(Value):
    """cipher: the content under a key of its own; key: that key, wrapped by the vault's."""

    cipher: bytes
    key: bytes


# --- what the house knows of a person ---------------------------------------------------------


class Sighting(Value):
    """Somebody met the person. by: a holder, or a source whose staff meet whom they record."""

    manner: Manner
    on: str
    by: str


class ClassConfirmation(Value):
    """A class that somebody checked, or a register says."""

    beneficiary_class: BeneficiaryClass
    basis: Basis
    by: str
    at: datetime


class Standing(Value):
    """What of a person is not his own word. seen_at: the sighting's day, as a time."""

    sighting: Sighting | None = None
    seen_at: datetime | None = None
    confirmation: ClassConfirmation | None = None

    @property
    def beneficiary_class(self) -> BeneficiaryClass:
        """The class that counts."""
        confirmation = self.confirmation
        return confirmation.beneficiary_class if confirmation else BeneficiaryClass.GENERAL


# --- states -----------------------------------------------------------------------------------


class RequestState(StrEnum):
    RECORDED = "recorded"
    OPEN = "open"
    DUPLICATE = "duplicate"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Portion(Value):
    """What one match has come to."""

    quantity: int
    stage: Literal["committed", "delivered", "confirmed"]


class Request(State):
    """One need. id: derived from the channel's source and message id.

    source: who sent it, and who may see it as its own. content: keyed digest of what was sent.
    text: cipher only; its key is with the person, under this request's id.
    beneficiary_class: what counts; declared_class: what was said (None before these were apart).
    name_id: keyed digest of the name. recorded_by: the member of staff who brought it in.
    sighting, confirmation: on whose word it stands. waits_for: why it was not opened by itself.
    tally_ids: where its opening counts.
    """

    COLLECTION: ClassVar[str] = "requests"

    state: RequestState
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    person_id: str
    fingerprint: str
    source: str
    content: bytes
    recorded_at: datetime
    text: bytes | None = None
    collector_id: str | None = None
    approval_level: ApprovalLevel | None = None
    approved_by: str | None = None
    duplicate_of: str | None = None
    reason: str = ""
    matches: Mapping[str, Portion] = Field(default_factory=dict)
    declared_class: BeneficiaryClass | None = None
    name_id: str = ""
    recorded_by: str = ""
    sighting: Sighting | None = None
    confirmation: ClassConfirmation | None = None
    waits_for: tuple[WaitReason, ...] = ()
    tally_ids: tuple[str, ...] = ()

    @property
    def confirmed_quantity(self) -> int:
        return sum(p.quantity for p in self.matches.values() if p.stage == "confirmed")

    @property
    def vouched_by(self) -> tuple[str, ...]:
        """Who recorded it and who saw the person: they do not speak for him later."""
        seer = self.sighting.by if self.sighting else ""
        return tuple(dict.fromkeys(filter(None, (self.recorded_by, self.collector_id, seer))))

    @property
    def needs_sighting(self) -> bool:
        """Money for a person: a public work pays nobody who asked."""
        return self.kind is Kind.WISH and self.need.is_money

    @property
    def is_withdrawable(self) -> bool:
        return self.state in (RequestState.RECORDED, RequestState.OPEN)

    @property
    def is_fulfilled(self) -> bool:
        return self.confirmed_quantity >= self.need.quantity

    @property
    def committed_quantity(self) -> int:
        """Everything that stands: committed, delivered or confirmed."""
        return sum(p.quantity for p in self.matches.values())


class Unfinished(Value):
    request_id: str
    recorded_at: datetime


class Person(State):
    """Somebody who asks or gives, as the vault keeps them.

    keys: wrapped keys by record (`contact`, `openid`, a request's id); without them the ciphers
    are noise, so erasing drops them. unfinished: requests by fingerprint, to find duplicates.
    awaiting: delivered matches that nobody confirmed yet, oldest first. arrived: the match that
    was confirmed last, by whomever: what “没收到” means where nothing is awaited.
    standings: what the house knows of him by name: a phone has many names, and each is a claim.
    """

    COLLECTION: ClassVar[str] = "persons"

    contact: bytes | None = None
    openid: bytes | None = None
    keys: Mapping[str, bytes] = Field(default_factory=dict)
    has_phone: bool = False
    opted_out: bool = False
    erased: bool = False
    unfinished: Mapping[str, Unfinished] = Field(default_factory=dict)
    awaiting: tuple[str, ...] = ()
    arrived: str = ""
    standings: Mapping[str, Standing] = Field(default_factory=dict)


class Handle(State):
    """Whose a WeChat openid is. id: its keyed digest."""

    COLLECTION: ClassVar[str] = "handles"

    person_id: str


class OpeningTally(State):
    """What opened by itself for one person, household or contact point, or by one channel.

    id: `person:…`. days: (requests, fen) by day in China. ends_at: then nothing of it counts.
    """

    COLLECTION: ClassVar[str] = "opening_tallies"

    days: Mapping[str, tuple[int, int]] = Field(default_factory=dict)
    ends_at: datetime


class Receipt(State):
    """The first thing a provider said of a message. id: `<provider>:<message id>`."""

    COLLECTION: ClassVar[str] = "receipts"

    outcome: Outcome
    code: str
    reported_at: datetime


class Reply(State):
    """A reply that was understood. id: derived from the provider's.

    match_id: None where the person opted out, or where nothing was awaited.
    """

    COLLECTION: ClassVar[str] = "replies"

    person_id: str
    meaning: Meaning
    match_id: str | None = None


# --- commands ---------------------------------------------------------------------------------


class StaffRequest(Value):
    """A request that a member of staff brings in. met: his work is to meet whom he records."""

    request: RequestSubmitted
    recorded_by: Identifier
    met: bool


class SealedRequest(Value):
    """A submitted request, checked and sealed: what `decide` sees of it.

    name_id, contact_ids, household_id: keyed digests of what the applicant is known by.
    recorded_by, met: as in `StaffRequest`.
    """

    request_id: str
    source: str
    content: bytes
    person_id: str
    handle_id: str = ""
    has_phone: bool
    fingerprint: str
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    collector_id: str | None
    contact: Sealed
    openid: Sealed | None
    text: Sealed | None
    name_id: str
    contact_ids: tuple[str, ...] = ()
    household_id: str = ""
    recorded_by: str = ""
    met: bool = False


class RegisterParty(Value):
    """A donor, an enterprise or another party whose contact the vault shall keep."""

    name: ShortText
    phone: Phone | None = None
    wechat_openid: Annotated[str, Field(pattern=r"^[\w-]{6,64}$")] | None = None


class SealedParty(Value):
    person_id: str
    handle_id: str = ""
    has_phone: bool
    contact: Sealed
    openid: Sealed | None


class SeenPerson(Value):
    """How and when the person was met. on: None is today."""

    manner: Manner
    on: date | None = None


class ConfirmedClass(Value):
    """The declared class, or the right one, and by what it was checked."""

    beneficiary_class: BeneficiaryClass
    basis: Basis


class Vouching(Value):
    """What a member of staff says of the person."""

    seen: SeenPerson | None = None
    confirmed: ConfirmedClass | None = None


class ApproveRequest(Value):
    """levels: those the approver may decide; area: the code prefix they may decide in."""

    request_id: Identifier
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    vouching: Vouching = Vouching()


class VouchForPerson(Value):
    """Somebody met who asks, or checked his class. area: the code prefix he works in."""

    request_id: Identifier
    area: str = ""
    by: str
    vouching: Vouching


class DeclineRequest(Value):
    request_id: Identifier
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    reason: ShortText


class WithdrawRequest(Value):
    """source, area: empty means that who asks was already shown to own the request."""

    request_id: Identifier
    source: str = ""
    area: str = ""


class ErasePerson(Value):
    person_id: Identifier


class RevokePersonLinks(Value):
    """The phone is lost, or somebody else reads it: no link that was sent there opens any more."""

    person_id: Identifier


class ForgetOpenid(Value):
    """Its owner unfollowed: WeChat requires that what it told us goes."""

    handle_id: str


class ReportMessage(Value):
    provider: Provider
    provider_message_id: Identifier
    outcome: Outcome
    code: Annotated[str, Field(max_length=100)] = ""


class UnderstandReply(Value):
    """person_id: by phone; by WeChat the handle comes first."""

    reply_id: Identifier
    meaning: Meaning
    person_id: str
    handle_id: str = ""
