"""What intake says of joint meetings (联席会议): ids alone. Subject: the meeting's id."""

from datetime import date
from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Quantity, Value

Verdict = Literal["approve", "decline", "adjourn"]


class MeetingFact(Fact):
    TOPIC: ClassVar[str] = topics.REQUESTS


class MeetingConvened(MeetingFact):
    """town_code: None for the whole city. on: the day; None of a release before."""

    TYPE: ClassVar[str] = "guanjia.meeting.convened.v1"
    town_code: Identifier | None = None
    chair_id: Identifier
    recorder_id: Identifier
    member_ids: tuple[Identifier, ...]
    request_ids: tuple[Identifier, ...]
    on: date | None = None
    convened_by: Identifier | None = None


class MeetingOpened(MeetingFact):
    TYPE: ClassVar[str] = "guanjia.meeting.opened.v1"
    opened_by: Identifier
    present_ids: tuple[Identifier, ...]


class MeetingCancelled(MeetingFact):
    """member_ids: whom it is to be told; not who cancelled it. on: the day for which it was."""

    TYPE: ClassVar[str] = "guanjia.meeting.cancelled.v1"
    cancelled_by: Identifier
    member_ids: tuple[Identifier, ...] = ()
    on: date | None = None


class MeetingSigned(MeetingFact):
    """By one of chair and recorder: the rulings count when the other has signed them too."""

    TYPE: ClassVar[str] = "guanjia.meeting.signed.v1"
    signed_by: Identifier
    signer_id: Identifier


class MeetingRuling(Value):
    """quantity: what was approved, in the request's unit. code: the reason's."""

    request_id: Identifier
    verdict: Verdict
    quantity: Quantity | None = None
    code: Identifier | None = None


class MeetingClosed(MeetingFact):
    """Signed by both: from now on the rulings count."""

    TYPE: ClassVar[str] = "guanjia.meeting.closed.v1"
    chair_id: Identifier
    recorder_id: Identifier
    rulings: tuple[MeetingRuling, ...]


FACTS: tuple[type[Fact], ...] = (
    MeetingConvened,
    MeetingOpened,
    MeetingCancelled,
    MeetingSigned,
    MeetingClosed,
)
