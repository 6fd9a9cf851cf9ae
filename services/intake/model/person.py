"""A person: what each source says of him, what we know of him, what he waits for."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar, Literal, Self

from pydantic import Field

from services.intake.model.consent import Consent
from services.intake.model.preference import Preference
from shared.contracts.values import BeneficiaryClass, Value
from shared.messaging.decision import State

# How a member of staff met a person; by what a class was confirmed.
Manner = Literal["visit", "office", "video"]
Basis = Literal["register", "document", "visit"]

# Records of a person beside the texts of requests: fields of `Person`, names of its keys.
CONTACT = "contact"
OPENID = "openid"
FORMER_PHONE = "former phone"

# The source of what a person writes from WeChat: the openid is certainly its sender's.
WECHAT_SOURCE = "/callbacks/wechat"
# The source of what comes by SMS: the phone is certainly its sender's.
SMS_SOURCE = "/callbacks/tencent"
ALIYUN_SOURCE = "/callbacks/aliyun"
OWN_SOURCES = frozenset({WECHAT_SOURCE, SMS_SOURCE, ALIYUN_SOURCE})

# The source of what anybody types into the public page: whose the phone is nobody knows.
WEB_SOURCE = "/web"

SpeakerKind = Literal["own", "staff", "earlier", "channel", "partner"]
"""Who says something of a person. earlier: it was stored before that was written down."""

SPEAKER_KINDS: tuple[SpeakerKind, ...] = ("own", "staff", "earlier", "channel", "partner")
"""The word that counts first: what the person says of himself, then staff's."""

OUTSIDE: frozenset[SpeakerKind] = frozenset({"channel", "partner"})
"""Third parties: they learn of a person nothing but what they say."""

Whose = Literal["unsaid", "own", "family", "collector", "guardian"]
"""Whose a contact point is, beside the person whom it reaches."""

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
    """Who says something of a person. area: of staff, the code prefix they work in. holder: of
    staff, the human behind the credential."""

    source: str
    kind: SpeakerKind
    area: str = ""
    holder: str = ""


class Registration(Value):
    """What one source says of a person: name and contact, of which nothing is proven by it.

    cipher: its key is with the person, under `record`. name_id: keyed digest, to tell whether two
    sources say the same. is_named: false where whoever wrote gave no name. is_correction: staff
    looked into it, so it counts first.
    """

    speaker: Speaker
    record: str
    cipher: bytes
    name_id: str = ""
    is_named: bool = True
    is_correction: bool = False

    @property
    def kind(self) -> SpeakerKind:
        return self.speaker.kind


# --- states -----------------------------------------------------------------------------------


class Unfinished(Value):
    """fingerprint: keyed digest of what is needed; empty in what was stored before."""

    request_id: str
    recorded_at: datetime
    fingerprint: str = ""


class ContactLink(Value):
    """That a contact point reaches a person.

    name_ids: what he is called there, first the name that made the link; empty in links of before.
    may_answer: whether a message from it counts as his word. whose: whose phone it is.
    entered_by: the one of the staff who gave a known person another contact: it may be a phone of
    their own, so it speaks for nobody until another of them looked into it and it spoke itself.
    """

    person_id: str
    name_ids: tuple[str, ...] = ()
    is_named: bool = True
    whose: Whose = "unsaid"
    may_answer: bool = False
    entered_by: str = ""


class Person(State):
    """Somebody who asks or gives, as the vault keeps them.

    keys: wrapped keys by record (`contact`, `openid`, a registration's, a request's id); without
    them the ciphers are noise, so erasing drops them. registrations: of each source its latest;
    contact: what was stored before sources were told apart. openid: believed where the person wrote
    from it (openid_verified). area: the town or village that knows the person; empty for nobody's.
    points: the contact points that reach him. identity_id: keyed digest of his ID number.
    joined: other records that are the same person by somebody's word.
    unfinished: requests that are not done, by id (by fingerprint in what was stored before).
    awaiting: delivered matches that nobody confirmed yet, oldest first. arrived: the match that was
    confirmed last, by whomever: what “没收到” means where nothing is awaited. standings: what the
    we know of him by name: a person of before is a phone, with many names. consents: by what he
    agreed to. preference: how he wants to be told. former_phone: cipher of the one that one of the
    staff replaced, as long as nobody else said so. former_links: by contact point, what those were
    to him that staff took away.
    """

    COLLECTION: ClassVar[str] = "persons"

    contact: bytes | None = None
    registrations: tuple[Registration, ...] = ()
    openid: bytes | None = None
    openid_verified: bool = False
    area: str = ""
    points: tuple[str, ...] = ()
    identity_id: str = ""
    joined: tuple[str, ...] = ()
    keys: Mapping[str, bytes] = Field(default_factory=dict)
    has_phone: bool = False
    opted_out: bool = False
    erased: bool = False
    unfinished: Mapping[str, Unfinished] = Field(default_factory=dict)
    awaiting: tuple[str, ...] = ()
    arrived: str = ""
    standings: Mapping[str, Standing] = Field(default_factory=dict)
    consents: Mapping[str, Consent] = Field(default_factory=dict)
    preference: Preference = Preference()
    former_phone: bytes | None = None
    former_links: Mapping[str, ContactLink] = Field(default_factory=dict)

    def with_key(self, record: str, key: bytes) -> Self:
        """What is sealed under that record can be read as long as he is not erased."""
        return self.model_copy(update={"keys": {**self.keys, record: key}})

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

    def is_of_staff(self, enterer: str) -> bool:
        """Whether who entered a contact of his (`ContactLink.entered_by`) was one of the staff."""
        speakers = [row.speaker for row in self.list_registrations() if row.kind == "staff"]
        return any((speaker.holder or speaker.source) == enterer for speaker in speakers)

    def was_met_by(self, holder: str) -> bool:
        """Under any name, as the last who met him."""
        sightings = (standing.sighting for standing in self.standings.values())
        return any(sighting.by == holder for sighting in sightings if sighting)

    @property
    def is_named(self) -> bool:
        return any(registration.is_named for registration in self.list_registrations())

    @property
    def may_answer(self) -> bool:
        """Whether a message from the person's contact counts for what moves money.

        Not where a donor's partner alone says that it is this person's: he would gain by it.
        """
        stated = {registration.kind for registration in self.list_registrations()}
        return self.openid_verified or stated != {"partner"}


def _rank(placed: tuple[int, Registration]) -> tuple[bool, bool, int, int]:
    """A name before none, a correction before what was only said, then by who says it.

    place: in the order in which they were made.
    """
    place, registration = placed
    corrects = registration.kind in CORRECTING
    weight = -SPEAKER_KINDS.index(registration.kind)
    order = place if corrects else -place
    return registration.is_named, registration.is_correction, weight, order


LINKS_MAX = 100
"""Of a contact point, the latest. Whom a hotline's own number reached before is found by query."""


class ContactPoint(State):
    """A phone or WeChat account and whom it reaches: many persons, as each has many. id: its keyed
    digest.

    bound_to: the point that is certainly the same human's: he wrote from both. opted_out: its
    owner wants no notices there. person_id, verified: of a WeChat account of before; verified is
    false where a third party may have bound it. confirmed_ids: the persons who signed in by a code
    that was sent to it. seconded: by person, who of the staff corrected the record to it too, after
    another had entered it; it waits for an answer from it.
    """

    COLLECTION: ClassVar[str] = "handles"

    links: tuple[ContactLink, ...] = ()
    confirmed_ids: tuple[str, ...] = ()
    seconded: Mapping[str, str] = Field(default_factory=dict)
    bound_to: str = ""
    opted_out: bool = False
    person_id: str = ""
    verified: bool = False

    def find_link(self, person_id: str) -> ContactLink | None:
        return next((link for link in self.links if link.person_id == person_id), None)

    def reaches_only(self, person_id: str) -> bool:
        return all(link.person_id == person_id for link in self.links)

    def with_link(self, link: ContactLink) -> "ContactPoint":
        """In the place of the person's earlier one, else as the latest."""
        if self.find_link(link.person_id):
            links = tuple(link if old.person_id == link.person_id else old for old in self.links)
        else:
            links = (*self.links, link)[-LINKS_MAX:]
        return self.model_copy(update={"links": links})

    def without_person(self, person_id: str) -> "ContactPoint":
        links = tuple(link for link in self.links if link.person_id != person_id)
        owner_id = "" if self.person_id == person_id else self.person_id
        confirmed = tuple(id_ for id_ in self.confirmed_ids if id_ != person_id)
        seconded = {id_: by for id_, by in self.seconded.items() if id_ != person_id}
        changes: dict[str, object] = {"links": links, "person_id": owner_id, "seconded": seconded}
        changes["confirmed_ids"] = confirmed
        return self.model_copy(update=changes)

    def with_confirmed(self, person_ids: Iterable[str]) -> "ContactPoint":
        """Of these the ones that it reaches."""
        reached = {link.person_id for link in self.links}
        confirmed = reached.intersection(person_ids).union(self.confirmed_ids)
        return self.model_copy(update={"confirmed_ids": tuple(sorted(confirmed))})


class Identity(State):
    """Who is named with one ID number. id: keyed digest of the number.

    persons: by the keyed digest of the name. More than one is a question to staff.
    """

    COLLECTION: ClassVar[str] = "identities"

    persons: Mapping[str, str] = Field(default_factory=dict)
