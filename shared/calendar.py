"""China's calendar: working days, and long holidays when nobody is expected to answer.

The State Council announces a year's days off at the end of the year before; the package of that
year knows them, and which weekends are worked for them. Of a year it does not know Monday to Friday
are working days and no holiday is long, and whoever counts says so (`find_unknown_years`).
"""

from datetime import date, datetime, time, timedelta
from functools import cache

import chinese_calendar  # type: ignore[import-untyped]

from shared.contracts.values import CHINA

LONG_MIN = 3  # days; a weekend is two
OFFICES_OPEN = time(8, 30)
_DAY = timedelta(days=1)
_SATURDAY = 5


# --- working days ---------------------------------------------------------------------------------


@cache
def is_working_day(day: date) -> bool:
    if not _is_known(day.year):
        return day.weekday() < _SATURDAY
    return bool(chinese_calendar.is_workday(day))


@cache
def add_working_days(day: date, count: int) -> date:
    """The working day that is so many after this one, or before it; 0: itself, or the next."""
    step = -_DAY if count < 0 else _DAY
    if count == 0:
        while not is_working_day(day):
            day += _DAY
        return day
    for _ in range(abs(count)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def count_working_days(after: date, until: date) -> int:
    """Those behind the one day, up to and with the other; negative where that is earlier."""
    if until < after:
        return -count_working_days(until, after)
    days = (until - after).days
    return sum(is_working_day(after + timedelta(days=number)) for number in range(1, days + 1))


def find_day(moment: datetime) -> date:
    """The day in China."""
    return moment.astimezone(CHINA).date()


def find_opening(day: date) -> datetime:
    """When offices begin to work on that day."""
    return datetime.combine(day, OFFICES_OPEN, CHINA)


def find_end(day: date) -> datetime:
    """The midnight that ends it in China."""
    return datetime.combine(day + _DAY, time.min, CHINA)


# --- long holidays --------------------------------------------------------------------------------


def add_counted_time(start: datetime, seconds: float) -> datetime:
    """So long after the start, long holidays not counted."""
    at, remaining = start.astimezone(CHINA), timedelta(seconds=seconds)
    while True:
        midnight = find_end(at.date())
        if not is_long_holiday(at.date()):
            if remaining <= midnight - at:
                return (at + remaining).astimezone(start.tzinfo)
            remaining -= midnight - at
        at = midnight


@cache
def is_long_holiday(day: date) -> bool:
    if not _is_off(day):
        return False
    return 1 + _count_off(day, -_DAY) + _count_off(day, _DAY) >= LONG_MIN


def find_unknown_years(start: datetime, end: datetime) -> list[int]:
    """Those between them of which no holiday is known."""
    first, last = find_day(start).year, find_day(end).year
    return [year for year in range(first, last + 1) if not _is_known(year)]


def _count_off(day: date, step: timedelta) -> int:
    """Days off in a row beside this one."""
    count = 0
    while _is_off(day + step):
        day += step
        count += 1
    return count


def _is_off(day: date) -> bool:
    return _is_known(day.year) and bool(chinese_calendar.is_holiday(day))


@cache
def _is_known(year: int) -> bool:
    try:
        chinese_calendar.is_holiday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
