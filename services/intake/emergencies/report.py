"""What was done in an emergency under each of the ten measures (民政纾困十条).

A request may count under several: how it came (1, 2), a policy (3), what it is for (4 to 8), who
gave (9, 10).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.intake.model import Request, RequestState
from services.intake.model.emergency import TOWN_DIGITS, Emergency
from services.intake.store import REQUESTS
from shared import mongo
from shared.contracts.values import MONEY_UNIT, Category, Channel
from shared.scope import Scope

Texts = tuple[str, str]

MEASURES: Mapping[int, Texts] = {
    1: ("畅通困难群众求助渠道", "ways to ask for help are open"),
    2: ("完善困难群众主动发现机制", "who needs help is found"),
    3: ("严格落实困难群众基本生活保障政策", "statutory policies are applied"),
    4: ("及时开展临时救助", "temporary relief in time"),
    5: ("发挥“民生大莞家”帮扶作用", "wishes and public works"),
    6: ("加大街面救助力度", "rescue in the streets"),
    7: ("做好心理慰藉服务", "counselling"),
    8: ("统筹多元主体开展服务活动", "services of many hands"),
    9: ("发挥慈善组织作用", "charitable funds"),
    10: ("动员社会组织参与", "organisations give goods and service"),
}
# The measure that is suggested for a request.
BY_CATEGORY: Mapping[Category, int] = {
    Category.MEDICAL: 4,
    Category.SUPPLIES: 4,
    Category.EDUCATION: 4,
    Category.HOME_ADAPTATION: 5,
    Category.HOUSING_REPAIR: 5,
    Category.DISABILITY: 5,
    Category.EMPLOYMENT: 5,
    Category.PUBLIC_WORKS: 5,
    Category.OTHER: 5,
    Category.STREET_RESCUE: 6,
    Category.COUNSELLING: 7,
    Category.MEALS: 8,
    Category.HOME_CARE: 8,
    Category.CHILDREN: 8,
    Category.AFTER_SCHOOL: 8,
}
_SELF_REPORTED = (
    Channel.HOTLINE,
    Channel.WECHAT,
    Channel.SMS,
    Channel.WEB,
    Channel.SERVICE_WINDOW,
)
_VISITED = (
    Channel.LEADER_VISIT,
    Channel.COMMITTEE,
    Channel.GRID_WORKER,
    Channel.HOUSEHOLD_VISIT,
    Channel.SOCIAL_WORKER,
    Channel.VETERANS_CENTRE,
    Channel.STATION,
)
_HAS_MATCHES: Mapping[str, object] = {"matches": {"$nin": [{}, None]}}


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """fen: money that was confirmed as received. done: closed. number: 0 for all together."""

    number: int
    words: Texts
    requests: int = 0
    persons: int = 0
    fen: int = 0
    done: int = 0


def suggest_measure(emergencies: Iterable[Emergency], request: Request, now: datetime) -> int:
    """Under which of the ten it may be helped; 0 where it is under no emergency now."""
    for emergency in emergencies:
        if emergency.is_on(now) and emergency.covers(request.area, request.category):
            return 3 if request.referrals else BY_CATEGORY[request.category]
    return 0


async def find_on(database: mongo.Database, now: datetime) -> list[Emergency]:
    query = {"state": "declared", "starts_at": {"$lte": now}, "ends_at": {"$gt": now}}
    return await mongo.find(database, Emergency, query, sort=[("starts_at", 1)])


async def count_by_measure(
    database: mongo.Database, emergency: Emergency, scope: Scope
) -> list[MeasureLine]:
    """Of requests recorded while it is on, as far as the reader's area goes; all together last."""
    branches = {f"m{number}": _build_branch(number) for number in (*MEASURES, 0)}
    pipeline: list[Mapping[str, object]] = [
        {"$match": {"$and": [build_period_query(emergency), scope.build_query(REQUESTS)]}},
        {"$facet": branches},
    ]
    [row] = await database[Request.COLLECTION].aggregate(pipeline).to_list(None)
    names = {**MEASURES, 0: ("全部诉求（不重复计）", "all requests, each once")}
    return [
        MeasureLine(number, names[number], **(row[f"m{number}"][0] if row[f"m{number}"] else {}))
        for number in (*MEASURES, 0)
    ]


def build_period_query(emergency: Emergency) -> dict[str, object]:
    return {
        **build_area_query(emergency),
        "recorded_at": {"$gte": emergency.starts_at, "$lt": emergency.ends_at},
        "state": {"$ne": RequestState.DUPLICATE.value},
    }


def build_area_query(emergency: Emergency) -> dict[str, object]:
    """Where it is on, and for what."""
    codes = emergency.area_codes
    query: dict[str, object] = {
        "$or": [
            {"area.town_code": {"$in": [code for code in codes if len(code) == TOWN_DIGITS]}},
            {"area.village_code": {"$in": [code for code in codes if len(code) > TOWN_DIGITS]}},
        ],
    }
    if emergency.categories:
        query["category"] = {"$in": [each.value for each in emergency.categories]}
    return query


def _build_branch(number: int) -> list[Mapping[str, object]]:
    confirmed = {
        "$filter": {
            "input": {"$objectToArray": {"$ifNull": ["$matches", {}]}},
            "as": "match",
            "cond": {"$eq": ["$$match.v.stage", "confirmed"]},
        }
    }
    quantity = {"$sum": {"$map": {"input": confirmed, "as": "each", "in": "$$each.v.quantity"}}}
    is_money = {"$eq": ["$need.unit", MONEY_UNIT]}
    is_closed = {"$eq": ["$state", RequestState.CLOSED.value]}
    sums = {name: {"$sum": f"${name}"} for name in ("requests", "fen", "done")}
    return [
        {"$match": _build_condition(number)},
        {
            "$group": {
                "_id": "$person_id",
                "requests": {"$sum": 1},
                "fen": {"$sum": {"$cond": [is_money, quantity, 0]}},
                "done": {"$sum": {"$cond": [is_closed, 1, 0]}},
            }
        },
        {"$group": {"_id": None, "persons": {"$sum": 1}, **sums}},
        {"$unset": "_id"},
    ]


def _build_condition(number: int) -> Mapping[str, object]:
    match number:
        case 0:
            return {}
        case 1:
            return {"channel": {"$in": [each.value for each in _SELF_REPORTED]}}
        case 2:
            return {"channel": {"$in": [each.value for each in _VISITED]}}
        case 3:
            return {"referrals.0": {"$exists": True}}
        case 9:
            return {"need.unit": MONEY_UNIT, **_HAS_MATCHES}
        case 10:
            return {"need.unit": {"$ne": MONEY_UNIT}, **_HAS_MATCHES}
    return {
        "category": {"$in": [each.value for each in BY_CATEGORY if BY_CATEGORY[each] == number]}
    }
