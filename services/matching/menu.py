"""The claim menu (认领): open requests as a donor may see them, in order of urgency.

Nobody is named in it: what kind of help, in which town, how much, since when.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from services.matching import store
from services.matching.model.emergency import Emergency
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from shared import mongo
from shared.contracts.values import LABELS, TIERS, BeneficiaryClass, Category, Kind, Quantity, Value
from shared.errors import Invalid
from shared.moments import milliseconds, of_milliseconds
from shared.towns import town_name

TIERS_SHOWN = range(max(TIERS.values()) + 1)
# How many requests are looked at, for each offer, for those that it may serve.
LOOKED_AT_MAX = 2000


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
    database: mongo.Database, offers: Sequence[Offer], now: datetime, limit: int
) -> dict[str, list[Need]]:
    """What each offer may serve now, by the rule that decides on a claim; limit: of each."""
    open_ = {o.id: o for o in offers if o.is_open(now) and o.free > 0 and o.cases_free != 0}
    if not open_:
        return {}
    giving = [store.open_offer(offer) for offer in open_.values()]
    beside = await store.around(database, giving, now)
    admitted = {offer.id: open_[offer.id] for offer in beside.admitted(giving)}
    if not admitted:
        return {}
    found, unsure = await _served(database, admitted, beside, limit)
    # What others may serve was more urgent and hid theirs: each looks alone.
    for id_ in unsure if len(admitted) > 1 else ():
        alone, _ = await _served(database, {id_: admitted[id_]}, beside, limit)
        found |= alone
    return found


async def _served(
    database: mongo.Database, offers: Mapping[str, Offer], beside: store.Around, limit: int
) -> tuple[dict[str, list[Need]], list[str]]:
    """By offer; and those that might serve more than was looked at."""
    found: dict[str, list[Need]] = {id_: [] for id_ in offers}
    serving = {id_: Candidates([store.open_offer(offer)]) for id_, offer in offers.items()}
    query = {"$or": [_fitting(offer) for offer in offers.values()]}
    left = LOOKED_AT_MAX * len(offers)
    async for need in _in_order(database, query, beside, left):
        left -= 1
        asked = store.open_need(need, beside)
        for id_, candidates in list(serving.items()):
            if candidates.serve(asked):
                found[id_].append(need)
                if len(found[id_]) == limit:
                    del serving[id_]
        if not serving:
            break
    return found, [] if left else list(serving)


async def _in_order(
    database: mongo.Database,
    query: Mapping[str, Any],
    beside: store.Around,
    limit: int,
    beyond: Mapping[str, Any] | None = None,
) -> AsyncIterator[Need]:
    """The most urgent first; beyond: a condition on the fields of PRIORITY."""
    stages: list[dict[str, Any]] = [{"$match": query}]
    if beside.emergencies:
        stages.append({"$addFields": {"tier": _lifted(beside.emergencies)}})
    stages += [{"$match": beyond}] if beyond else []
    stages += [{"$sort": dict(store.PRIORITY)}, {"$limit": limit}]
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
    return f"{need.tier}.{milliseconds(need.recorded_at)}.{need.id}"


def _beyond(after: str) -> dict[str, Any]:
    """Behind that place in the order of urgency. Raises Invalid."""
    if not after:
        return {}
    tier, _, rest = after.partition(".")
    at, _, id_ = rest.partition(".")
    try:
        recorded_at = of_milliseconds(int(at))
        first = int(tier)
    except (ValueError, OverflowError):
        raise _not_a_place() from None
    if first not in TIERS_SHOWN:
        raise _not_a_place()
    same = {"tier": first, "recorded_at": recorded_at}
    return {
        "$or": [
            {"tier": {"$gt": first}},
            {"tier": first, "recorded_at": {"$gt": recorded_at}},
            {**same, "_id": {"$gt": id_}},
        ]
    }


def _not_a_place() -> Invalid:
    return Invalid.of("place_unknown", "翻页标记不正确", "not a place in the menu", "after")
