"""Aliyun SMS callbacks: delivery receipts (SmsReport) and replies (SmsUp).

Aliyun signs neither, so whoever may call is decided before this module is reached. Answer both with
`ANSWER`; anything else makes Aliyun push again.
Source: help.aliyun.com, "HTTP batch push of SmsReport" and "of SmsUp".
"""

from contextlib import suppress
from datetime import datetime

from services.intake.channels.carriers import (
    Receipts,
    SmsReceipt,
    SmsReply,
    clean_text,
    find_china_time,
    find_code,
    find_phone,
    find_text,
    parse_china_time,
    parse_each,
    parse_sender,
    read_text,
)
from services.intake.channels.messages import RECEIPT_NOT_OBJECT, STATUS_UNKNOWN
from shared.contracts.message_ids import fold_message_id
from shared.documents import Json
from shared.errors import Invalid, Problem

ANSWER = {"code": 0, "msg": "接收成功"}
ITEMS_MAX = 1000


def parse_aliyun_receipts(body: bytes) -> Receipts:
    """Raises Invalid when the body is no array of receipts at all."""
    return Receipts(*parse_each(body, ITEMS_MAX, _parse_receipt))


def parse_replies(body: bytes) -> tuple[list[SmsReply], list[Problem]]:
    """Whatever somebody wrote is kept: of what is beside the text nothing is refused."""
    replies, problems = parse_each(body, ITEMS_MAX, _parse_reply)
    return list(replies), list(problems)


def _parse_receipt(item: Json, where: str) -> SmsReceipt:
    message_id = fold_message_id(read_text(item, "biz_id", where))
    is_success = item.get("success")
    if isinstance(is_success, str):
        is_success = {"true": True, "false": False}.get(is_success.lower())
    if not isinstance(is_success, bool):
        raise STATUS_UNKNOWN.invalid(f"{where}.success", success="true", failure="false")
    return SmsReceipt(
        provider_message_id=message_id,
        outcome="delivered" if is_success else "failed",
        code=find_code(item, "err_code"),
        at=find_china_time(item, "report_time"),
        phone=find_phone(item, "86", "phone_number"),
        notice_id=find_text(item, "out_id"),
    )


def _parse_reply(item: Json, where: str) -> SmsReply:
    if not isinstance(item, dict):
        raise RECEIPT_NOT_OBJECT.invalid(where)
    number = read_text(item, "phone_number", where)
    phone, is_phone = parse_sender("86", number, f"{where}.phone_number")
    return SmsReply(
        phone=phone,
        is_phone=is_phone,
        text=clean_text(item.get("content")),
        at=_read_time(item),
        extend=clean_text(item.get("dest_code")),
        id=clean_text(item.get("sequence_id")),
    )


def _read_time(item: Json) -> datetime | None:
    """None for what is no time: somebody wrote all the same."""
    with suppress(Invalid):
        return parse_china_time(clean_text(item.get("send_time")), "send_time")
    return None
