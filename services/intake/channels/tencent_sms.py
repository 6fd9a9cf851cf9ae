"""Tencent Cloud SMS callbacks: delivery receipts and replies (上行短信).

Tencent signs neither, so whoever may call is decided before this module is reached.
Answer both with `ANSWER`; anything else makes Tencent push again, twice.
Source: https://cloud.tencent.com/document/product/382/59178 and /382/59179.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from services.intake.messages import (
    BODY_NOT_JSON,
    FIELD_MISSING,
    PHONE_UNREADABLE,
    RECEIPT_NOT_OBJECT,
    RECEIPTS_NOT_ARRAY,
    RECEIPTS_TOO_MANY,
    STATUS_UNKNOWN,
    TIME_WRONG,
)
from shared.contracts.values import CHINA
from shared.errors import Invalid, Problem
from shared.phones import parse_phone

ANSWER = {"result": 0, "errmsg": "OK"}
RECEIPTS_MAX = 100

_CODE = re.compile(r"[^A-Za-z0-9_.:-]")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{5,15}")
# What the carrier says is a mobile number is one, also in ranges that are not given out yet.
_MAINLAND = re.compile(r"86(1[0-9]{10})")


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """What became of one SMS. The phone number stays behind: the id is enough.

    at: when the phone got it; None where the carrier does not say.
    """

    provider_message_id: str
    outcome: Literal["delivered", "failed"]
    code: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Receipts:
    """One push. One receipt that cannot be read does not hold back the other 99."""

    readable: tuple[SmsReceipt, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SmsReply:
    """A text that a person sent. Tencent gives it no id. phone: in E.164; of who is no phone, such
    as a service of the carrier, as it came (is_phone). at: None where the time is none."""

    phone: str = field(repr=False)
    is_phone: bool
    text: str = field(repr=False)
    at: datetime | None
    extend: str


def parse_receipts(body: bytes) -> Receipts:
    """Raises Invalid when the body is no array of receipts at all."""
    items = _parse_json(body)
    if not isinstance(items, list):
        raise RECEIPTS_NOT_ARRAY.invalid()
    if len(items) > RECEIPTS_MAX:
        raise RECEIPTS_TOO_MANY.invalid(most=RECEIPTS_MAX)
    readable: list[SmsReceipt] = []
    problems: list[Problem] = []
    for index, item in enumerate(items):
        try:
            readable.append(_parse_receipt(item, f"{index}"))
        except Invalid as error:
            problems.extend(error.problems)
    return Receipts(tuple(readable), tuple(problems))


def parse_reply(body: bytes) -> SmsReply:
    """Whatever somebody wrote is kept: of what is beside the text nothing is refused."""
    item = _parse_json(body)
    phone, is_phone = _parse_sender(
        _read_text(item, "nationcode", default="86"), _read_text(item, "mobile")
    )
    return SmsReply(
        phone=phone,
        is_phone=is_phone,
        text=_clean(item.get("text")),
        at=_read_unix_time(item),
        extend=_clean(item.get("extend")),
    )


def _clean(value: object) -> str:
    """Without what no database stores."""
    return _HALF_PAIR.sub("", "" if value is None else str(value)).replace("\x00", "")


def _parse_receipt(item: Any, where: str) -> SmsReceipt:
    status = _read_text(item, "report_status", where)
    if status not in ("SUCCESS", "FAIL"):
        raise STATUS_UNKNOWN.invalid(f"{where}.report_status", success="SUCCESS", failure="FAIL")
    return SmsReceipt(
        provider_message_id=_read_text(item, "sid", where),
        outcome="delivered" if status == "SUCCESS" else "failed",
        code=_CODE.sub("_", _read_text(item, "errmsg", where, default=""))[:64],
        at=_parse_china_time(_read_text(item, "user_receive_time", where, default=""), where),
    )


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BODY_NOT_JSON.invalid() from None


def _read_text(item: Any, name: str, where: str = "", default: str | None = None) -> str:
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


def _is_storable(value: str) -> bool:
    """JSON can carry a NUL and half a surrogate pair; no database can."""
    return "\x00" not in value and not _HALF_PAIR.search(value)


def _parse_china_time(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise TIME_WRONG.invalid(f"{where}.user_receive_time") from None


def _read_unix_time(item: Any) -> datetime | None:
    """None for what is no time: somebody wrote all the same."""
    try:
        return datetime.fromtimestamp(int(str(item.get("time"))), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_sender(nation: str, mobile: str) -> tuple[str, bool]:
    """`mobile` comes with the country code or without it, with a plus or without."""
    digits, nation = mobile.strip().lstrip("+"), nation.strip().lstrip("+0") or "86"
    for number in dict.fromkeys((f"+{nation}{digits}", f"+{digits}", mobile)):
        with suppress(Invalid):
            return parse_phone(number), True
    if mobile_match := _MAINLAND.fullmatch(f"{nation}{digits}") or _MAINLAND.fullmatch(digits):
        return f"+86{mobile_match[1]}", True
    if not _DIGITS.fullmatch(digits):
        raise PHONE_UNREADABLE.invalid("mobile")
    return digits, False
