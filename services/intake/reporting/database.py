"""The figures as the database has them: one aggregation, however many requests there are."""

from services.intake.model import Request
from services.intake.reporting.figures import Counts, Figures, Group, add_up
from shared import mongo
from shared.contracts.values import MONEY_UNIT
from shared.documents import Document

_CHINA = "Asia/Shanghai"
_STEPS: dict[str, object] = {"$ifNull": ["$clock.events", []]}
OPENED: dict[str, object] = {
    "$min": {
        "$map": {
            "input": {
                "$filter": {
                    "input": _STEPS,
                    "as": "step",
                    "cond": {
                        "$and": [
                            {"$eq": ["$$step.step", "started"]},
                            {"$eq": ["$$step.stage", "open"]},
                        ]
                    },
                }
            },
            "as": "step",
            "in": "$$step.at",
        }
    }
}
_HAS_OPENED = {"$ne": [{"$ifNull": ["$opened_at", None]}, None]}
# What a policy or the public budget ended may never have opened.
_IS_SETTLED = {"$ne": [{"$ifNull": ["$ending", None]}, None]}
IS_LIBRARY = {
    "$or": [
        _HAS_OPENED,
        {"$eq": ["$state", "open"]},
        {"$and": [{"$eq": ["$state", "closed"]}, {"$not": [_IS_SETTLED]}]},
    ]
}
_IS_CLOSED = {
    "$and": [
        {"$eq": ["$state", "closed"]},
        {"$ne": [{"$ifNull": ["$clock.stopped_at", None]}, None]},
    ]
}


def _measure_s(at: str, stands: object) -> Document:
    """Whole seconds from recording to then."""
    span = {"$floor": {"$divide": [{"$subtract": [at, "$recorded_at"]}, 1_000]}}
    return {"$sum": {"$cond": [stands, span, 0]}}


def _count(stands: object) -> dict[str, object]:
    return {"$sum": {"$cond": [stands, 1, 0]}}


def _choose_by_library(value: object, otherwise: object) -> dict[str, object]:
    return {"$cond": [IS_LIBRARY, value, otherwise]}


_IS_MONEY = {"$eq": ["$need.unit", MONEY_UNIT]}
_GROUP: dict[str, object] = {
    "_id": {
        "month": {"$dateToString": {"date": "$recorded_at", "format": "%Y-%m", "timezone": _CHINA}},
        "town_code": "$area.town_code",
        "channel": "$channel",
        "state": "$state",
        "kind": _choose_by_library("$kind", ""),
        "beneficiary_class": _choose_by_library("$beneficiary_class", ""),
    },
    "requests": {"$sum": 1},
    "fen": {"$sum": {"$cond": [{"$and": [IS_LIBRARY, _IS_MONEY]}, "$need.quantity", 0]}},
    "opened": _count(_HAS_OPENED),
    "waited_s": _measure_s("$opened_at", _HAS_OPENED),
    "closed": _count(_IS_CLOSED),
    "took_s": _measure_s("$clock.stopped_at", _IS_CLOSED),
    "since_s": {"$sum": {"$floor": {"$divide": [{"$toLong": "$recorded_at"}, 1_000]}}},
}


async def count_requests(database: mongo.Database, query: Document) -> Counts:
    stages: list[Document] = [
        {"$match": query},
        {"$set": {"opened_at": OPENED}},
        {"$group": _GROUP},
    ]
    rows = database[Request.COLLECTION].aggregate(stages, allowDiskUse=True)
    return add_up([_read(row) for row in await rows.to_list(None)])


def _read(row: Document) -> tuple[Group, Figures]:
    figures = {name: int(value) for name, value in row.items() if name != "_id"}
    return Group(**row["_id"]), Figures(**figures)
