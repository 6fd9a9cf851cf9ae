"""What a receipt proves, in words for the donor: Chinese first, English beside it."""

from collections.abc import Mapping
from typing import Any

from services.audit.verify.note import Checkpoint
from shared.contracts.ledger import LedgerEntry

KINDS = {
    "donation_received": "捐款入账 donation received",
    "goods_received": "物资入库 goods received",
    "refusal": "未入账 refused",
}


def told(entry: LedgerEntry, checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """(label, text), most important first."""
    fund = entry.get("fund")
    return [
        ("事项 What", KINDS.get(entry["kind"], entry["kind"])),
        *([("数额 Amount", moved)] if (moved := _moved(entry)) else []),
        *([("基金 Fund", str(fund))] if fund else []),
        ("捐赠编号 Donation", entry["subject"]),
        ("收到时间 Received (UTC)", _minute(entry["effective_at"])),
        ("入账时间 Entered (UTC)", _minute(entry["recorded_at"])),
        ("公开账本 Public log", checkpoint.origin),
        ("条目 Entry", f"{entry['index']} / {checkpoint.size}"),
    ]


def yuan(fen: int) -> str:
    return f"人民币 {fen // 100:,}.{fen % 100:02d} 元 CNY"


def _moved(entry: LedgerEntry) -> str:
    """What was given: the debit of the entry's first account; empty where nothing moved."""
    if not entry["legs"]:
        return ""
    first: Mapping[str, Any] = entry["legs"][0]
    if "amount_fen" in first:
        return yuan(first["amount_fen"])
    return f"{first['item']} {first['quantity']} {first['unit']}"


def _minute(timestamp: str) -> str:
    """2026-01-01T08:00:00.000000Z -> 2026-01-01 08:00"""
    return timestamp[:16].replace("T", " ")
