"""A person: what each source says of him, what the house knows of him, what he waits for."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.values import BeneficiaryClass, Value
from shared.messaging.decision import State

# How somebody of the house met a person; by what a class was confirmed.
Manner = Literal["visit", "office", "video"]
Basis = Literal["register", "document", "visit"]

# Records of a person beside the texts of requests: fields of `Person`, names of its keys.
CONTACT = "contact"
OPENID = "openid"

# The source of what a person writes from WeChat: the openid is certainly its sender's.
WECHAT_SOURCE = "/callbacks/wechat"
# The source of what comes by SMS: the phone is certainly its sender's.
SMS_SOURCE = "/callbacks/tencent"

SpeakerKind = Literal["own", "staff", "earlier", "channel", "partner"]
"""Who says something of a person. earlier: it was stored before that was written down."""

SPEAKER_KINDS: tuple[SpeakerKind, ...] = ("own", "staff", "earlier", "channel", "partner")
"""The word that counts first: what the person says of himself, then staff's."""

CORRECTING: frozenset[SpeakerKind] = frozenset({"own", "staff"})
"""Whose later word replaces an earlier one of their kind."""


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


class Speaker(Value):
    """Who says something of a person. area: of staff, the code prefix they work in."""

    source: str
    kind: SpeakerKind
    area: str = ""


class Registration(Value):
    """What one source says of a person: name and contact, of which nothing is proven by it.

    cipher: its key is with the person, under `record`. name_id: keyed digest, to tell whether two
    sources say the same. is_named: false where whoever wrote gave no name.
    """

    speaker: Speaker
    record: str
    cipher: bytes
    name_id: str = ""
    is_named: bool = True

    @property
    def kind(self) -> SpeakerKind:
        return self.speaker.kind


# --- states -----------------------------------------------------------------------------------


class Unfinished(Value):
    request_id: str
    recorded_at: datetime


class Person(State):
    """Somebody who asks or gives, as the vault keeps them.

    keys: wrapped keys by record (`contact`, `openid`, a registration's, a request's id); without
    them the ciphers are noise, so erasing drops them. registrations: of each source its latest;
    contact: what was stored before sources were told apart. openid: believed where the person wrote
    from it (openid_verified). area: the town or village that knows the person; empty for nobody's.
    unfinished: requests by fingerprint, to find duplicates. awaiting: delivered matches that nobody
    confirmed yet, oldest first. arrived: the match that was confirmed last, by whomever: what
    “没收到” means where nothing is awaited. standings: what the house knows of him by name: a phone
    has many names, and each is a claim.
    """

    COLLECTION: ClassVar[str] = "persons"

    contact: bytes | None = None
    registrations: tuple[Registration, ...] = ()
    openid: bytes | None = None
    openid_verified: bool = False
    area: str = ""
    keys: Mapping[str, bytes] = Field(default_factory=dict)
    has_phone: bool = False
    opted_out: bool = False
    erased: bool = False
    unfinished: Mapping[str, Unfinished] = Field(default_factory=dict)
    awaiting: tuple[str, ...] = ()
    arrived: str = ""
    standings: Mapping[str, Standing] = Field(default_factory=dict)

    @property
    def foremost(self) -> Registration | None:
        """Whose word on name and contact counts.

        Of people themselves and of staff the latest, who correct each other; of third parties the
        first, who do not.
        """
        placed = enumerate(self.list_registrations())
        return max(placed, key=_rank, default=(0, None))[1]

    def list_registrations(self) -> tuple[Registration, ...]:
        """With what was stored before sources were told apart."""
        if self.contact is None:
            return self.registrations
        earlier = Speaker(source="", kind="earlier")
        return (
            Registration(speaker=earlier, record=CONTACT, cipher=self.contact),
            *self.registrations,
        )

    @property
    def may_answer(self) -> bool:
        """Whether a message from the person's contact counts for what moves money.

        Not where a donor's partner alone says that it is this person's: he would gain by it.
        """
        stated = {registration.kind for registration in self.list_registrations()}
        return self.openid_verified or stated != {"partner"}


def _rank(placed: tuple[int, Registration]) -> tuple[bool, int, int]:
    """A name before none, then by who says it. place: in the order in which they were made."""
    place, registration = placed
    corrects = registration.kind in CORRECTING
    weight = -SPEAKER_KINDS.index(registration.kind)
    return registration.is_named, weight, place if corrects else -place


class Handle(State):
    """Whose a WeChat openid is. id: its keyed digest.

    verified: its owner wrote from it. False for one of before, which a third party may have bound.
    """

    COLLECTION: ClassVar[str] = "handles"

    person_id: str
    verified: bool = False
