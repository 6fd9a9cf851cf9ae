"""Requests that may be one need: found by indexes in milliseconds, judged by a person.

Four ways lead to candidates, each bounded: texts that share a band of their signature, what was
asked for in the same village of the same category, and what this person or household asked for.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.intake.model import Request, RequestState
from services.intake.model.suggestion import LikenessReason, Suggestion
from services.intake.store import REQUESTS
from services.intake.vault.likeness import compare_marks
from shared import mongo
from shared.contracts.values import Kind
from shared.documents import Document
from shared.ids import make_id
from shared.scope import Scope
from shared.towns import is_city_wide

CANDIDATES_MAX = 64
"""Of each way; the latest first."""
SHOWN_MAX = 5
TEXT_ALIKE = 0.4
WEIGHT_MIN = 3.0
NEAR_DAYS = 14
_LATEST = [("recorded_at", -1)]
_OPEN = (RequestState.RECORDED, RequestState.OPEN)
_COMPARED = (
    "marks",
    "fingerprint",
    "person_id",
    "name_id",
    "household_id",
    "tally_ids",
    "recorded_at",
    "state",
)
_READ = {**dict.fromkeys(_COMPARED, 1), "area": 1, "source": 1}

INDEXES: tuple[mongo.Index, ...] = (
    (Request.COLLECTION, [("bands", 1), ("recorded_at", -1)], {"name": "bands"}),
    (
        Request.COLLECTION,
        [("area.village_code", 1), ("category", 1), ("recorded_at", -1)],
        {
            "name": "village_category",
            "partialFilterExpression": {"area.village_code": {"$gt": ""}},
        },
    ),
)


@dataclass(frozen=True, slots=True)
class Alike:
    """request: the other one. share: of the text that both have, from 0 to 1."""

    request: Request
    reasons: tuple[LikenessReason, ...]
    share: float
    weight: float


async def find_alike(
    database: mongo.Database,
    request: Request,
    scope: Scope,
    days: int,
    person_ids: Iterable[str] = (),
) -> list[Alike]:
    """Open ones of the reader's area that somebody should compare; none that were told apart.

    person_ids: who else is the same person.
    """
    since = request.recorded_at - timedelta(days=days)
    persons = {request.person_id, *person_ids}
    rows = await _find_candidates(database, request, since, persons)
    ranked = sorted(
        (
            (_weigh(request, row, persons)[0], row["_id"])
            for row in rows.values()
            if _is_seen(row, scope)
        ),
        reverse=True,
    )
    likely = [id_ for weight, id_ in ranked if weight >= WEIGHT_MIN][: SHOWN_MAX * 3]
    if not likely:
        return []
    apart = await _find_judged(database, request.id, likely)
    wanted = [id_ for id_ in likely if id_ not in apart][:SHOWN_MAX]
    query = {**scope.build_query(REQUESTS), "_id": {"$in": wanted}}
    others = {each.id: each for each in await mongo.find(database, Request, query)}
    return [compare(request, others[id_], persons) for id_ in wanted if id_ in others]


def _is_seen(row: Document, scope: Scope) -> bool:
    """Open, and the reader's: what he may not see takes no place from what he may."""
    area = row["area"]
    is_there = scope.sees_place(area["town_code"], area.get("village_code"))
    return row["state"] in _OPEN and is_there and scope.sees_owner(row["source"])


async def _find_candidates(
    database: mongo.Database, request: Request, since: datetime, persons: set[str]
) -> dict[str, Document]:
    ways: list[Document] = [{"person_id": {"$in": sorted(persons)}}]
    if request.bands:
        ways.append({"bands": {"$in": list(request.bands)}})
    if request.area.village_code:
        village = request.area.village_code
        ways.append({"area.village_code": village, "category": request.category.value})
    if request.household_id:
        ways.append({"household_id": request.household_id})
    answers = await asyncio.gather(*(_find_latest(database, way, since) for way in ways))
    rows = {row["_id"]: row for answer in answers for row in answer}
    rows.pop(request.id, None)
    return rows


async def _find_latest(database: mongo.Database, way: Document, since: datetime) -> list[Document]:
    query = {**way, "recorded_at": {"$gt": since}}
    rows = database[Request.COLLECTION].find(query, _READ).sort(_LATEST).limit(CANDIDATES_MAX)
    return list(await rows.to_list(None))


async def _find_judged(database: mongo.Database, id_: str, others: Sequence[str]) -> set[str]:
    """Those that somebody found to be another need."""
    ids = [make_suggestion_id(id_, other) for other in others]
    query = {"_id": {"$in": ids}, "state": "apart"}
    rows = await mongo.find(database, Suggestion, query)
    return {id_ for row in rows for id_ in (row.first_id, row.second_id)}


def make_suggestion_id(first_id: str, second_id: str) -> str:
    return make_id("S", "request", *sorted((first_id, second_id)))


def compare(request: Request, other: Request, person_ids: Iterable[str] = ()) -> Alike:
    """Why they may be one need."""
    persons = {request.person_id, *person_ids}
    row = {name: getattr(other, name) for name in _COMPARED}
    place = {"town_code": other.area.town_code, "village_code": other.area.village_code}
    weight, share, reasons = _weigh(request, row | {"area": place}, persons)
    return Alike(other, reasons, share, weight)


def _weigh(
    request: Request, row: Document, persons: set[str]
) -> tuple[float, float, tuple[LikenessReason, ...]]:
    share = compare_marks(request.marks, bytes(row.get("marks") or b""))
    towns = request.area.town_code, row["area"]["town_code"]
    village = request.area.village_code
    is_near = bool(village) and row["area"].get("village_code") == village
    days = abs((request.recorded_at - row["recorded_at"]).total_seconds()) / 86_400
    shares_point = set(_list_points(request.tally_ids)) & set(
        _list_points(row.get("tally_ids", ()))
    )
    holds: dict[LikenessReason, tuple[bool, float]] = {
        "text_alike": (share >= TEXT_ALIKE, 1.0 + 2.0 * share),
        "person_same": (row["person_id"] in persons, 1.5),
        "phone_same": (bool(shares_point) and row["person_id"] not in persons, 0.5),
        "household_same": (
            bool(request.household_id) and row.get("household_id") == request.household_id,
            1.0,
        ),
        "name_same": (bool(request.name_id) and row.get("name_id") == request.name_id, 1.0),
        "need_same": (row["fingerprint"] == request.fingerprint, 1.0),
        "place_same": (is_near, 0.75),
        "time_near": (days <= NEAR_DAYS, 0.5),
    }
    reasons = tuple(reason for reason, (stands, _) in holds.items() if stands)
    weight = sum(points for stands, points in holds.values() if stands)
    if _are_others(request, row, persons):
        weight -= 1.0
    if towns[0] != towns[1] and not any(is_city_wide(town) for town in towns):
        weight -= 1.5
    return weight, share, reasons


def _are_others(request: Request, row: Document, persons: set[str]) -> bool:
    """Two people's wishes in the words of one form; a road is the need of everybody on it."""
    is_wish = request.kind is Kind.WISH
    return is_wish and row["person_id"] not in persons and row.get("name_id") != request.name_id


def _list_points(tally_ids: Iterable[str]) -> Iterable[str]:
    """The contact points among what a request counts for."""
    return (each for each in tally_ids if each.startswith("contact:"))
