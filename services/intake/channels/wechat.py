"""WeChat official account: pushed messages and events, and the answer to a push.

Answer within five seconds with an empty body or `success`; WeChat pushes up to three
times more otherwise. Messages are one by `message_id`, events by openid, time and kind.
Source: developers.weixin.qq.com, "接收普通消息", "接收事件推送", "消息加解密说明".
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from services.intake.messages import (
    BODY_NOT_XML,
    BODY_TOO_LARGE,
    DECLARATION_FORBIDDEN,
    DEGREES_OUT_OF_RANGE,
    DEGREES_UNREADABLE,
    FIELD_MISSING,
    ROOT_NOT_XML,
    STATUS_UNKNOWN,
    TIME_NOT_UNIX,
)

EMPTY_ANSWER = "success"
BODY_BYTES_MAX = 64 * 1024

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^<>]*\?>")
_CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_CODE = re.compile(r"[^A-Za-z0-9_.: -]")


@dataclass(frozen=True, slots=True)
class WeChatText:
    openid: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatLocation:
    openid: str = field(repr=False)
    latitude: float = field(repr=False)
    longitude: float = field(repr=False)
    label: str = field(repr=False)
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatFollowed:
    openid: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatUnfollowed:
    """That user's data must be deleted now."""

    openid: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatReceipt:
    """What became of one template message (TEMPLATESENDJOBFINISH)."""

    openid: str = field(repr=False)
    provider_message_id: str
    outcome: Literal["delivered", "failed"]
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatOther:
    """Something else that we answer and leave alone; kind is its MsgType or Event."""

    openid: str = field(repr=False)
    kind: str
    at: datetime


WeChatInbound = (
    WeChatText | WeChatLocation | WeChatFollowed | WeChatUnfollowed | WeChatReceipt | WeChatOther
)


def parse_message(body: bytes) -> WeChatInbound:
    """A plaintext (or decrypted) push. Raises Invalid for what WeChat never sends."""
    fields = parse_xml(body)
    openid, at = _require(fields, "FromUserName"), _read_time(fields)
    match _require(fields, "MsgType"):
        case "text":
            return WeChatText(openid, fields.get("Content", ""), _require(fields, "MsgId"), at)
        case "location":
            return _read_location(fields, openid, at)
        case "event":
            return _read_event(fields, openid, at)
        case kind:
            return WeChatOther(openid, _CODE.sub("_", kind)[:64], at)


def parse_xml(body: bytes) -> Mapping[str, str]:
    """The first level of `<xml>` as texts. No document type, entity or instruction passes."""
    if len(body) > BODY_BYTES_MAX:
        raise BODY_TOO_LARGE.invalid()
    try:
        text = body.decode("utf-8")
        _check_declarations(text)
        root = ET.fromstring(text)  # noqa: S314 - whatever could declare an entity is refused
    except (UnicodeDecodeError, ET.ParseError):
        raise BODY_NOT_XML.invalid() from None
    if root.tag != "xml":
        raise ROOT_NOT_XML.invalid()
    return {child.tag: child.text or "" for child in root}


def _check_declarations(text: str) -> None:
    """Outside CDATA nothing may begin with `<!` or `<?`; inside, a person may write it.

    Refusing instructions too keeps `<?x <![CDATA[?><!DOCTYPE …` from hiding one.
    """
    bare = _CDATA.sub("", _DECLARATION.sub("", text, count=1))
    if "<!" in bare or "<?" in bare:
        raise DECLARATION_FORBIDDEN.invalid()


def _read_location(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatLocation:
    return WeChatLocation(
        openid=openid,
        latitude=_read_degrees(fields, "Location_X", 90),
        longitude=_read_degrees(fields, "Location_Y", 180),
        label=fields.get("Label", ""),
        message_id=_require(fields, "MsgId"),
        at=at,
    )


def _read_event(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatInbound:
    match _require(fields, "Event"):
        case "subscribe":
            return WeChatFollowed(openid, at)
        case "unsubscribe":
            return WeChatUnfollowed(openid, at)
        case "TEMPLATESENDJOBFINISH":
            return _read_receipt(fields, openid, at)
        case kind:
            return WeChatOther(openid, _CODE.sub("_", kind)[:64], at)


def _read_receipt(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatReceipt:
    status = _require(fields, "Status")
    if status != "success" and not status.startswith("failed"):
        raise STATUS_UNKNOWN.invalid("Status", success="success", failure="failed…")
    return WeChatReceipt(
        openid=openid,
        provider_message_id=_require(fields, "MsgID"),
        outcome="delivered" if status == "success" else "failed",
        code=_CODE.sub("_", status)[:64],
        at=at,
    )


def _require(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise FIELD_MISSING.invalid(name)
    return value


def _read_time(fields: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(int(_require(fields, "CreateTime")), UTC)
    except (ValueError, OverflowError, OSError):
        raise TIME_NOT_UNIX.invalid("CreateTime") from None


def _read_degrees(fields: Mapping[str, str], name: str, most: float) -> float:
    try:
        value = float(_require(fields, name))
    except ValueError:
        raise DEGREES_UNREADABLE.invalid(name) from None
    if not -most <= value <= most:
        raise DEGREES_OUT_OF_RANGE.invalid(name)
    return value


# --- the answer in the same conversation ----------------------------------------------------------


def build_text_answer(*, to: str, account: str, text: str, at: datetime) -> bytes:
    """The passive reply, as XML. to: the openid. account: the one the push was sent to."""
    return (
        f"<xml><ToUserName>{_quote_cdata(to)}</ToUserName>"
        f"<FromUserName>{_quote_cdata(account)}</FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType>{_quote_cdata('text')}</MsgType>"
        f"<Content>{_quote_cdata(text)}</Content></xml>"
    ).encode()


def _quote_cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
