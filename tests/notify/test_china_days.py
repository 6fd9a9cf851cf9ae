"""Days, months, nights and dates of notices are China's, whatever the server's clock is set to.

K11: what is one day there is two in UTC, each day between 00:00 and 08:00.
"""

from datetime import UTC, date, datetime

import pytest

from services.notify.rules import Rules
from services.notify.searches import Search, build_query
from services.notify.spending import find_month
from services.notify.timing import (
    find_day_before,
    find_next_morning,
    find_quiet_end,
    format_iso_day,
)
from services.notify.wording import format_day, format_hour, format_moment
from shared.contracts.values import CHINA
from shared.scope import Scope
from tests.notify.decisions import make_rules

HOURS = "21:00-08:00"
AT_ONCE = ""


def read_utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("utc", "day", "month", "words", "quiet_until"),
    [
        ("2026-05-20 00:00:00", "2026-05-20", "2026-05", "5月20日", AT_ONCE),
        ("2026-05-20 12:59:59", "2026-05-20", "2026-05", "5月20日", AT_ONCE),
        ("2026-05-20 13:00:00", "2026-05-20", "2026-05", "5月20日", "2026-05-21 00:00"),
        ("2026-05-20 15:59:59", "2026-05-20", "2026-05", "5月20日", "2026-05-21 00:00"),
        ("2026-05-20 16:00:00", "2026-05-21", "2026-05", "5月21日", "2026-05-21 00:00"),
        ("2026-05-20 23:59:59", "2026-05-21", "2026-05", "5月21日", "2026-05-21 00:00"),
        ("2026-05-21 00:00:00", "2026-05-21", "2026-05", "5月21日", AT_ONCE),
        # The last and the first of a month, of a year, of a leap February.
        ("2026-05-31 15:59:59", "2026-05-31", "2026-05", "5月31日", "2026-06-01 00:00"),
        ("2026-05-31 16:00:00", "2026-06-01", "2026-06", "6月1日", "2026-06-01 00:00"),
        ("2026-12-31 15:59:59", "2026-12-31", "2026-12", "12月31日", "2027-01-01 00:00"),
        ("2026-12-31 16:00:00", "2027-01-01", "2027-01", "1月1日", "2027-01-01 00:00"),
        ("2028-02-28 16:00:00", "2028-02-29", "2028-02", "2月29日", "2028-02-29 00:00"),
        ("2028-02-29 16:00:00", "2028-03-01", "2028-03", "3月1日", "2028-03-01 00:00"),
        # China has no summer time: the days on which others change their clocks are as any.
        ("2026-03-29 01:00:00", "2026-03-29", "2026-03", "3月29日", AT_ONCE),
        ("2026-10-25 16:30:00", "2026-10-26", "2026-10", "10月26日", "2026-10-26 00:00"),
    ],
)
def test_a_moment_is_of_chinas_day_month_and_night(
    utc: str, day: str, month: str, words: str, quiet_until: str
) -> None:
    at = read_utc(utc)
    assert format_iso_day(at) == day
    assert find_month(at) == month
    assert format_day(at) == words
    ends_at = find_quiet_end(at, HOURS)
    assert ends_at == (read_utc(quiet_until) if quiet_until else None)


@pytest.mark.parametrize(
    ("utc", "words"),
    [
        ("2026-08-20 04:00:00", "2026年8月20日 12:00"),
        ("2026-08-20 16:00:00", "2026年8月21日 00:00"),
        ("2026-08-20 15:59:00", "2026年8月20日 23:59"),
        ("2026-12-31 16:05:00", "2027年1月1日 00:05"),
        ("2026-02-28 20:00:00", "2026年3月1日 04:00"),
    ],
)
def test_a_moment_on_wechat_is_chinas_clock(utc: str, words: str) -> None:
    assert format_moment(read_utc(utc)) == words


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2026-08-20", "2026-08-19 02:00"),
        ("2026-09-01", "2026-08-31 02:00"),
        ("2027-01-01", "2026-12-31 02:00"),
        ("2028-03-01", "2028-02-29 02:00"),
        ("2027-03-01", "2027-02-28 02:00"),
    ],
)
def test_the_eves_reminder_comes_at_ten_in_china(day: str, utc: str) -> None:
    assert find_day_before(day) == read_utc(utc)


@pytest.mark.parametrize(
    ("day", "begins", "ends"),
    [
        ("2026-05-20", "2026-05-19 16:00", "2026-05-20 16:00"),
        ("2026-03-01", "2026-02-28 16:00", "2026-03-01 16:00"),
        ("2027-01-01", "2026-12-31 16:00", "2027-01-01 16:00"),
        ("2028-02-29", "2028-02-28 16:00", "2028-02-29 16:00"),
    ],
)
def test_who_searches_a_day_finds_chinas(day: str, begins: str, ends: str) -> None:
    search = Search(day=date.fromisoformat(day))
    query = build_query(search, Scope(), read_utc("2026-06-01 00:00"))
    created = {"$gte": read_utc(begins), "$lt": read_utc(ends)}
    assert query["$and"][0]["created_at"] == created  # type: ignore[index]


@pytest.mark.parametrize(
    ("utc", "morning"),
    [
        ("2026-05-20 00:30:00", "2026-05-21"),
        ("2026-05-20 15:30:00", "2026-05-21"),
        ("2026-05-20 16:30:00", "2026-05-22"),
        ("2026-12-31 16:30:00", "2027-01-02"),
        ("2026-12-31 12:30:00", "2027-01-01"),
    ],
)
def test_what_is_too_much_for_a_day_comes_on_chinas_next(utc: str, morning: str) -> None:
    rules: Rules = make_rules()
    comes_at = find_next_morning(read_utc(utc), "P-1", rules)
    assert comes_at.astimezone(CHINA).date().isoformat() == morning
    assert find_quiet_end(comes_at, rules.quiet_hours) is None


def test_until_when_is_said_to_the_hour_in_six_characters() -> None:
    assert format_hour(read_utc("2026-11-30 11:46:00")) == "30日19时"
    assert format_hour(read_utc("2026-11-30 16:00:00")) == "1日0时"
