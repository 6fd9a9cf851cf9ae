"""WeChat official account, inbound: signatures, encrypted mode, messages and events.

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

from shared.errors import Invalid

ANSWER = "success"
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
    openid, at = _need(fields, "FromUserName"), _time(fields)
    match _need(fields, "MsgType"):
        case "text":
            return WeChatText(openid, fields.get("Content", ""), _need(fields, "MsgId"), at)
        case "location":
            return _location(fields, openid, at)
        case "event":
            return _event(fields, openid, at)
        case kind:
            return WeChatOther(openid, _CODE.sub("_", kind)[:64], at)


def parse_xml(body: bytes) -> Mapping[str, str]:
    """The first level of `<xml>` as texts. No document type, entity or instruction passes."""
    if len(body) > BODY_BYTES_MAX:
        raise Invalid.of("too_large", "内容过大", "the body is too large")
    try:
        text = body.decode("utf-8")
        _refuse_declarations(text)
        root = ET.fromstring(text)  # noqa: S314 - whatever could declare an entity is refused
    except (UnicodeDecodeError, ET.ParseError):
        raise Invalid.of("not_xml", "内容不是 XML", "the body is not XML") from None
    if root.tag != "xml":
        raise Invalid.of("not_wechat", "根元素应为 xml", "the root element should be xml")
    return {child.tag: child.text or "" for child in root}


def _refuse_declarations(text: str) -> None:
    """Outside CDATA nothing may begin with `<!` or `<?`; inside, a person may write it.

    Refusing instructions too keeps `<?x <![CDATA[?><!DOCTYPE …` from hiding one.
    """
    bare = _CDATA.sub("", _DECLARATION.sub("", text, count=1))
    if "<!" in bare or "<?" in bare:
        raise Invalid.of("declaration", "不接受 DTD 或实体", "no DTD, entity or instruction")


def _location(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatLocation:
    return WeChatLocation(
        openid=openid,
        latitude=_degrees(fields, "Location_X", 90),
        longitude=_degrees(fields, "Location_Y", 180),
        label=fields.get("Label", ""),
        message_id=_need(fields, "MsgId"),
        at=at,
    )


def _event(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatInbound:
    match _need(fields, "Event"):
        case "subscribe":
            return WeChatFollowed(openid, at)
        case "unsubscribe":
            return WeChatUnfollowed(openid, at)
        case "TEMPLATESENDJOBFINISH":
            return _receipt(fields, openid, at)
        case kind:
            return WeChatOther(openid, _CODE.sub("_", kind)[:64], at)


def _receipt(fields: Mapping[str, str], openid: str, at: datetime) -> WeChatReceipt:
    status = _need(fields, "Status")
    if status != "success" and not status.startswith("failed"):
        raise Invalid.of("unknown_status", "未知的发送状态", "success or failed…", "Status")
    return WeChatReceipt(
        openid=openid,
        provider_message_id=_need(fields, "MsgID"),
        outcome="delivered" if status == "success" else "failed",
        code=_CODE.sub("_", status)[:64],
        at=at,
    )


def _need(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise Invalid.of("missing", "缺少字段", "missing", name)
    return value


def _time(fields: Mapping[str, str]) -> datetime:
    try:
        return datetime.fromtimestamp(int(_need(fields, "CreateTime")), UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid.of("not_a_time", "应为 Unix 秒", "unix seconds", "CreateTime") from None


def _degrees(fields: Mapping[str, str], name: str, most: float) -> float:
    try:
        value = float(_need(fields, name))
    except ValueError:
        raise Invalid.of("not_a_number", "应为度数", "degrees expected", name) from None
    if not -most <= value <= most:
        raise Invalid.of("out_of_range", "超出范围", "out of range", name)
    return value
