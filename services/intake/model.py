"""The states of intake: requests, persons, handles, receipts, replies; and its commands.

Personal data is `Sealed` before it reaches these types: nothing here is readable without the vault.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.events import ApprovalLevel
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

# Records of a person beside the texts of requests: fields of `Person`, names of its keys.
CONTACT = "contact"
OPENID = "openid"

# The source of what a person writes from WeChat: the openid is certainly its sender's.
WECHAT_SOURCE = "/callbacks/wechat"


class Sealed(Value):
    """cipher: the content under a key of its own; key: that key, wrapped by the vault's."""

    cipher: bytes
    key: bytes


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

    @property
    def confirmed_quantity(self) -> int:
        return sum(p.quantity for p in self.matches.values() if p.stage == "confirmed")

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


class Handle(State):
    """Whose a WeChat openid is. id: its keyed digest."""

    COLLECTION: ClassVar[str] = "handles"

    person_id: str


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


class SealedRequest(Value):
    """A submitted request, checked and sealed: what `decide` sees of it."""

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


class ApproveRequest(Value):
    """levels: those the approver may decide; area: the code prefix they may decide in."""

    request_id: Identifier
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str


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
