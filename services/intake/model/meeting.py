"""A joint meeting (联席会议): what it decides on, who sits, what was decided, who signed."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.intake.model.approval import NotedCommand, PartReason
from services.intake.model.request import DeclineReason
from shared.contracts.events import ApprovalLevel, Verdict
from shared.contracts.values import Identifier, Quantity, Value
from shared.displayed import derive_digest
from shared.messaging.decision import Due, State

MeetingState = Literal["planned", "sitting", "closed", "cancelled"]
# What became of a decision when it was carried out; lapsed: the request waits no more.
Outcome = Literal["done", "lapsed", "refused"]
AGENDA_MAX = 40
MEMBERS_MAX = 40


class Ruling(Value):
    """What the meeting decides on one case. code: of the table for its verdict.

    note: the minute's cipher, its key under note_record with the person. case: the digest of the
    request as it was ruled on; empty of one from before that was kept.
    """

    verdict: Verdict
    quantity: int | None = None
    code: str = ""
    by: str
    at: datetime
    note_record: str = ""
    note: bytes | None = None
    case: str = ""


class AgendaItem(Value):
    """asked: what is asked for, when the agenda was made."""

    request_id: str
    ruling: Ruling | None = None
    outcome: Outcome | None = None


class Meeting(State):
    """town_code: whose cases; empty for the whole city. on: the day. members: holders, with chair
    and recorder.

    signed_by: who signed the rulings as they stand; the other of chair and recorder closes it.
    ending_by: a member who wants it cancelled and does not lead it: another one has to agree.
    due_at: of a closed one whose rulings are not all carried out.
    """

    COLLECTION: ClassVar[str] = "meetings"
    HAS_DEADLINES: ClassVar[bool] = True

    state: MeetingState
    town_code: str
    on: str
    chair: str
    recorder: str
    members: tuple[str, ...]
    items: tuple[AgendaItem, ...]
    convened_by: str
    convened_at: datetime
    opened_by: str = ""
    opened_at: datetime | None = None
    present: tuple[str, ...] = ()
    signed_by: str = ""
    ending_by: str = ""
    closed_at: datetime | None = None

    @property
    def involved(self) -> frozenset[str]:
        return frozenset({*self.members, self.chair, self.recorder, self.convened_by})

    @property
    def leaders(self) -> frozenset[str]:
        return frozenset({self.chair, self.recorder, self.convened_by})

    @property
    def digest(self) -> str:
        """Of the rulings: who signs says which he read."""
        rows = [(each.request_id, each.ruling) for each in self.items]
        return derive_digest(
            *(
                (id_, r.verdict, r.quantity, r.code, r.note_record, r.case) if r else (id_,)
                for id_, r in rows
            )
        )

    @property
    def undecided(self) -> int:
        return sum(each.ruling is None and each.outcome is None for each in self.items)

    def may_cancel(self, by: str, levels: Collection[ApprovalLevel]) -> bool:
        """Who leads it, or asks as a member who approves for the city, or agrees to that."""
        if by in self.leaders:
            return True
        if self.ending_by:
            return by in self.involved and by != self.ending_by
        return "city" in levels

    def find_item(self, request_id: str) -> AgendaItem | None:
        return next((each for each in self.items if each.request_id == request_id), None)

    def with_item(self, item: AgendaItem) -> "Meeting":
        items = (item if each.request_id == item.request_id else each for each in self.items)
        return self.model_copy(update={"items": tuple(items)})

    def list_pending(self) -> Iterator[AgendaItem]:
        return (each for each in self.items if each.outcome is None)


class SendToMeeting(NotedCommand):
    """Too hard to be decided by one: by an approver of its level."""

    levels: tuple[ApprovalLevel, ...]
    area: str = ""
    approver_id: str


class ConveneMeeting(Value):
    """area, chair_area: the code prefix that who convenes works in, and that the chair does. That
    chair, recorder and members are staff was checked where it came in."""

    meeting_id: Identifier
    by: str
    area: str = ""
    town_code: str = ""
    on: date
    chair: Identifier
    chair_area: str = ""
    recorder: Identifier
    members: Annotated[tuple[Identifier, ...], Field(max_length=MEMBERS_MAX)]
    request_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=AGENDA_MAX)]


class OpenMeeting(Value):
    meeting_id: Identifier
    by: str
    present: tuple[Identifier, ...]


class CancelMeeting(Value):
    """levels: those that who cancels approves at."""

    meeting_id: Identifier
    by: str
    levels: tuple[ApprovalLevel, ...] = ()


class RuleOnCase(NotedCommand):
    """What was decided, as chair or recorder enters it. quantity: None is all of it. digest: of the
    case that was read; empty where nobody said."""

    meeting_id: Identifier
    by: str
    verdict: Verdict
    quantity: Quantity | None = None
    part_reason: PartReason | None = None
    decline_reason: DeclineReason | None = None
    digest: str = ""


class SignMeeting(Value):
    """digest: of the rulings that were read. levels: those that who signs approves at."""

    meeting_id: Identifier
    by: str
    levels: tuple[ApprovalLevel, ...]
    digest: str


class CarryOutRuling(Due):
    """aggregate_id: of the meeting."""

    request_id: Identifier
