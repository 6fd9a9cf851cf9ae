"""Working days are China's; long holidays do not count: who is at home is not silent."""

from datetime import date, datetime, timedelta

import pytest

from shared.calendar import (
    add_counted_time,
    add_working_days,
    count_working_days,
    find_unknown_years,
    is_long_holiday,
    is_working_day,
)
from shared.contracts.values import CHINA

DAY_S = 24 * 3600.0


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        # Spring Festival of 2026 was from the 15th to the 23rd of February.
        ("2026-02-13T10:00", 3, "2026-02-25T10:00"),
        ("2026-02-18T10:00", 3, "2026-02-27T00:00"),
        # National Day: the first to the seventh of October.
        ("2026-09-30T12:00", 1, "2026-10-08T12:00"),
        # An ordinary weekend counts, and so do working days.
        ("2026-11-27T09:00", 3, "2026-11-30T09:00"),
    ],
)
def test_time_to_answer_does_not_run_over_long_holidays(start: str, days: int, end: str) -> None:
    assert add_counted_time(moment(start), days * DAY_S) == moment(end)


def test_three_days_off_in_a_row_are_long_and_a_weekend_is_not() -> None:
    assert is_long_holiday(date(2026, 2, 15))
    assert not is_long_holiday(date(2026, 11, 28))


def test_year_that_is_not_known_is_named_and_counts_every_day() -> None:
    start = moment("2035-10-01T10:00")
    assert add_counted_time(start, 3 * DAY_S) == start + timedelta(days=3)
    assert find_unknown_years(start, start + timedelta(days=3)) == [2035]
    assert find_unknown_years(moment("2026-12-30T00:00"), moment("2035-01-01T00:00"))[-1] == 2035
    assert find_unknown_years(moment("2026-01-01T00:00"), moment("2026-03-01T00:00")) == []


@pytest.mark.parametrize(
    ("day", "days", "end"),
    [
        ("2026-11-27", 1, "2026-11-30"),
        ("2026-11-29", 0, "2026-11-30"),
        ("2026-11-30", -1, "2026-11-27"),
        # Spring Festival of 2026: off from the 15th to the 23rd; the 14th and 28th are worked.
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-02-27", 1, "2026-02-28"),
    ],
)
def test_weekends_that_are_worked_count_and_holidays_do_not(day: str, days: int, end: str) -> None:
    first, last = date.fromisoformat(day), date.fromisoformat(end)
    assert add_working_days(first, days) == last
    if days > 0:
        assert count_working_days(first, last) == days
        assert count_working_days(last, first) == -days


def test_of_a_year_that_is_not_announced_monday_to_friday_are_worked() -> None:
    monday = date(2035, 10, 1)
    assert is_working_day(monday)
    assert not is_working_day(date(2035, 10, 6))
    assert add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 1)
