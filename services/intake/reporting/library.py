"""项目库: the requests of a year that opened, one by one and without a person."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.model import Request
from services.intake.reporting.database import IS_LIBRARY, OPENED
from services.intake.reporting.figures import STATES_ZH
from services.intake.store import REQUESTS
from shared import mongo
from shared.contracts.values import CHINA, LABELS, MONEY_UNIT
from shared.documents import Document
from shared.references import format_reference
from shared.scope import Scope
from shared.sheets.report import Cell, ReportSheet, convert_fen
from shared.towns import town_name

HEAD = (
    *("编号", "类型", "类别", "困难类别", "镇街", "需要什么", "数量", "单位", "金额（元）"),
    *("登记日", "公开日", "办结日", "状态"),
)
_FIELDS = (
    *("kind", "category", "beneficiary_class", "area", "need", "state", "recorded_at"),
    *("opened_at", "clock.stopped_at"),
)


async def list_library(database: mongo.Database, scope: Scope, year: int) -> ReportSheet:
    """Of a year of recording, in China, in the area that the reader sees."""
    first = datetime(year, 1, 1, tzinfo=CHINA)
    within = {"$gte": first, "$lt": first.replace(year=year + 1)}
    stages: list[Document] = [
        {"$match": {**scope.build_query(REQUESTS), "recorded_at": within}},
        {"$set": {"opened_at": OPENED}},
        {"$match": {"$expr": IS_LIBRARY}},
        {"$sort": {"recorded_at": 1, "_id": 1}},
        {"$project": dict.fromkeys(_FIELDS, 1)},
    ]
    rows = await database[Request.COLLECTION].aggregate(stages, allowDiskUse=True).to_list(None)
    return ReportSheet(f"{year}年项目库", [HEAD, *map(_make_row, rows)])


def _make_row(row: Document) -> Sequence[Cell]:
    need, is_money = row["need"], row["need"]["unit"] == MONEY_UNIT
    return (
        format_reference(row["_id"]),
        *(LABELS[row[name]] for name in ("kind", "category", "beneficiary_class")),
        town_name(row["area"]["town_code"]) or "",
        "" if is_money else need["item"],
        None if is_money else need["quantity"],
        "" if is_money else need["unit"],
        convert_fen(need["quantity"]) if is_money else None,
        _find_day(row["recorded_at"]),
        _find_day(row.get("opened_at")),
        _find_day((row.get("clock") or {}).get("stopped_at")),
        STATES_ZH[row["state"]],
    )


def _find_day(at: datetime | None) -> Cell:
    return at.astimezone(CHINA).date() if at else None
