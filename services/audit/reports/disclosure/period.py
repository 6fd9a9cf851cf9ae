"""Periods by the calendar in China, and campaigns and projects with dates.

The log does not know campaigns: they come from a file.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

_FORM = re.compile(r"(?P<year>20\d\d)(Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")


class PeriodError(ValueError):
    """Not a period; the text says how to write one."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`."""

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2026`, `2026Q1` or `2026-01`. PeriodError otherwise."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise PeriodError(f"期间写作 2026、2026Q1 或 2026-01; not a period: {text}")
        year, quarter, month = (int(match[name] or 0) for name in ("year", "quarter", "month"))
        first = month or (quarter * 3 - 2 if quarter else 1)
        start = date(year, first, 1)
        return cls(text, start, months_after(start, 1 if month else 3 if quarter else 12))

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Campaign(BaseModel):
    """募捐活动 or 慈善项目. end: its last day, if that is set. funds: where its money is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    start: date
    end: date | None = None
    funds: tuple[str, ...] = ()
    kind: Literal["campaign", "project"] = "campaign"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise PydanticCustomError("ends_before_start", "it ends before it starts")
        return self


_LIST = TypeAdapter(list[Campaign])


def read_campaigns(file: Path) -> list[Campaign]:
    """A JSON list of campaigns; pydantic's ValidationError says what is wrong where."""
    return _LIST.validate_json(file.read_bytes())
