"""A request, what opened by itself, and what providers and people report."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field, computed_field

from services.intake.model.approval import (
    CaseNote,
    Ending,
    PartReason,
    Referral,
    ReturnReason,
    Step,
)
from services.intake.model.classification import Classification
from services.intake.model.clock import CaseClock
from services.intake.model.consent import Consent
from services.intake.model.person import (
    OWN_SOURCES,
    WEB_SOURCE,
    ClassConfirmation,
    Sighting,
)
from services.intake.model.task import CaseTask
from shared.catalogue import Match
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import (
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
    Value,
)
from shared.displayed import derive_digest
from shared.messaging.decision import State
from shared.references import REFERENCE_LENGTH

Meaning = Literal["received", "not_received", "opted_out"]
Outcome = Literal["delivered", "failed"]
# Why a request waits for an approver.
WaitReason = Literal[
    "town_missing",
    "need_large",
    "kind_project",
    "category_other",
    "item_unclear",
    "person_unseen",
    "person_often",
    "household_often",
    "contact_often",
    "channel_often",
    "request_separated",
    "phone_unproven",
    "was_returned",
    "meeting_due",
    "guardian_missing",
    "policy_answered",
]
# As it is said: that words name danger is stored as `danger`, which the release before ignores.
SaidReason = WaitReason | Literal["danger_named"]


# Why a request is declined: what the person reads is in messages.py.
DeclineReason = Literal[
    "not_entitled",
    "policy_first",
    "already_helped",
    "already_recorded",
    "not_verified",
    "not_reachable",
    "not_needed",
    "area_other",
    "kind_other",
    "cause_other",
]


class RequestState(StrEnum):
    RECORDED = "recorded"
    RETURNED = "returned"
    REFERRED = "referred"
    BUDGETED = "budgeted"
    OPEN = "open"
    DUPLICATE = "duplicate"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


def derive_note_record(request_id: str) -> str:
    """Under which the key to its note is with the person."""
    return f"note {request_id}"


class Portion(Value):
    """What one match has come to. fund_id: whose money or goods; at: since when (None before).

    delivered_by: who handed it over."""

    quantity: int
    stage: Literal["committed", "delivered", "confirmed"]
    fund_id: str = ""
    at: datetime | None = None
    delivered_by: tuple[str, ...] = ()


class Request(State):
    """One need. id: derived from the channel's source and message id.

    source: who sent it, and who may see it as its own. content: keyed digest of what was sent.
    text: cipher only; its key is with the person, under this request's id. reason: why it was
    declined, in the words of a table. note: cipher of what the approver adds for staff only.
    beneficiary_class: what counts; declared_class: what was said (None before these were apart).
    name_id: keyed digest of the name. recorded_by: the member of staff who brought it in.
    sighting, confirmation: on whose word it stands. waits_for: why it was not opened by itself.
    household_id: keyed digest of the household's number. tally_ids: where its opening counts.
    state_before: of one that goes with another (duplicate_of), by somebody's word.
    need: in the catalogue's words; item_match, item_reason:
    how they were found. What was written instead is in the text. quiet: of a backlog.
    corrected_by: the request that says it right, where a row of a sheet was corrected.
    clock: how long it may take (None of before cases had clocks); due_at: of its next warning.
    classified: who read it and said what it is; urgent: that it cannot wait. danger: words of
    danger to life stood in it, and nobody read them and said that it can wait.
    asked_quantity: where a part of it was approved, with part_reason. return_reason: what has to be
    put right. steps: who did what while it was judged. case_notes: what staff wrote beside no step;
    case_tasks: what they ask of each other.
    typed_consents: by purpose, what was ticked with it on the public page: of this request alone.
    consent_ended_at, consent_ended_by: the
    person no more agrees that it is handled; by: a holder, empty for himself. for_meeting: somebody
    sent it to the joint meeting; meeting_id: on whose agenda it is. referrals: to statutory
    policies, the last one open where it is REFERRED. ending: what was done otherwise, until and
    after it was confirmed.
    attachments: ids of its photos and documents. needs_guardian: who asks is a child, and nobody
    responsible for him agreed yet; guardian_agreed_at, guardian_agreed_by: who noted that one did.
    was_wish: it was recorded as a wish, and staff said that it is a public work. kind_by: who
    changed its kind.
    bands, marks: what its text has in common with others (`vault/likeness.py`).
    followers: requests that a person said are this one; each is told what comes of it.
    emergency_ids: the emergencies by which it was hastened.
    """

    COLLECTION: ClassVar[str] = "requests"
    HAS_DEADLINES: ClassVar[bool] = True

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
    reason_code: DeclineReason | None = None
    note: bytes | None = None
    matches: Mapping[str, Portion] = Field(default_factory=dict)
    declared_class: BeneficiaryClass | None = None
    name_id: str = ""
    recorded_by: str = ""
    sighting: Sighting | None = None
    confirmation: ClassConfirmation | None = None
    waits_for: tuple[WaitReason, ...] = ()
    tally_ids: tuple[str, ...] = ()
    household_id: str = ""
    state_before: RequestState | None = None
    item_match: Match = "named"
    item_reason: str = ""
    quiet: bool = False
    corrected_by: str = ""
    clock: CaseClock | None = None
    classified: Classification | None = None
    urgent: bool = False
    danger: bool = False
    asked_quantity: int | None = None
    part_reason: PartReason | None = None
    return_reason: ReturnReason | None = None
    steps: tuple[Step, ...] = ()
    typed_consents: Mapping[str, Consent] = Field(default_factory=dict)
    consent_ended_at: datetime | None = None
    consent_ended_by: str = ""
    guardian_agreed_at: datetime | None = None
    guardian_agreed_by: str = ""
    was_wish: bool = False
    kind_by: tuple[str, ...] = ()
    for_meeting: bool = False
    meeting_id: str = ""
    referrals: tuple[Referral, ...] = ()
    ending: Ending | None = None
    budget_reference: str = ""
    case_notes: tuple[CaseNote, ...] = ()
    case_tasks: tuple[CaseTask, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation says
    @property
    def ending_of_id(self) -> str:
        """What notices carry, in small letters: stored, so that an index finds it."""
        return self.id[-REFERENCE_LENGTH:].lower()

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation says
    @property
    def tasks_end_at(self) -> datetime | None:
        """The earliest end of its open tasks: stored, so that lists are sorted by it."""
        return min((each.ends_at for each in self.open_tasks), default=None)

    @property
    def open_tasks(self) -> tuple[CaseTask, ...]:
        return tuple(each for each in self.case_tasks if each.completion is None)

    @property
    def wait_reasons(self) -> tuple[SaidReason, ...]:
        """Why it was not opened by itself, danger first."""
        return (*(("danger_named",) if self.danger else ()), *self.waits_for)

    @property
    def recorders(self) -> frozenset[str]:
        """Whose words it is made of: none of them approves it. Where it is a person's money, what
        kind it is decides how it is judged."""
        judges = self.kind_by if self.needs_sighting else ()
        return frozenset((*self._writers, *judges))

    @property
    def _writers(self) -> tuple[str, ...]:
        menders = (step.by for step in self.steps if step.act == "corrected")
        return tuple(filter(None, (self.recorded_by, self.collector_id, *menders)))

    @property
    def digest(self) -> str:
        """Of what is asked for and how it is said to have ended: who approves or confirms says
        which he read."""
        fields = {"kind", "category", "need", "beneficiary_class", "declared_class", "area"}
        fields |= {"person_id", "budget_reference", "ending"}
        text = self.text.hex() if self.text else ""
        return derive_digest(self.model_dump(mode="json", include=fields), text)

    @property
    def was_returned(self) -> bool:
        return any(step.act == "returned" for step in self.steps)

    @property
    def is_own_word(self) -> bool:
        """He wrote it himself: he is asked for what is missing, and no member of staff."""
        return self.source in (*OWN_SOURCES, WEB_SOURCE) and not self.recorded_by

    @property
    def is_anybodys(self) -> bool:
        """Asked on the public page: whoever knows a name and a phone could have written it, and has
        the link to it. It speaks for itself and not for the person."""
        return self.source == WEB_SOURCE

    def with_step(self, step: Step, **changes: object) -> "Request":
        return self.model_copy(update={"steps": (*self.steps, step), **changes})

    attachments: tuple[str, ...] = ()
    needs_guardian: bool = False
    bands: tuple[int, ...] = ()
    marks: bytes = b""
    followers: tuple[str, ...] = ()
    emergency_ids: tuple[str, ...] = ()

    @property
    def confirmed_quantity(self) -> int:
        return sum(p.quantity for p in self.matches.values() if p.stage == "confirmed")

    @property
    def vouched_by(self) -> tuple[str, ...]:
        """Who recorded or mended it and who saw the person: they do not speak for him later."""
        seer = (self.sighting.by,) if self.sighting and self.sighting.by else ()
        return tuple(dict.fromkeys((*self._writers, *seer)))

    @property
    def needs_sighting(self) -> bool:
        """Money for a person. It is paid to who asks, whatever the need is called."""
        return self.need.is_money and not self.is_committees_work

    @property
    def is_committees_work(self) -> bool:
        """A public work that a village's committee recorded for itself, by a credential whose word
        that somebody was met counts. What was a person's wish is none, whatever staff call it."""
        is_own_sighting = self.sighting is not None and self.sighting.by == self.source
        is_work = self.kind is Kind.PROJECT and not self.was_wish
        return is_work and self.channel is Channel.COMMITTEE and is_own_sighting

    @property
    def is_withdrawable(self) -> bool:
        return self.state in (
            RequestState.RECORDED,
            RequestState.RETURNED,
            RequestState.REFERRED,
            RequestState.BUDGETED,
            RequestState.OPEN,
        )

    @property
    def is_fulfilled(self) -> bool:
        return self.confirmed_quantity >= self.need.quantity

    @property
    def committed_quantity(self) -> int:
        """Everything that stands: committed, delivered or confirmed."""
        return sum(p.quantity for p in self.matches.values())


class OpeningTally(State):
    """What opened by itself for one person, household or contact point, or by one channel.

    id: `person:…`. days: (requests, fen) by day in China. ends_at: then nothing of it counts.
    sole_approvers: of what was approved, who did so having met the person themselves. sole_days: by
    these, the last day on which they did; none in what was stored before.
    """

    COLLECTION: ClassVar[str] = "opening_tallies"

    days: Mapping[str, tuple[int, int]] = Field(default_factory=dict)
    ends_at: datetime
    sole_approvers: tuple[str, ...] = ()
    sole_days: Mapping[str, str] = Field(default_factory=dict)


class Receipt(State):
    """The first thing a provider said of a message. id: `<provider>:<message id>`."""

    COLLECTION: ClassVar[str] = "receipts"

    outcome: Outcome
    code: str
    reported_at: datetime


class Reply(State):
    """A reply that was understood. id: derived from the provider's.

    match_id: None where the person opted out, or where nothing was awaited. outcome: where no
    match came of it, what did.
    """

    COLLECTION: ClassVar[str] = "replies"

    person_id: str
    meaning: str
    match_id: str | None = None
    outcome: str = ""
    references: tuple[str, ...] = ()
