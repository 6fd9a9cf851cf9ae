"""The commands of intake. Personal data is sealed before it is decided about."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.intake.model.approval import PartReason
from services.intake.model.person import Basis, Manner, Registration, Whose
from services.intake.model.request import DeclineReason, Outcome
from shared.catalogue import Match
from shared.contracts.events import ApprovalLevel, ContactOwner, RequestSubmitted
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Identifier,
    IdNumber,
    Kind,
    Name,
    Need,
    Phone,
    Quantity,
    ShortText,
    Value,
)
from shared.phones import MOBILE

Provider = Literal["tencent", "aliyun", "wechat"]


class Sealed(Value):
    """cipher: the content under a key of its own; key: that key, wrapped by the vault's."""

    cipher: bytes
    key: bytes


class StaffRequest(Value):
    """A request that a member of staff brings in. met: his work is to meet whom he records.

    quiet: it is of a backlog, and its person is not told of it. How a file is imported is not part
    of what its rows say: the same row is the same message either way. classified: who records it
    read a text and said what it is; urgent: and that it cannot wait.
    """

    request: RequestSubmitted
    recorded_by: Identifier
    met: bool
    classified: Annotated[bool, Field(exclude=True)] = False
    urgent: Annotated[bool, Field(exclude=True)] = False
    quiet: Annotated[bool, Field(exclude=True)] = False


class AskOnPage(Value):
    """A request that a stranger typed into the public page. quiet: the phone has been written to
    as often as in one day it may be, so it is recorded as any other and nobody is told of it."""

    request: RequestSubmitted
    quiet: Annotated[bool, Field(exclude=True)] = False


class CorrectRequest(Value):
    """A row of a sheet that was imported before, and says something else now.

    corrects: the request of the row as it was first.
    """

    corrects: Identifier
    request: RequestSubmitted | StaffRequest


class Naming(Value):
    """Who is meant, in keyed digests.

    person_id: of whom nobody knows yet. earlier_id: the person as whom a phone, an account or a
    name in a place was known, before persons were told apart from them. point_ids: contact points
    that are said to reach him; other_person_id: of who shares phone and name with another.
    """

    person_id: str
    earlier_id: str
    name_id: str
    is_named: bool
    point_ids: tuple[str, ...] = ()
    identity_id: str = ""
    other_person_id: str
    whose: Whose = "unsaid"


class SealedRequest(Value):
    """A submitted request, checked and sealed: what `decide` sees of it.

    contact_ids, household_id, place_id: keyed digests of what the applicant is known by; the last
    of his name in its place.
    need, item_match, item_reason, bands, marks: as in `Request`. recorded_by, met, classified,
    urgent: as in `StaffRequest`.
    contact: its key is apart, in contact_key.
    danger: words of danger to life stand in it, and nobody read them and said that it can wait.
    openid: where its owner wrote from it. child_until: the day on which he is 14, where somebody
    said when he was born; it is not stored.
    """

    request_id: str
    source: str
    content: bytes
    naming: Naming
    has_phone: bool
    fingerprint: str
    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    channel: Channel
    need: Need
    area: Area
    collector_id: str | None
    contact: Registration
    contact_key: bytes
    openid: Sealed | None
    text: Sealed | None
    contact_ids: tuple[str, ...] = ()
    household_id: str = ""
    place_id: str
    recorded_by: str = ""
    met: bool = False
    quiet: bool = False
    classified: bool = False
    urgent: bool = False
    danger: bool = False
    bands: tuple[int, ...] = ()
    marks: bytes = b""
    item_match: Match = "named"
    item_reason: str = ""
    child_until: date | None = None


class SealedRowCorrection(Value):
    corrects: Identifier
    sealed: SealedRequest


class RegisterParty(Value):
    """A donor, an enterprise or another party whose contact the vault shall keep."""

    name: Name
    phone: Annotated[Phone, MOBILE] | None = None
    wechat_openid: Annotated[str, Field(pattern=r"^[\w-]{6,64}$")] | None = None
    id_number: IdNumber | None = None
    contact_of: ContactOwner | None = None


class SealedParty(Value):
    """contact: its key is apart, in contact_key."""

    naming: Naming
    has_phone: bool
    contact: Registration
    contact_key: bytes


class CorrectPerson(Value):
    """What staff know better of a person: the rest stays as it was said. reason: how they know."""

    person_id: Identifier
    name: Name | None = None
    phone: Annotated[Phone, MOBILE] | None = None
    id_number: IdNumber | None = None
    contact_of: ContactOwner | None = None
    reason: Annotated[ShortText, Field(pattern=r"\S")]


class SealedCorrection(Value):
    """area: the code prefix that who corrects works in. wrong_point_ids: of phones that are not
    his. names_phone: it is his phone that is corrected. former: the phone on record until now, with
    its point, where another takes its place."""

    person_id: str
    area: str
    party: SealedParty
    wrong_point_ids: tuple[str, ...] = ()
    names_phone: bool = False
    former: Sealed | None = None
    former_point_id: str = ""


class BindOpenid(Value):
    """Who writes from an openid sent its code from a phone as well: both are the same person's."""

    phone: SealedParty
    point_id: str
    openid: Sealed


class SeenPerson(Value):
    """How and when the person was met. on: None is today. The word for how alone is enough."""

    manner: Manner
    on: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: object) -> object:
        return {"manner": value} if isinstance(value, str) else value


class ConfirmedClass(Value):
    """The declared class, or the right one, and by what it was checked."""

    beneficiary_class: BeneficiaryClass
    basis: Basis


class Vouching(Value):
    """What a member of staff says of the person."""

    seen: SeenPerson | None = None
    confirmed: ConfirmedClass | None = None


class ApproveRequest(Value):
    """levels: those the approver may decide; area: the code prefix they may decide in.

    item: what is needed, in the catalogue's words; empty where the request says it already.
    quantity: of which part; None is all of it. part_reason: why no more. digest: of what he read;
    empty where no page showed it.
    """

    request_id: Identifier
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    digest: str = ""
    vouching: Vouching = Vouching()
    item: str = ""
    quantity: Quantity | None = None
    part_reason: PartReason | None = None


class VouchForPerson(Value):
    """Somebody met who asks, or checked his class. area: the code prefix he works in."""

    request_id: Identifier
    area: str = ""
    by: str
    vouching: Vouching


class DeclineRequest(Value):
    """note: stays inside; it is sealed, and gone, before anything is decided."""

    request_id: Identifier
    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str
    reason: DeclineReason
    note: Annotated[str, Field(repr=False)] = ""
    sealed_note: Sealed | None = None


class WithdrawRequest(Value):
    """source, area: empty means that who asks was already shown to own the request."""

    request_id: Identifier
    source: str = ""
    area: str = ""


class ErasePerson(Value):
    """erasure_id: under which it is kept apart (`erasures.py`)."""

    person_id: Identifier
    erasure_id: str = ""


class RevokePersonLinks(Value):
    """The phone is lost, or somebody else reads it: no link that was sent there opens any more.

    area: the code prefix that who revokes works in.
    """

    person_id: Identifier
    area: str = ""


class ForgetOpenid(Value):
    """Its owner unfollowed: WeChat requires that what it told us goes.

    earlier_id: as in `Naming`. erasure_id: as in `ErasePerson`.
    """

    point_id: str
    earlier_id: str
    erasure_id: str = ""


class ReportMessage(Value):
    provider: Provider
    provider_message_id: Identifier
    outcome: Outcome
    code: Annotated[str, Field(max_length=100)] = ""
    point_id: Identifier | None = None
    notice_id: Identifier | None = None
    reported_at: datetime | None = None
