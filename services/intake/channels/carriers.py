"""What receipts and replies of both SMS providers have in common, and how their fields are read.

Neither provider signs, so whoever may call is decided before this module is reached.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeVar

from services.intake.channels.messages import (
    BODY_NOT_JSON,
    FIELD_MISSING,
    PHONE_UNREADABLE,
    RECEIPT_NOT_OBJECT,
    RECEIPTS_NOT_ARRAY,
    RECEIPTS_TOO_MANY,
    TIME_WRONG,
)
from shared.contracts.values import CHINA
from shared.documents import Json
from shared.errors import Invalid, Problem
from shared.phones import parse_phone

T = TypeVar("T")
_CODE = re.compile(r"[^A-Za-z0-9_.:-]")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{5,15}")
# What the carrier says is a mobile number is one, also in ranges that are not given out yet.
_MAINLAND = re.compile(r"86(1[0-9]{10})")


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """What became of one SMS.

    phone: in E.164, empty where it cannot be read; it goes no further than intake. at: when the
    phone got it; None where the carrier does not say. notice_id: what we gave the provider with the
    message, where it gives that back.
    """

    provider_message_id: str
    outcome: Literal["delivered", "failed"]
    code: str
    at: datetime | None
    phone: str = field(default="", repr=False)
    notice_id: str = ""


@dataclass(frozen=True, slots=True)
class Receipts:
    """One push. One receipt that cannot be read does not hold back the other 99."""

    readable: tuple[SmsReceipt, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SmsReply:
    """A text that a person sent. phone: in E.164; of who is no phone, such as a service of the
    carrier, as it came (is_phone). at: None where the time is none. id: the provider's, if any."""

    phone: str = field(repr=False)
    is_phone: bool
    text: str = field(repr=False)
    at: datetime | None
    extend: str
    id: str = ""


def parse_array(body: bytes, items_max: int) -> list[Json]:
    """Raises Invalid."""
    items = parse_json(body)
    if not isinstance(items, list):
        raise RECEIPTS_NOT_ARRAY.invalid()
    if len(items) > items_max:
        raise RECEIPTS_TOO_MANY.invalid(most=items_max)
    return items


def parse_each(
    body: bytes, items_max: int, parse: Callable[[Json, str], T]
) -> tuple[tuple[T, ...], tuple[Problem, ...]]:
    """Those that can be read, and what is wrong with the others. parse: takes an item and where it
    stands. Raises Invalid when the body is no array at all."""
    readable: list[T] = []
    problems: list[Problem] = []
    for index, item in enumerate(parse_array(body, items_max)):
        try:
            readable.append(parse(item, f"{index}"))
        except Invalid as error:
            problems.extend(error.problems)
    return tuple(readable), tuple(problems)


def parse_json(body: bytes) -> Json:
    """Raises Invalid."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BODY_NOT_JSON.invalid() from None


def read_text(item: Json, name: str, where: str = "", default: str | None = None) -> str:
    """A field as text; numbers are taken too, for carriers mix both. Empty means absent."""
    path = f"{where}.{name}" if where else name
    if not isinstance(item, dict):
        raise RECEIPT_NOT_OBJECT.invalid(where)
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value and _is_storable(value):
        return value
    if default is None or value not in (None, ""):
        raise FIELD_MISSING.invalid(path)
    return default


def find_text(item: Json, name: str, default: str = "") -> str:
    """Of what is beside a receipt's id and status: of a shape nobody knows, it counts as absent."""
    with suppress(Invalid):
        return read_text(item, name, default=default)
    return default


def find_code(item: Json, name: str) -> str:
    return _CODE.sub("_", find_text(item, name))[:64]


def find_china_time(item: Json, name: str) -> datetime | None:
    """None for what is no time: the receipt counts all the same."""
    with suppress(Invalid):
        return parse_china_time(find_text(item, name), name)
    return None


def clean_text(value: object) -> str:
    """Without what no database stores."""
    return _HALF_PAIR.sub("", "" if value is None else str(value)).replace("\x00", "")


def _is_storable(value: str) -> bool:
    """JSON can carry a NUL and half a surrogate pair; no database can."""
    return "\x00" not in value and not _HALF_PAIR.search(value)


def parse_china_time(text: str, field_name: str) -> datetime | None:
    """Raises Invalid; None for an empty text."""
    if not text:
        return None
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TIME_WRONG.invalid(field_name) from None


def parse_sender(nation: str, mobile: str, field_name: str = "mobile") -> tuple[str, bool]:
    """(number, whether it is a phone's). It comes with the country code or without it, with a plus
    or without. Raises Invalid."""
    digits, nation = mobile.strip().lstrip("+"), nation.strip().lstrip("+0") or "86"
    for number in dict.fromkeys((f"+{nation}{digits}", f"+{digits}", mobile)):
        with suppress(Invalid):
            return parse_phone(number), True
    if mobile_match := _MAINLAND.fullmatch(f"{nation}{digits}") or _MAINLAND.fullmatch(digits):
        return f"+86{mobile_match[1]}", True
    if not _DIGITS.fullmatch(digits):
        raise PHONE_UNREADABLE.invalid(field_name)
    return digits, False


def find_phone(item: Json, nation: str, name: str) -> str:
    """Of a receipt; empty where it cannot be read, for the receipt counts all the same."""
    with suppress(Invalid):
        phone, is_phone = parse_sender(nation, read_text(item, name, default=""), name)
        return phone if is_phone else ""
    return ""
