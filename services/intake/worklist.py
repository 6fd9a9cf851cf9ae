"""What waits for a member of staff: the lists of the desk, page by page, and what he looks up.

What waits, and what is due, is ordered by its last day; cases with tasks by that of the task that
is due first; the rest by when it was recorded.
A page is found by where the one before ended, so the hundredth costs what the first does; what is
counted is counted up to `COUNTED_MAX`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.intake.model import Request, RequestState
from services.intake.store import REQUESTS
from shared import mongo
from shared.calendar import find_day, find_end
from shared.contracts.events import ApprovalLevel, CaseStage
from shared.contracts.values import BeneficiaryClass, Category, Channel
from shared.references import REFERENCE_LENGTH
from shared.scope import Scope

Tab = Literal["waiting", "tasks", "returned", "mine", "all"]
DueFilter = Literal["today", "overdue"]
PAGE_ROWS = 25
COUNTED_MAX = 100
FINDINGS = "findings"
FINDINGS_LAST = timedelta(hours=12)
FINDINGS_MAX = 100
EPOCH = datetime.fromtimestamp(0, UTC)

Order = Sequence[tuple[str, int]]
_DUE_FIRST: Order = (("clock.ends_at", 1), ("_id", 1))
_TASKS_FIRST: Order = (("tasks_end_at", 1), ("_id", 1))
_LATEST_FIRST: Order = (("recorded_at", -1), ("_id", -1))

INDEXES: tuple[mongo.Index, ...] = (
    (Request.COLLECTION, [("ending_of_id", 1)], {}),
    (
        Request.COLLECTION,
        [("clock.ends_at", 1), ("_id", 1), ("area.town_code", 1), ("approval_level", 1)],
        {"name": "waiting_due", "partialFilterExpression": {"state": RequestState.RECORDED.value}},
    ),
    (
        Request.COLLECTION,
        [("clock.ends_at", 1), ("_id", 1), ("area.town_code", 1), ("clock.stage", 1)],
        {"name": "due", "partialFilterExpression": {"clock.ends_at": {"$type": "date"}}},
    ),
    (
        Request.COLLECTION,
        [("tasks_end_at", 1), ("_id", 1), ("area.town_code", 1)],
        {"name": "tasks", "partialFilterExpression": {"tasks_end_at": {"$type": "date"}}},
    ),
    (
        Request.COLLECTION,
        [("recorded_at", -1), ("_id", -1), ("area.town_code", 1)],
        {"name": "returned", "partialFilterExpression": {"state": RequestState.RETURNED.value}},
    ),
    (
        Request.COLLECTION,
        [("recorded_by", 1), ("recorded_at", -1), ("_id", -1)],
        {"name": "recorded_by", "partialFilterExpression": {"recorded_by": {"$gt": ""}}},
    ),
    (
        Request.COLLECTION,
        [("recorded_at", -1), ("_id", -1), ("area.town_code", 1), ("state", 1)],
        {"name": "latest"},
    ),
    (
        Request.COLLECTION,
        [("name_id", 1), ("recorded_at", -1)],
        {"name": "name", "partialFilterExpression": {"name_id": {"$gt": ""}}},
    ),
    (FINDINGS, [("at", 1)], {"expireAfterSeconds": int(FINDINGS_LAST.total_seconds())}),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """None: whichever. town_code: within the caller's area. at: now, by which it is due."""

    category: Category | None = None
    beneficiary_class: BeneficiaryClass | None = None
    town_code: str | None = None
    state: RequestState | None = None
    channel: Channel | None = None
    due: DueFilter | None = None
    at: datetime = EPOCH


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class Worker:
    """Whose desk it is. levels: those he approves at. others: who else works on cases of a part of
    it, each with the areas in which he does: what they are asked to do there stands on desks of
    theirs, and what is on none, on this one too."""

    principal: str
    scope: Scope
    levels: tuple[ApprovalLevel, ...]
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """following: the cursor of the next page; empty at the end."""

    requests: Sequence[Request]
    following: str = ""


async def list_page(
    database: mongo.Database,
    worker: Worker,
    tab: Tab,
    filters: Filters = NO_FILTERS,
    cursor: str = "",
) -> Page:
    """What is due first; else the latest first."""
    query = build_tab_query(worker, tab, filters)
    if query is None:
        return Page(())
    order = _find_order(tab, filters)
    place = _build_place(cursor, *order[0])
    rows = await mongo.find(
        database, Request, {"$and": [query, place]}, sort=order, limit=PAGE_ROWS + 1
    )
    page = rows[:PAGE_ROWS]
    return Page(page, _make_cursor(page[-1], order) if len(rows) > PAGE_ROWS else "")


async def count_up_to(
    database: mongo.Database, worker: Worker, tab: Tab, filters: Filters = NO_FILTERS
) -> int:
    """No more than COUNTED_MAX, however many there are."""
    query = build_tab_query(worker, tab, filters)
    if query is None:
        return 0
    return await database[Request.COLLECTION].count_documents(query, limit=COUNTED_MAX)


def build_tab_query(worker: Worker, tab: Tab, filters: Filters) -> dict[str, object] | None:
    """None where nothing can be there."""
    area = worker.scope.narrow_area(filters.town_code or "")
    if area is None:
        return None
    query: dict[str, object] = worker.scope.model_copy(update={"area": area}).build_query(REQUESTS)
    fields = {
        "category": filters.category,
        "beneficiary_class": filters.beneficiary_class,
        "state": filters.state,
        "channel": filters.channel,
    }
    query |= {name: value.value for name, value in fields.items() if value}
    if filters.due and tab != "tasks":
        query |= build_due(filters.due, filters.at)
    match tab:
        case "waiting":
            levels = {"approval_level": {"$in": list(worker.levels)}} if worker.levels else {}
            return query | levels | {"state": RequestState.RECORDED.value}
        case "returned":
            return query | {"state": RequestState.RETURNED.value}
        case "tasks":
            return query | _build_open_task(worker, filters)
        case "mine":
            return query | {"recorded_by": worker.principal}
        case "all":
            return query


def build_due(due: DueFilter, at: datetime) -> dict[str, object]:
    """What is paused is neither. $type: or the partial index is not used."""
    return {"clock.ends_at": {**_build_ends(due, at), "$type": "date"}, "clock.pause": None}


def _build_open_task(worker: Worker, filters: Filters) -> dict[str, object]:
    """His, or that of nobody else: nor of one who works elsewhere, as on a case that moved."""

    def ask(assignee: dict[str, object]) -> dict[str, object]:
        task: dict[str, object] = {"completion": None, "assignee": assignee}
        if filters.due:
            task["ends_at"] = _build_ends(filters.due, filters.at)
        return {"case_tasks": {"$elemMatch": task}}

    ways = [ask({"$nin": sorted(worker.others)})]
    for areas, holders in _group_by_areas(worker).items():
        within = [Scope(area=area).build_query(REQUESTS) for area in areas]
        ways.append({**ask({"$in": sorted(holders)}), "$nor": within})
    return {"tasks_end_at": {"$type": "date"}, "$or": ways}


def _group_by_areas(worker: Worker) -> Mapping[tuple[str, ...], list[str]]:
    """The others, without those who work in all of his area."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for holder, areas in worker.others.items():
        if not any(worker.scope.area.startswith(area) for area in areas):
            groups.setdefault(areas, []).append(holder)
    return groups


def _build_ends(due: DueFilter, at: datetime) -> dict[str, object]:
    return {"$lte": at} if due == "overdue" else {"$gt": at, "$lte": find_end(find_day(at))}


def _find_order(tab: Tab, filters: Filters) -> Order:
    if tab == "tasks":
        return _TASKS_FIRST
    return _DUE_FIRST if tab == "waiting" or filters.due is not None else _LATEST_FIRST


def _make_cursor(last: Request, order: Order) -> str:
    at: datetime | None = last.recorded_at
    if order is _DUE_FIRST:
        at = last.clock.ends_at if last.clock else None
    elif order is _TASKS_FIRST:
        at = last.tasks_end_at
    return f"{round((at or EPOCH).timestamp() * 1000)}_{last.id}"


def _build_place(cursor: str, field: str, direction: int) -> dict[str, object]:
    """Behind where the page before ended; nothing for a cursor that is none of ours."""
    milliseconds, _, id_ = cursor.partition("_")
    if not (milliseconds.isascii() and milliseconds.isdigit() and len(milliseconds) < 15 and id_):
        return {}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    behind, up_to = ("$gt", "$gte") if direction > 0 else ("$lt", "$lte")
    later = [{field: {behind: at}}, {field: at, "_id": {behind: id_}}]
    return {field: {up_to: at}, "$or": later}


async def count_overdue(
    database: mongo.Database, query: Mapping[str, object], now: datetime
) -> dict[tuple[str, CaseStage], int]:
    """By town and by what is awaited."""
    late = {**query, **build_due("overdue", now)}
    grouped = {"_id": {"town": "$area.town_code", "stage": "$clock.stage"}, "n": {"$sum": 1}}
    rows = database[Request.COLLECTION].aggregate([{"$match": late}, {"$group": grouped}])
    return {(row["_id"]["town"], row["_id"]["stage"]): row["n"] for row in await rows.to_list(None)}


async def load_overdue(
    database: mongo.Database, query: Mapping[str, object], now: datetime, limit: int
) -> list[Request]:
    """What ended first stands first."""
    if limit == 0:
        return []
    late = {**query, **build_due("overdue", now)}
    return await mongo.find(database, Request, late, sort=_DUE_FIRST, limit=limit)


async def find_next_waiting(
    database: mongo.Database, worker: Worker, after: Request
) -> Request | None:
    """What he may decide next: the one behind this, else the first."""
    for cursor in (_make_cursor(after, _DUE_FIRST), ""):
        page = await list_page(database, worker, "waiting", cursor=cursor)
        for request in page.requests:
            if request.id != after.id:
                return request
    return None


# --- what is looked up ----------------------------------------------------------------------------


async def find_by_reference(
    database: mongo.Database, scope: Scope, reference: str
) -> list[Request]:
    """By its whole number, or by the end of it, as notices carry it. reference: letters, digits."""
    folded = reference.lower()
    number = {"_id": f"R-{folded[2:]}"} if folded.startswith("r-") else {"ending_of_id": folded}
    query = {**scope.build_query(REQUESTS), **number}
    return await mongo.find(database, Request, query, limit=FINDINGS_MAX)


async def save_endings(database: mongo.Database) -> None:
    """Of requests that were stored before their numbers' ends were."""
    end = {
        "$substrBytes": ["$_id", {"$subtract": [{"$strLenBytes": "$_id"}, REFERENCE_LENGTH]}, -1]
    }
    missing = {"ending_of_id": {"$exists": False}}
    change = [{"$set": {"ending_of_id": {"$toLower": end}}}]
    await database[Request.COLLECTION].update_many(missing, change)


async def find_of_persons(
    database: mongo.Database, scope: Scope, person_ids: Iterable[str]
) -> list[Request]:
    """What these persons asked for; the latest first."""
    query = {**scope.build_query(REQUESTS), "person_id": {"$in": list(person_ids)}}
    return await mongo.find(database, Request, query, sort=_LATEST_FIRST, limit=FINDINGS_MAX)


async def save_finding(
    database: mongo.Database, token: str, by: str, request_ids: Sequence[str], at: datetime
) -> None:
    """What was found, never what was looked for: the page's address names the token alone."""
    await database[FINDINGS].insert_one(
        {"_id": token, "by": by, "request_ids": list(request_ids), "at": at}
    )


async def load_finding(
    database: mongo.Database, token: str, worker: Worker
) -> list[Request] | None:
    """For who looked it up alone, as far as he sees it still; None where it is over."""
    row: Mapping[str, object] | None = await database[FINDINGS].find_one(
        {"_id": token, "by": worker.principal}
    )
    if row is None:
        return None
    query = {**worker.scope.build_query(REQUESTS), "_id": {"$in": row["request_ids"]}}
    return await mongo.find(database, Request, query, sort=_LATEST_FIRST)
