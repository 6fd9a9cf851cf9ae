"""The two clocks of a case: of the state it is in, and of the whole, which is never begun anew."""

from datetime import date, datetime
from typing import Literal

from shared.calendar import find_day
from shared.contracts.events import ApprovalLevel, CaseStage, ClockName, PauseReason
from shared.contracts.values import Identifier, Value
from shared.messaging.decision import Due

EVENTS_MAX = 60
"""Of one case's clocks: what is older is forgotten first."""

ClockStep = Literal["started", "reminded", "overdue", "escalated", "paused", "resumed", "stopped"]


class ClockEvent(Value):
    """What happened to the clocks. level: whom it was escalated to; by: who paused or resumed."""

    at: datetime
    step: ClockStep
    stage: CaseStage | None = None
    clock: ClockName = "stage"
    level: ApprovalLevel | None = None
    reason: PauseReason | None = None
    by: str = ""


class Pause(Value):
    """until: the clocks go on by themselves then, in China's morning."""

    reason: PauseReason
    by: str
    at: datetime
    until: datetime


class Period(Value):
    """One clock. ends_at: the midnight that ends its last day. warned: how far warnings have come:
    0 none, 1 reminded, 2 overdue, and one more for each level it was escalated to."""

    since: datetime
    ends_at: datetime
    warned: int = 0

    @property
    def due_on(self) -> date:
        """The last day on which it is in time."""
        return find_last_day(self.ends_at)


class CaseClock(Value):
    """stage: None of what is over. ends_at: of the earlier of both, by which lists are sorted
    (while it is paused: as it will be then); None of what is over. paused_days: working days of
    all pauses that ended. apologised_at: when the person was last told that it takes longer.
    """

    stage: CaseStage | None
    period: Period
    whole: Period
    ends_at: datetime | None = None
    pause: Pause | None = None
    paused_days: int = 0
    apologised_at: datetime | None = None
    stopped_at: datetime | None = None
    events: tuple[ClockEvent, ...] = ()

    def with_event(self, event: ClockEvent) -> "CaseClock":
        return self.model_copy(update={"events": (*self.events, event)[-EVENTS_MAX:]})


def find_last_day(ends_at: datetime) -> date:
    """Of a period that ends at that midnight."""
    return date.fromordinal(find_day(ends_at).toordinal() - 1)


# --- commands ---


class CaseDue(Due):
    """The next warning of a case, or the end of its pause, is due."""


class StartClock(Value):
    """A case of before cases had clocks."""

    request_id: Identifier


class PauseCase(Value):
    """area: the code prefix that who pauses works in; levels: those he approves at. until: the day
    on which it goes on."""

    request_id: Identifier
    area: str = ""
    levels: tuple[ApprovalLevel, ...] = ()
    by: str
    reason: PauseReason
    until: date


class ResumeCase(Value):
    """area, levels: as in `PauseCase`."""

    request_id: Identifier
    area: str = ""
    levels: tuple[ApprovalLevel, ...] = ()
    by: str
