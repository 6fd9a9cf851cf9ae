"""Moments: as people write them, and as the database keeps them (whole milliseconds, cut)."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel

from shared.contracts.values import CHINA
from shared.messages import MOMENT_WRONG
from shared.text import fold_text

M = TypeVar("M", bound=BaseModel)

_TIMELESS = (str, int, float, bytes, NoneType)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
YEAR_MIN, YEAR_MAX = 1900, 8999
_MOMENT = re.compile(
    r"(?P<year>[0-9]{4})(?:-|/|\.|年)(?P<month>[0-9]{1,2})(?:-|/|\.|月)(?P<day>[0-9]{1,2})日?"
    r"(?P<clock>[ T]*(?P<half>上午|下午)?[ ]*(?P<hour>[0-9]{1,2})[:时](?P<minute>[0-9]{2})"
    r"(?:[:分](?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?[分秒]?"
    r"(?: ?(?P<noon>AM|PM))?)?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
)

# Some banks write the day without marks before its time; alone it is a bare number, and none.
_COMPACT_DAY = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})(?= +[0-9]{1,2}:)")


def parse_moment(text: str, field: str = "") -> datetime:
    """A date, perhaps with its time; China's where no zone is named, a date its midnight.

    A bare number, such as 20271201 or a spreadsheet's 46722, is none. Raises Invalid.
    """
    return _parse(text, field)[0]


def parse_end(text: str, field: str = "") -> datetime:
    """Of what ends then: a date is meant to its end. Raises Invalid."""
    moment, is_date = _parse(text, field)
    return moment + timedelta(days=1) if is_date else moment


def _parse(text: str, field: str) -> tuple[datetime, bool]:
    match = _MOMENT.fullmatch(_COMPACT_DAY.sub(r"\1-\2-\3", fold_text(text)))
    if match is None or (match["zone"] and not match["clock"]):
        raise MOMENT_WRONG.invalid(field)
    iso = f"{match['year']}-{match['month']:0>2}-{match['day']:0>2}"
    if match["clock"]:
        fraction = (match["fraction"] or "").ljust(6, "0")[:6]
        second = match["second"] or "00"
        iso += f"T{_read_hour(match, field):02}:{match['minute']}:{second}.{fraction}"
        iso += (match["zone"] or "").upper()
    try:
        moment = datetime.fromisoformat(iso)
        if not YEAR_MIN <= moment.year <= YEAR_MAX:
            raise ValueError
    except ValueError:
        raise MOMENT_WRONG.invalid(field) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA), not match["clock"]


def _read_hour(match: re.Match[str], field: str) -> int:
    """下午2 and 2 PM are 14. Of 上午12 nobody knows whether it is noon. Raises Invalid."""
    hour, half, noon = int(match["hour"]), match["half"], (match["noon"] or "").upper()
    if not half and not noon:
        return hour
    if (half and noon) or hour > 12 or hour == 0 or (half == "上午" and hour == 12):
        raise MOMENT_WRONG.invalid(field)
    return hour % 12 + (12 if half == "下午" or noon == "PM" else 0)


def as_stored(moment: datetime) -> datetime:
    """What is compared for equality, or told to somebody who will."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def cut_moments(model: M, names: Iterable[str] | None = None) -> M:
    """With its moments as the database will give them: in UTC, to the millisecond. The same object
    where they are so already. names: of the fields in which others may be."""
    timed, values = _list_timed_fields(type(model)), model.__dict__
    changes = {
        name: new
        for name in (timed if names is None else timed.intersection(names))
        if (new := _cut(values[name])) is not values[name]
    }
    return model.model_copy(update=changes) if changes else model


def _cut(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return _cut_moment(value)
    if isinstance(value, BaseModel):
        return cut_moments(value)
    if isinstance(value, tuple | list):
        cut = [_cut(each) for each in value]
        return value if _is_same(cut, value) else type(value)(cut)
    if isinstance(value, Mapping):
        values = [_cut(each) for each in value.values()]
        return value if _is_same(values, value.values()) else dict(zip(value, values, strict=True))
    return value


def _cut_moment(moment: datetime) -> datetime:
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return as_stored(moment) if moment.microsecond % 1000 else moment


def _is_same(new: Iterable[object], old: Iterable[object]) -> bool:
    return all(a is b for a, b in zip(new, old, strict=True))


@cache
def _list_timed_fields(kind: type[BaseModel]) -> frozenset[str]:
    """Those in which there may be a moment."""
    fields = kind.model_fields.items()
    return frozenset(name for name, field in fields if _may_hold_moment(field.annotation, {kind}))


def _may_hold_moment(annotation: Any, within: set[Any]) -> bool:
    """Yes where it is not known: pydantic has types of its own that are moments."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _may_hold_moment(parts[0], within)
    if parts:
        return origin is not Literal and any(
            _may_hold_moment(part, within) for part in parts if part is not Ellipsis
        )
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in within:
            return False
        fields = annotation.model_fields.values()
        return any(_may_hold_moment(f.annotation, within | {annotation}) for f in fields)
    return not (isinstance(annotation, type) and issubclass(annotation, _TIMELESS))


def count_milliseconds(moment: datetime) -> int:
    """Since 1970; never through a binary float."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(number: int) -> datetime:
    """Raises OverflowError beyond the calendar."""
    return _EPOCH + number * _MILLISECOND
