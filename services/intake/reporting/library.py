"""项目库: the requests of a year that opened, one by one and without a person."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.model import Request
from services.intake.reporting.database import IS_LIBRARY, OPENED
from services.intake.reporting.figures import STATES_ZH, ReportSelection
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


async def list_library(
    database: mongo.Database, scope: Scope, selection: ReportSelection
) -> ReportSheet:
    """By when they were recorded, in China, in the area that the reader sees."""
    stages: list[Document] = [
        {"$match": {"$and": [scope.build_query(REQUESTS), _build_query(selection)]}},
        {"$set": {"opened_at": OPENED}},
        {"$match": {"$expr": IS_LIBRARY}},
        {"$sort": {"recorded_at": 1, "_id": 1}},
        {"$project": dict.fromkeys(_FIELDS, 1)},
    ]
    rows = await database[Request.COLLECTION].aggregate(stages, allowDiskUse=True).to_list(None)
    return ReportSheet(f"{selection.year}年项目库", [HEAD, *map(_make_row, rows)])


def _build_query(selection: ReportSelection) -> Document:
    """As `ReportSelection.has` of a group."""
    first = datetime(selection.year, selection.month or 1, 1, tzinfo=CHINA)
    months = first.year * 12 + first.month - 1 + (1 if selection.month else 12)
    end = first.replace(year=months // 12, month=months % 12 + 1)
    wanted = {
        "area.town_code": selection.town_code,
        "kind": selection.kind,
        "state": selection.state,
        "beneficiary_class": selection.beneficiary_class,
        "channel": selection.channel,
    }
    query: dict[str, object] = {name: value for name, value in wanted.items() if value}
    query["recorded_at"] = {"$gte": first, "$lt": end}
    return query


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
