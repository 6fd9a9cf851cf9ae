"""Tencent Cloud SMS callbacks: delivery receipts and replies (上行短信).

Tencent signs neither, so whoever may call is decided before this module is reached.
Answer both with `ANSWER`; anything else makes Tencent push again, twice.
Source: https://cloud.tencent.com/document/product/382/59178 and /382/59179.
"""

from datetime import UTC, datetime

from services.intake.channels.carriers import (
    Receipts,
    SmsReceipt,
    SmsReply,
    clean_text,
    find_china_time,
    find_code,
    find_phone,
    find_text,
    parse_each,
    parse_json,
    parse_sender,
    read_text,
)
from services.intake.channels.messages import STATUS_UNKNOWN
from shared.documents import Json

ANSWER = {"result": 0, "errmsg": "OK"}
RECEIPTS_MAX = 100


def parse_tencent_receipts(body: bytes) -> Receipts:
    """Raises Invalid when the body is no array of receipts at all."""
    return Receipts(*parse_each(body, RECEIPTS_MAX, _parse_receipt))


def parse_reply(body: bytes) -> SmsReply:
    """Whatever somebody wrote is kept: of what is beside the text nothing is refused."""
    item = parse_json(body)
    phone, is_phone = parse_sender(
        read_text(item, "nationcode", default="86"), read_text(item, "mobile")
    )
    return SmsReply(
        phone=phone,
        is_phone=is_phone,
        text=clean_text(item.get("text")),
        at=_read_unix_time(item),
        extend=clean_text(item.get("extend")),
    )


def _parse_receipt(item: Json, where: str) -> SmsReceipt:
    status = read_text(item, "report_status", where)
    if status not in ("SUCCESS", "FAIL"):
        raise STATUS_UNKNOWN.invalid(f"{where}.report_status", success="SUCCESS", failure="FAIL")
    return SmsReceipt(
        provider_message_id=read_text(item, "sid", where),
        outcome="delivered" if status == "SUCCESS" else "failed",
        code=find_code(item, "errmsg"),
        at=find_china_time(item, "user_receive_time"),
        phone=find_phone(item, find_text(item, "nationcode", "86"), "mobile"),
    )


def _read_unix_time(item: Json) -> datetime | None:
    """None for what is no time: somebody wrote all the same."""
    try:
        return datetime.fromtimestamp(int(str(item.get("time"))), UTC)
    except (ValueError, OverflowError, OSError):
        return None
