"""Regular work in Mongo: lists by the day on which somebody is due, and coverage by town."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from services.intake.model.regular import RegularWork, Visit
from shared import mongo
from shared.contracts.events import WorkKind
from shared.scope import Cut, Scope

WORKS = Cut(town="area.town_code", village="area.village_code")
PAGE_ROWS = 25
VISITS_MAX = 30
INDEXES: tuple[mongo.Index, ...] = (
    (RegularWork.COLLECTION, [("next_at", 1), ("_id", 1), ("area.town_code", 1), ("kind", 1)], {}),
    (RegularWork.COLLECTION, [("person_id", 1)], {"sparse": True}),
    (Visit.COLLECTION, [("work_id", 1), ("number", -1)], {}),
    (
        Visit.COLLECTION,
        [("logged_at", 1)],
        {"name": "unchecked", "partialFilterExpression": {"state": "logged"}},
    ),
)

Show = Literal["active", "overdue", "ended"]


@dataclass(frozen=True, slots=True)
class WorkFilters:
    kind: WorkKind | None = None
    show: Show = "active"
    town: str = ""


async def list_works(
    database: mongo.Database, scope: Scope, filters: WorkFilters, now: datetime, after: str = ""
) -> tuple[list[RegularWork], str]:
    """One page, what is due first; and where the next begins, empty at the end."""
    area = scope.narrow_area(filters.town)
    if area is None:
        return [], ""
    query: dict[str, object] = scope.model_copy(update={"area": area}).build_query(WORKS)
    if filters.kind:
        query["kind"] = filters.kind
    match filters.show:
        case "active":
            query["next_at"] = {"$ne": None}
        case "overdue":
            query["next_at"] = {"$lte": now, "$ne": None}
        case "ended":
            query["next_at"] = None
    sort = [("next_at", 1), ("_id", 1)]
    place = _build_place(after)
    rows = await mongo.find(
        database, RegularWork, {"$and": [query, place]}, sort=sort, limit=PAGE_ROWS + 1
    )
    page = rows[:PAGE_ROWS]
    return page, _make_cursor(page[-1]) if len(rows) > PAGE_ROWS else ""


def _make_cursor(last: RegularWork) -> str:
    milliseconds = round(last.next_at.timestamp() * 1000) if last.next_at else 0
    return f"{milliseconds}_{last.id}"


def _build_place(cursor: str) -> dict[str, object]:
    milliseconds, _, id_ = cursor.partition("_")
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 15 and id_):
        return {}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    if not int(milliseconds):
        return {"_id": {"$gt": id_}}
    return {"$or": [{"next_at": {"$gt": at}}, {"next_at": at, "_id": {"$gt": id_}}]}


async def list_visits(database: mongo.Database, work_id: str) -> list[Visit]:
    """The latest first."""
    query, sort = {"work_id": work_id}, [("number", -1)]
    return await mongo.find(database, Visit, query, sort=sort, limit=VISITS_MAX)


async def count_work(database: mongo.Database, since: str, until: str) -> list[mongo.Row]:
    """Visits in these days (ISO; `until` is not counted) that met somebody and, of services, were
    confirmed: by `kind`, `item` and `unit` (of a service), how many `visits`, how much `quantity`.
    """
    match = {
        "on": {"$gte": since, "$lt": until},
        "state": "confirmed",
        "outcome": {"$ne": "absent"},
    }
    entry = {
        "from": RegularWork.COLLECTION,
        "localField": "work_id",
        "foreignField": "_id",
        "as": "work",
    }
    service = {name: {"$ifNull": [f"$work.service.{name}", ""]} for name in ("item", "unit")}
    stages: list[Mapping[str, object]] = [
        {"$match": match},
        {"$lookup": entry},
        {"$unwind": "$work"},
        {
            "$group": {
                "_id": {"kind": "$work.kind", **service},
                "visits": {"$sum": 1},
                "quantity": {"$sum": "$quantity"},
            }
        },
        {"$sort": {"_id": 1}},
    ]
    rows = await database[Visit.COLLECTION].aggregate(stages).to_list(None)
    return [row.pop("_id") | row for row in rows]


@dataclass(slots=True)
class Coverage:
    """Of one town, by kind: how many are registered, and how many are late."""

    town_code: str
    active: dict[str, int] = field(default_factory=dict)
    overdue: dict[str, int] = field(default_factory=dict)
    findings: int = 0


async def count_coverage(
    database: mongo.Database, scope: Scope, now: datetime
) -> Mapping[str, Coverage]:
    """By town; what ended does not count."""
    match = {**scope.build_query(WORKS), "next_at": {"$ne": None}}
    still_open = {
        "$filter": {"input": "$findings", "as": "each", "cond": {"$eq": ["$$each.closed_on", ""]}}
    }
    grouped = {
        "_id": {"town": "$area.town_code", "kind": "$kind"},
        "n": {"$sum": 1},
        "late": {"$sum": {"$cond": [{"$lte": ["$next_at", now]}, 1, 0]}},
        "findings": {"$sum": {"$size": still_open}},
    }
    rows = database[RegularWork.COLLECTION].aggregate([{"$match": match}, {"$group": grouped}])
    towns: dict[str, Coverage] = {}
    for row in await rows.to_list(None):
        town = towns.setdefault(row["_id"]["town"], Coverage(row["_id"]["town"]))
        town.active[row["_id"]["kind"]] = row["n"]
        town.overdue[row["_id"]["kind"]] = row["late"]
        town.findings += row["findings"]
    return towns
