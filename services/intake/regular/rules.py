"""How often regular work is due, and when it is said that nobody was there."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.calendar import (
    add_working_days,
    find_day,
    find_end,
    find_opening,
)
from shared.contracts.events import WorkKind

WARNINGS_MAX = 2


@dataclass(frozen=True, slots=True)
class WorkRules:
    """patrol_days, contact_days: calendar days from one visit to the next. finding_days,
    escalation_days: working days to put right what was found, and until the town hears."""

    patrol_days: int
    contact_days: int
    finding_days: int
    escalation_days: int

    def find_days(self, kind: WorkKind) -> int:
        return self.contact_days if kind == "veteran" else self.patrol_days


def find_next_visit_at(last_on: date, every_days: int) -> datetime:
    """The end of the day by which somebody is to be there; of the next working day after a day
    off."""
    return find_end(add_working_days(last_on + timedelta(days=every_days), 0))


def find_due_at(rules: WorkRules, next_at: datetime, warned: int) -> datetime | None:
    """When it is said that it is late, next; None when all were told."""
    if warned >= WARNINGS_MAX:
        return None
    last_day = find_day(next_at) - timedelta(days=1)
    return find_opening(add_working_days(last_day, 1 + warned * rules.escalation_days))
