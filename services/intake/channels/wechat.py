"""WeChat official account: pushed messages and events, and the answer to a push.

Answer within five seconds with an empty body or `success`; WeChat pushes up to three
times more otherwise. Messages are one by `message_id`, events by openid, time and kind.
Source: developers.weixin.qq.com, "接收普通消息", "接收事件推送", "消息加解密说明".
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from services.intake.channels.messages import (
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
from services.intake.model import MessageKind

EMPTY_ANSWER = "success"
BODY_BYTES_MAX = 64 * 1024

_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^<>]*\?>")
_CDATA = re.compile(r"<!\[CDATA\[.*?\]\]>", re.DOTALL)
_CODE = re.compile(r"[^A-Za-z0-9_.: -]")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE_TO_CONTROL = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)
_ELEMENT = re.compile(r"<(?P<tag>\w+)>\s*<!\[CDATA\[(?P<inner>.*?)\]\]>\s*</(?P=tag)>", re.DOTALL)
_ENVELOPE = frozenset({"ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId"})
_KINDS: Mapping[str, MessageKind] = {
    "image": "image",
    "voice": "voice",
    "video": "video",
    "shortvideo": "video",
    "location": "location",
    "link": "link",
    "file": "file",
}


@dataclass(frozen=True, slots=True)
class WeChatText:
    openid: str = field(repr=False)
    text: str = field(repr=False)
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatMedia:
    """An image, voice, video, link, file or whatever WeChat will think of. fields: as pushed.

    text: what WeChat recognised in a voice message, where that is switched on.
    """

    openid: str = field(repr=False)
    kind: MessageKind
    fields: Mapping[str, str] = field(repr=False)
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
    """What became of one template message (TEMPLATESENDJOBFINISH), or of a subscribe message."""

    openid: str = field(repr=False)
    provider_message_id: str
    outcome: Literal["delivered", "failed"]
    code: str
    at: datetime
    is_subscription: bool = False


@dataclass(frozen=True, slots=True)
class WeChatReceipts:
    """What became of subscribe messages (subscribe_msg_sent_event)."""

    openid: str = field(repr=False)
    receipts: tuple[WeChatReceipt, ...]


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """accepted: one more message of this template; else none."""

    template_id: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class WeChatSubscription:
    """What he chose when he was asked, or took back later. kind: the event's name."""

    openid: str = field(repr=False)
    kind: str
    choices: tuple[TemplateChoice, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class WeChatOther:
    """An event that we answer and leave alone; kind is its name."""

    openid: str = field(repr=False)
    kind: str
    at: datetime


WeChatInbound = (
    WeChatText
    | WeChatMedia
    | WeChatLocation
    | WeChatFollowed
    | WeChatUnfollowed
    | WeChatReceipt
    | WeChatReceipts
    | WeChatSubscription
    | WeChatOther
)


def parse_message(body: bytes) -> WeChatInbound:
    """A plaintext (or decrypted) push. Raises Invalid for what WeChat never sends."""
    root = parse_root(body)
    fields = list_fields(root)
    openid, at = _require(fields, "FromUserName"), _read_time(fields)
    match _require(fields, "MsgType"):
        case "text":
            return WeChatText(openid, fields.get("Content", ""), _find_id(fields), at)
        case "location" if "Location_X" in fields:
            return _read_location(fields, openid, at)
        case "event":
            return _read_event(root, fields, openid, at)
        case kind:
            return WeChatMedia(
                openid=openid,
                kind=_KINDS.get(kind, "other"),
                fields={name: value for name, value in fields.items() if name not in _ENVELOPE},
                text=fields.get("Recognition", ""),
                message_id=_find_id(fields),
                at=at,
            )


def _find_id(fields: Mapping[str, str]) -> str:
    """Of a message that has none its sender and second, as WeChat says of events."""
    id_ = fields.get("MsgId", "").strip()
    return id_ or f"{fields.get('CreateTime', '')}-{fields.get('FromUserName', '')}"


def parse_xml(body: bytes) -> Mapping[str, str]:
    """The first level of `<xml>` as texts."""
    return list_fields(parse_root(body))


def list_fields(root: ET.Element) -> Mapping[str, str]:
    """The first of two elements counts, since WeChat says who writes before it says what."""
    return {child.tag: child.text or "" for child in reversed(root)}


def parse_root(body: bytes) -> ET.Element:
    """No document type, entity or instruction passes.

    What a person wrote may hold marks that no XML takes, and the end of a CDATA: they are dropped,
    and it is read to its element's end.
    """
    if len(body) > BODY_BYTES_MAX:
        raise BODY_TOO_LARGE.invalid()
    text = body.decode("utf-8", errors="replace")
    text = _NO_XML.sub("", _REFERENCE_TO_CONTROL.sub("", text))
    try:
        root = _parse_safely(text)
    except ET.ParseError:
        root = _parse_healed(text)
    if root.tag != "xml":
        raise ROOT_NOT_XML.invalid()
    return root


def _parse_safely(text: str) -> ET.Element:
    """Raises Invalid or ET.ParseError."""
    _check_declarations(text)
    return ET.fromstring(text)  # noqa: S314 - whatever could declare an entity is refused


def _parse_healed(text: str) -> ET.Element:
    """Where a person wrote the end of a CDATA and nobody divided it."""
    try:
        return _parse_safely(_ELEMENT.sub(_split_cdata, text))
    except ET.ParseError:
        raise BODY_NOT_XML.invalid() from None


def _split_cdata(element: re.Match[str]) -> str:
    inner = element["inner"].replace("]]>", "]]]]><![CDATA[>")
    return f"<{element['tag']}><![CDATA[{inner}]]></{element['tag']}>"


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
        message_id=_find_id(fields),
        at=at,
    )


def _read_event(
    root: ET.Element, fields: Mapping[str, str], openid: str, at: datetime
) -> WeChatInbound:
    match _require(fields, "Event"):
        case "subscribe":
            return WeChatFollowed(openid, at)
        case "unsubscribe":
            return WeChatUnfollowed(openid, at)
        case "TEMPLATESENDJOBFINISH":
            return _read_receipt(fields, openid, at)
        case "subscribe_msg_sent_event":
            rows = (_read_sent(row, openid, at) for row in _list_rows(root))
            return WeChatReceipts(openid, tuple(row for row in rows if row))
        case "subscribe_msg_popup_event" | "subscribe_msg_change_event" as kind:
            choices = tuple(_read_choice(row) for row in _list_rows(root))
            return WeChatSubscription(openid, kind, choices, at)
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


def _list_rows(root: ET.Element) -> Iterator[Mapping[str, str]]:
    """However often `List` stands there, and in whatever it stands."""
    return (list_fields(row) for row in root.iter("List"))


def _read_sent(row: Mapping[str, str], openid: str, at: datetime) -> WeChatReceipt | None:
    """None for what names no message."""
    message_id, code = row.get("MsgID", "").strip(), row.get("ErrorCode", "").strip()
    if not message_id or not code:
        return None
    status = code if code == "0" else f"{code} {row.get('ErrorStatus', '').strip()}"
    return WeChatReceipt(
        openid=openid,
        provider_message_id=message_id,
        outcome="delivered" if code == "0" else "failed",
        code=_CODE.sub("_", status)[:64],
        at=at,
        is_subscription=True,
    )


def _read_choice(row: Mapping[str, str]) -> TemplateChoice:
    """Whatever is no plain yes takes nothing for granted: it is a no."""
    accepted = row.get("SubscribeStatusString", "").strip() == "accept"
    return TemplateChoice(_require(row, "TemplateId"), accepted)


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
