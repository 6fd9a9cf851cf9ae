"""Tencent Cloud SMS callbacks: delivery receipts and replies (上行短信).

Tencent signs neither, so whoever may call is decided before this module is reached.
Answer both with `ANSWER`; anything else makes Tencent push again, twice.
Source: https://cloud.tencent.com/document/product/382/59178 and /382/59179.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shared.contracts.values import CHINA
from shared.errors import Invalid, Problem

ANSWER = {"result": 0, "errmsg": "OK"}
RECEIPTS_MAX = 100

_CODE = re.compile(r"[^A-Za-z0-9_.:-]")
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_DIGITS = re.compile(r"[0-9]{5,15}")


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
    """One push. What cannot be read is told apart: it must not hold back the other 99."""

    read: tuple[SmsReceipt, ...]
    refused: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SmsReply:
    """A text that a person sent; phone in E.164. Tencent gives it no id."""

    phone: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime
    extend: str


def parse_receipts(body: bytes) -> Receipts:
    """Raises Invalid when the body is no array of receipts at all."""
    items = _json(body)
    if not isinstance(items, list):
        raise Invalid.of("not_an_array", "回执应为数组", "receipts come as an array")
    if len(items) > RECEIPTS_MAX:
        raise Invalid.of("too_many", "一次最多100条回执", "at most 100 receipts in one push")
    read: list[SmsReceipt] = []
    refused: list[Problem] = []
    for index, item in enumerate(items):
        try:
            read.append(_receipt(item, f"{index}"))
        except Invalid as error:
            refused.extend(error.problems)
    return Receipts(tuple(read), tuple(refused))


def parse_reply(body: bytes) -> SmsReply:
    item = _json(body)
    return SmsReply(
        phone=_phone(_text(item, "nationcode", default="86"), _text(item, "mobile")),
        text=_text(item, "text", default=""),
        at=_unix_time(item),
        extend=_text(item, "extend", default=""),
    )


def _receipt(item: Any, where: str) -> SmsReceipt:
    status = _text(item, "report_status", where)
    if status not in ("SUCCESS", "FAIL"):
        raise Invalid.of(
            "unknown_status",
            "状态应为 SUCCESS 或 FAIL",
            "SUCCESS or FAIL",
            f"{where}.report_status",
        )
    return SmsReceipt(
        provider_message_id=_text(item, "sid", where),
        outcome="delivered" if status == "SUCCESS" else "failed",
        code=_CODE.sub("_", _text(item, "errmsg", where, default=""))[:64],
        at=_china_time(_text(item, "user_receive_time", where, default=""), where),
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid.of("not_json", "内容不是 JSON", "the body is not JSON") from None


def _text(item: Any, name: str, where: str = "", default: str | None = None) -> str:
    """A field as text; numbers are taken too, for carriers mix both. Empty means absent."""
    path = f"{where}.{name}" if where else name
    if not isinstance(item, dict):
        raise Invalid.of("not_an_object", "应为对象", "an object is expected", where)
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value and _storable(value):
        return value
    if default is None or value not in (None, ""):
        raise Invalid.of("missing", "缺少或不是文本", "missing or not a text", path)
    return default


def _storable(value: str) -> bool:
    """JSON can carry a NUL and half a surrogate pair; no database can."""
    return "\x00" not in value and not _HALF_PAIR.search(value)


def _china_time(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid.of(
            "not_a_time",
            "时间格式应为 2015-10-17 08:03:04",
            "a time looks like 2015-10-17 08:03:04",
            f"{where}.user_receive_time",
        ) from None


def _unix_time(item: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(_text(item, "time")), UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid.of("not_a_time", "应为 Unix 秒", "unix seconds expected", "time") from None


def _phone(nation: str, mobile: str) -> str:
    """`mobile` comes with the country code or without it, with a plus or without."""
    if mobile.startswith("+"):
        nation, mobile = "", mobile[1:]
    digits = nation.lstrip("+") + mobile
    if not _DIGITS.fullmatch(digits):
        raise Invalid.of("not_a_number", "不是电话号码", "not a phone number", "mobile")
    return f"+{digits}"
