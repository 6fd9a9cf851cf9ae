"""When a notice may go: quiet hours, the next morning, and what waits for nobody.

Hours are China's. docs/decisions/0190.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import sha256

from services.notify.rules import Rules
from shared.contracts.values import CHINA

MORNING = time(8)
"""Where there are no quiet hours to end."""
REMINDED_AT = time(10)


@cache
def parse_hours(text: str) -> tuple[time, time] | None:
    """21:00-08:00: from when until when; empty, or from one moment to the same one: never."""
    if not text:
        return None
    begins, ends = (time.fromisoformat(part) for part in text.split("-"))
    return None if begins == ends else (begins, ends)


def find_quiet_end(at: datetime, hours: str) -> datetime | None:
    """When the quiet hours that hold this moment end; None outside them."""
    quiet = parse_hours(hours)
    if quiet is None:
        return None
    begins, ends = quiet
    here = at.astimezone(CHINA)
    clock = here.time()
    if begins < ends:
        is_quiet, is_tomorrow = begins <= clock < ends, False
    else:
        is_quiet, is_tomorrow = clock >= begins or clock < ends, clock >= begins
    if not is_quiet:
        return None
    return datetime.combine(here.date() + timedelta(days=is_tomorrow), ends, CHINA)


def find_sending_time(at: datetime, person_id: str, rules: Rules) -> datetime:
    """At once, or in the morning; then not all in the same second, but one person's together."""
    ends_at = find_quiet_end(at, rules.quiet_hours)
    return at if ends_at is None else ends_at + _spread(person_id, rules)


def find_next_morning(at: datetime, person_id: str, rules: Rules) -> datetime:
    """Of the next day."""
    return begin_next_morning(at, rules) + _spread(person_id, rules)


def begin_next_morning(at: datetime, rules: Rules) -> datetime:
    """The first moment of it."""
    quiet = parse_hours(rules.quiet_hours)
    tomorrow = at.astimezone(CHINA).date() + timedelta(days=1)
    return datetime.combine(tomorrow, quiet[1] if quiet else MORNING, CHINA)


def begin_next_day(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


def format_iso_day(at: datetime) -> str:
    return at.astimezone(CHINA).date().isoformat()


def find_day_before(day: str) -> datetime:
    """In the forenoon of the day before. day: 2026-08-20."""
    eve = date.fromisoformat(day) - timedelta(days=1)
    return datetime.combine(eve, REMINDED_AT, CHINA)


def _spread(person_id: str, rules: Rules) -> timedelta:
    """The same for one person every day."""
    number = int.from_bytes(sha256(person_id.encode()).digest()[:4])
    return timedelta(seconds=number % (int(rules.quiet_spread_s) + 1))
