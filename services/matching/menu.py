"""The claim menu (认领): open requests as a donor may see them, in order of urgency.

Nobody is named in it: what kind of help, in which town, how much, since when.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from services.matching import store
from services.matching.model.emergency import Emergency
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from shared import mongo
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind, Quantity, Value
from shared.errors import Invalid
from shared.towns import town_name

ORDER = [("tier", 1), ("recorded_at", 1), ("_id", 1)]
# How many requests are looked at for those that one offer may serve.
LOOKED_AT_MAX = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class MenuFilter(Value):
    """area: code of a town or village, or its beginning. at_least, at_most: of what is still
    needed, in `unit`. Empty tuples mean any."""

    area: Annotated[str, Field(pattern=r"^[0-9]{0,12}$")] = ""
    kind: Kind | None = None
    categories: tuple[Category, ...] = ()
    beneficiary_classes: tuple[BeneficiaryClass, ...] = ()
    unit: Annotated[str, Field(max_length=20)] = ""
    item: Annotated[str, Field(max_length=100)] = ""
    at_least: Quantity | None = None
    at_most: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """needs: with the tier they have now, in a town under emergency measures a lower one."""

    needs: Sequence[Need]
    next: str | None


async def open_requests(
    database: mongo.Database, wanted: MenuFilter, now: datetime, after: str, limit: int
) -> Page:
    """after: `next` of the page before. Raises Invalid."""
    beside = await store.around(database, (), now)
    query, beyond = _open(wanted), _beyond(after)
    found = [need async for need in _in_order(database, query, beside, limit, beyond)]
    return Page(found, _place(found[-1]) if len(found) == limit else None)


async def requests_for(
    database: mongo.Database, offer: Offer, now: datetime, limit: int
) -> list[Need]:
    """What the offer may serve now, by the rule that decides on a claim."""
    if not offer.is_open(now) or offer.free <= 0 or offer.cases_free == 0:
        return []
    giving = [store.open_offer(offer)]
    beside = await store.around(database, giving, now)
    candidates = Candidates(beside.admitted(giving))
    found: list[Need] = []
    async for need in _in_order(database, _fitting(offer), beside, LOOKED_AT_MAX):
        if candidates.serve(store.open_need(need, beside)):
            found.append(need)
            if len(found) == limit:
                break
    return found


async def _in_order(
    database: mongo.Database,
    query: Mapping[str, Any],
    beside: store.Around,
    limit: int,
    beyond: Mapping[str, Any] | None = None,
) -> AsyncIterator[Need]:
    """The most urgent first; beyond: a condition on the fields of ORDER."""
    stages: list[dict[str, Any]] = [{"$match": query}]
    if beside.emergencies:
        stages.append({"$addFields": {"tier": _lifted(beside.emergencies)}})
    stages += [{"$match": beyond}] if beyond else []
    stages += [{"$sort": dict(ORDER)}, {"$limit": limit}]
    async for row in database[Need.COLLECTION].aggregate(stages):
        yield mongo.to_state(Need, row)


def _lifted(emergencies: Sequence[Emergency]) -> dict[str, Any]:
    """The tier as `model.emergency.lifted` has it, for the database to sort by."""
    lifts = [
        {"$cond": [{"$in": ["$town_code", list(e.town_codes)]}, e.lift, 0]} for e in emergencies
    ]
    return {"$max": [0, {"$subtract": ["$tier", {"$max": lifts}]}]}


def row(need: Need, now: datetime) -> dict[str, Any]:
    return {
        "request_id": need.id,
        "kind": need.kind,
        "category": need.category,
        "category_zh": LABELS[need.category],
        "beneficiary_class": need.beneficiary_class,
        "beneficiary_class_zh": LABELS[need.beneficiary_class],
        "tier": need.tier,
        "town_code": need.town_code,
        "town": town_name(need.town_code),
        "unit": need.unit,
        "item": need.item,
        "remaining": need.remaining,
        "days_waiting": days_waiting(need, now),
    }


def days_waiting(need: Need, now: datetime) -> int:
    return max(0, (now - need.recorded_at).days)


# --- the query ----------------------------------------------------------------------------------


def _open(wanted: MenuFilter) -> dict[str, Any]:
    if (wanted.at_least or wanted.at_most) and not wanted.unit:
        zh, en = "按数量筛选须写明单位（资金为 fen）", "say of which unit; money is fen"
        raise Invalid.of("unit_missing", zh, en, "unit")
    query: dict[str, Any] = {"state": "open", "remaining": _between(wanted)}
    exact = {"kind": wanted.kind, "unit": wanted.unit, "item": wanted.item}
    query |= {name: value for name, value in exact.items() if value}
    query |= _any_of("category", wanted.categories)
    query |= _any_of("beneficiary_class", wanted.beneficiary_classes)
    return query | store.within(wanted.area)


def _between(wanted: MenuFilter) -> dict[str, int]:
    least = {"$gte": wanted.at_least or 1}
    return least | {"$lte": wanted.at_most} if wanted.at_most else least


def _any_of(field: str, codes: Sequence[str]) -> dict[str, Any]:
    return {field: {"$in": list(codes)}} if codes else {}


def _fitting(offer: Offer) -> dict[str, Any]:
    """The coarse part of the rule, as far as an index helps."""
    wanted = MenuFilter(
        unit=offer.unit,
        categories=offer.categories,
        beneficiary_classes=offer.beneficiary_classes,
    )
    towns = () if offer.village_codes else offer.town_codes
    return _open(wanted) | {"item": offer.item} | _any_of("town_code", towns)


def _place(need: Need) -> str:
    return f"{need.tier}.{(need.recorded_at - _EPOCH) // _MILLISECOND}.{need.id}"


def _beyond(after: str) -> dict[str, Any]:
    """Behind that place in ORDER. Raises Invalid."""
    if not after:
        return {}
    tier, _, rest = after.partition(".")
    at, _, id_ = rest.partition(".")
    try:
        recorded_at = _EPOCH + int(at) * _MILLISECOND
        first = int(tier)
    except (ValueError, OverflowError):
        zh, en = "翻页标记不正确", "not a place in the menu"
        raise Invalid.of("place_unknown", zh, en, "after") from None
    same = {"tier": first, "recorded_at": recorded_at}
    return {
        "$or": [
            {"tier": {"$gt": first}},
            {"tier": first, "recorded_at": {"$gt": recorded_at}},
            {**same, "_id": {"$gt": id_}},
        ]
    }
