"""China's long holidays, when nobody is expected to answer: three or more days off in a row.

The State Council announces a year's at the end of the year before; the package of that year knows
them. Of a year it does not know every day counts, and whoever asks says so (`find_unknown_years`).
"""

from datetime import date, datetime, timedelta
from functools import cache

import chinese_calendar  # type: ignore[import-untyped]

from shared.contracts.values import CHINA

LONG_MIN = 3  # days; a weekend is two
_DAY = timedelta(days=1)


def add_counted_time(start: datetime, seconds: float) -> datetime:
    """So long after the start, long holidays not counted."""
    at, remaining = start.astimezone(CHINA), timedelta(seconds=seconds)
    while True:
        midnight = datetime.combine(at.date() + _DAY, datetime.min.time(), CHINA)
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
    first, last = start.astimezone(CHINA).year, end.astimezone(CHINA).year
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
