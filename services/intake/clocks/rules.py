"""What a case waits for, how long it may take, and when which warning is due. No state changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from services.intake.model import Request, RequestState
from services.intake.model.clock import CaseClock, ClockStep, Pause, Period
from shared.calendar import (
    add_working_days,
    count_working_days,
    find_day,
    find_end,
    find_opening,
)
from shared.contracts.events import ApprovalLevel, CaseStage
from shared.contracts.values import TIERS


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Working days. periods: by what it waits for; case_days: for the whole.

    urgent_tier: the classes of these tiers have urgent_percent of the periods, a day at least;
    emergency_percent: what is hastened by an emergency.
    reminder_days: before a period ends; escalation_days: between being overdue and each level.
    """

    periods: Mapping[CaseStage, int]
    case_days: int
    urgent_tier: int
    urgent_percent: int
    emergency_percent: int
    reminder_days: int
    escalation_days: int
    pause_days_max: int

    def find_days(self, stage: CaseStage, request: Request) -> int:
        """Where words name danger, somebody decides today: it stands first on the desk."""
        if request.danger and stage in ("recorded", "meeting"):
            return 0
        return self._shorten(self.periods[stage], request)

    def find_case_days(self, request: Request) -> int:
        return self._shorten(self.case_days, request)

    def _shorten(self, days: int, request: Request) -> int:
        is_urgent = TIERS[request.beneficiary_class] <= self.urgent_tier
        percent = min(
            self.urgent_percent if is_urgent else 100,
            self.emergency_percent if request.emergency_ids else 100,
        )
        return max(1, -(-days * percent // 100))


@dataclass(frozen=True, slots=True)
class ClockWarning:
    """rank: as `Period.warned` counts it. level: whom it is escalated to, or whose it is."""

    step: ClockStep
    rank: int
    at: datetime
    level: ApprovalLevel | None


def find_stage(request: Request) -> CaseStage | None:
    """What it waits for, by the part that is behind the others; None when it is over."""
    if request.state is RequestState.RECORDED and "meeting_due" in request.waits_for:
        return "meeting"
    if request.state is not RequestState.OPEN:
        return _STAGES.get(request.state)
    if request.committed_quantity < request.need.quantity:
        return "open"
    stages = {portion.stage for portion in request.matches.values()}
    return "committed" if "committed" in stages else "delivered"


WHOLE_OWNER: ApprovalLevel = "town"
"""Whose the whole case is, whatever it waits for."""
_STAGES: Mapping[RequestState, CaseStage] = {
    RequestState.RECORDED: "recorded",
    RequestState.RETURNED: "returned",
    RequestState.REFERRED: "referred",
    RequestState.BUDGETED: "budget",
}
_OWNERS: Mapping[CaseStage, ApprovalLevel | None] = {
    "returned": None,
    "meeting": "city",
    "referred": "town",
    "open": "town",
    "committed": None,
    "delivered": None,
    "budget": "town",
}


def find_owner(request: Request, stage: CaseStage) -> ApprovalLevel | None:
    """At which level somebody has to act; None: who works on it in the town."""
    return request.approval_level or "town" if stage == "recorded" else _OWNERS[stage]


def start_period(days: int, at: datetime) -> Period:
    """The day on which it begins does not count."""
    return Period(since=at, ends_at=find_end(add_working_days(find_day(at), days)))


def prolong(period: Period, days: int) -> Period:
    """By so many working days."""
    if days == 0:
        return period
    return period.model_copy(update={"ends_at": find_end(add_working_days(period.due_on, days))})


def list_warnings(
    rules: ClockRules, period: Period, owner: ApprovalLevel | None
) -> Iterator[ClockWarning]:
    """All of a period, in the order of time; none goes to where nobody is above."""
    days = (rules.reminder_days, rules.escalation_days)
    reminder, *others = _schedule_warnings(period.due_on, *days, owner)
    if reminder.at > period.since:
        yield reminder
    yield from others


@lru_cache(maxsize=4096)
def _schedule_warnings(
    due_on: date, reminder_days: int, escalation_days: int, owner: ApprovalLevel | None
) -> tuple[ClockWarning, ...]:
    """Of all cases that are due on that day; the reminder may be for a time that is over."""
    escalations = (
        ClockWarning(
            "escalated",
            2 + rank,
            find_opening(add_working_days(due_on, 1 + rank * escalation_days)),
            level,
        )
        for rank, level in enumerate(list_levels_above(owner), 1)
    )
    return (
        ClockWarning("reminded", 1, find_opening(add_working_days(due_on, -reminder_days)), owner),
        ClockWarning("overdue", 2, find_opening(add_working_days(due_on, 1)), owner),
        *escalations,
    )


def list_levels_above(owner: ApprovalLevel | None) -> tuple[ApprovalLevel, ...]:
    """A village, and who works on cases, answer to the town; the town to the city."""
    match owner:
        case "city":
            return ()
        case "town":
            return ("city",)
        case _:
            return ("town", "city")


def find_next_warning_at(
    rules: ClockRules, clock: CaseClock, owner: ApprovalLevel | None
) -> datetime | None:
    """When the next warning of either clock is due; None when all were given."""
    open_ = (*list_open(rules, clock.period, owner), *list_open(rules, clock.whole, WHOLE_OWNER))
    return min((warning.at for warning in open_), default=None)


def list_open(rules: ClockRules, period: Period, owner: ApprovalLevel | None) -> list[ClockWarning]:
    """Those that were not given yet."""
    return [each for each in list_warnings(rules, period, owner) if each.rank > period.warned]


def count_paused(pause: Pause, now: datetime) -> int:
    """Working days by which the pause prolongs what it held up."""
    return count_working_days(find_day(pause.at), find_day(now))


def count_left(period: Period, now: datetime) -> int:
    """Working days until its last day: 0 on it; negative when it is over by that many."""
    return count_working_days(find_day(now), period.due_on)


def is_over(period: Period, now: datetime) -> bool:
    return now >= period.ends_at
