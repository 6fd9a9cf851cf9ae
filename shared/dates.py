"""Dates and times as people read them, in both languages; in China's time."""

from datetime import date, datetime
from typing import Literal

from shared.contracts.values import CHINA

Language = Literal["zh", "en"]

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
"""Whatever language the machine has."""


def format_moment(language: Language, at: datetime) -> str:
    """2026年12月1日 10:30, 1 December 2026, 10:30; in China's time."""
    comma = ", " if language == "en" else " "
    return f"{format_day(language, at)}{comma}{at.astimezone(CHINA):%H:%M}"


def name_moment(at: datetime) -> tuple[str, str]:
    """Chinese and English."""
    return format_moment("zh", at), format_moment("en", at)


def format_day(language: Language, at: datetime | date | str) -> str:
    """2026年12月1日, 1 December 2026; of a moment, China's day. at: a text is 2026-12-01."""
    day = _find_day(at)
    if language == "en":
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


def name_day(at: datetime | date | str) -> tuple[str, str]:
    """Chinese and English."""
    return format_day("zh", at), format_day("en", at)


def _find_day(at: datetime | date | str) -> date:
    if isinstance(at, datetime):
        return at.astimezone(CHINA).date()
    return date.fromisoformat(at) if isinstance(at, str) else at


def format_month(language: Language, month: str) -> str:
    """month: 2026-11. 2026年11月, November 2026."""
    year, number = map(int, month.split("-"))
    return f"{MONTHS[number - 1]} {year}" if language == "en" else f"{year}年{number}月"


def format_clock(language: Language, at: datetime) -> str:
    """1月20日 16:00, 20 Jan 16:00; in China's time."""
    local = at.astimezone(CHINA)
    if language == "en":
        return f"{local.day} {MONTHS[local.month - 1][:3]} {local:%H:%M}"
    return f"{local.month}月{local.day}日 {local:%H:%M}"
