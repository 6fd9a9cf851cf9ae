"""What intake says of joint meetings (联席会议): ids alone. Subject: the meeting's id."""

from typing import ClassVar, Literal

from shared.contracts import topics
from shared.contracts.envelope import Fact
from shared.contracts.values import Identifier, Quantity, Value

Verdict = Literal["approve", "decline", "adjourn"]


class MeetingFact(Fact):
    TOPIC: ClassVar[str] = topics.REQUESTS


class MeetingConvened(MeetingFact):
    """town_code: None for the whole city."""

    TYPE: ClassVar[str] = "guanjia.meeting.convened.v1"
    town_code: Identifier | None = None
    chair_id: Identifier
    recorder_id: Identifier
    member_ids: tuple[Identifier, ...]
    request_ids: tuple[Identifier, ...]


class MeetingOpened(MeetingFact):
    TYPE: ClassVar[str] = "guanjia.meeting.opened.v1"
    opened_by: Identifier
    present_ids: tuple[Identifier, ...]


class MeetingCancelled(MeetingFact):
    TYPE: ClassVar[str] = "guanjia.meeting.cancelled.v1"
    cancelled_by: Identifier


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
    MeetingClosed,
)
