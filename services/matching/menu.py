"""The claim menu (认领): open requests as a donor may see them, in order of urgency.

Nobody is named in it: what kind of help, in which town, how much, since when.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.matching import store
from services.matching.eligibility import build_query
from services.matching.messages import PLACE_UNKNOWN, UNIT_MISSING
from services.matching.model.campaign import Emergency
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from shared import mongo
from shared.contracts.values import LABELS, TIERS, BeneficiaryClass, Category, Kind, Quantity, Value
from shared.moments import milliseconds, of_milliseconds
from shared.towns import town_name

TIER_RANGE = range(max(TIERS.values()) + 1)
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


async def find_open_needs(
    database: mongo.Database, criteria: MenuFilter, now: datetime, after: str, limit: int
) -> Page:
    """after: `next` of the page before. Raises Invalid."""
    context = await store.load_pool_context(database, (), now)
    query, beyond = _build_query(criteria), _after_place(after)
    needs = [need async for need in _iterate_by_urgency(database, query, context, limit, beyond)]
    return Page(needs, _format_place(needs[-1]) if len(needs) == limit else None)


async def find_servable(
    database: mongo.Database, offers: Sequence[Offer], now: datetime, limit: int
) -> dict[str, list[Need]]:
    """What each offer may serve now, by the rule that decides on a claim; limit: of each."""
    offers_open = {o.id: o for o in offers if o.is_open(now) and o.free > 0 and o.cases_free != 0}
    if not offers_open:
        return {}
    open_offers = [offer.to_open() for offer in offers_open.values()]
    context = await store.load_pool_context(database, open_offers, now)
    admitted = {offer.id: offers_open[offer.id] for offer in context.admit(open_offers)}
    if not admitted:
        return {}
    needs, unsure = await _find_needs(database, admitted, context, limit)
    # More urgent needs of other offers hid theirs: each is looked for alone.
    for id_ in unsure if len(admitted) > 1 else ():
        own, _ = await _find_needs(database, {id_: admitted[id_]}, context, limit)
        needs |= own
    return needs


async def _find_needs(
    database: mongo.Database, offers: Mapping[str, Offer], context: store.PoolContext, limit: int
) -> tuple[dict[str, list[Need]], list[str]]:
    """By offer; and those that might serve more than was looked at."""
    needs: dict[str, list[Need]] = {id_: [] for id_ in offers}
    unfilled = {id_: Candidates([offer.to_open()]) for id_, offer in offers.items()}
    query = {"$or": [_build_coarse_query(offer) for offer in offers.values()]}
    remaining = LOOKED_AT_MAX * len(offers)
    async for need in _iterate_by_urgency(database, query, context, remaining):
        remaining -= 1
        open_need = store.build_open_need(need, context)
        for id_, candidates in list(unfilled.items()):
            if candidates.serve(open_need):
                needs[id_].append(need)
                if len(needs[id_]) == limit:
                    del unfilled[id_]
        if not unfilled:
            break
    return needs, [] if remaining else list(unfilled)


async def _iterate_by_urgency(
    database: mongo.Database,
    query: Mapping[str, object],
    context: store.PoolContext,
    limit: int,
    beyond: Mapping[str, object] | None = None,
) -> AsyncIterator[Need]:
    """The most urgent first; beyond: a condition on the fields of PRIORITY."""
    stages: list[dict[str, object]] = [{"$match": query}]
    if context.emergencies:
        stages.append({"$addFields": {"tier": _build_lifted_tier(context.emergencies)}})
    stages += [{"$match": beyond}] if beyond else []
    stages += [{"$sort": dict(store.PRIORITY)}, {"$limit": limit}]
    async for row in database[Need.COLLECTION].aggregate(stages):
        yield mongo.to_state(Need, row)


def _build_lifted_tier(emergencies: Sequence[Emergency]) -> dict[str, object]:
    """The tier as `model.campaign.lift_tier` has it, for the database to sort by."""
    lifts = [
        {"$cond": [{"$in": ["$town_code", list(e.town_codes)]}, e.lift, 0]} for e in emergencies
    ]
    return {"$max": [0, {"$subtract": ["$tier", {"$max": lifts}]}]}


def menu_row(need: Need, now: datetime) -> dict[str, object]:
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
        "days_waiting": count_days_waiting(need, now),
    }


def count_days_waiting(need: Need, now: datetime) -> int:
    return max(0, (now - need.recorded_at).days)


# --- the query ----------------------------------------------------------------------------------


def _build_query(criteria: MenuFilter) -> dict[str, object]:
    if (criteria.at_least or criteria.at_most) and not criteria.unit:
        raise UNIT_MISSING.invalid("unit")
    query: dict[str, object] = {"state": "open", "remaining": _quantity_range(criteria)}
    exact = {"kind": criteria.kind, "unit": criteria.unit, "item": criteria.item}
    query |= {name: value for name, value in exact.items() if value}
    query |= _match_codes("category", criteria.categories)
    query |= _match_codes("beneficiary_class", criteria.beneficiary_classes)
    return query | store.area_query(criteria.area)


def _quantity_range(criteria: MenuFilter) -> dict[str, int]:
    least = {"$gte": criteria.at_least or 1}
    return least | {"$lte": criteria.at_most} if criteria.at_most else least


def _match_codes(field: str, codes: Sequence[str]) -> dict[str, object]:
    return {field: {"$in": list(codes)}} if codes else {}


def _build_coarse_query(offer: Offer) -> dict[str, object]:
    """The coarse part of the rules, as far as an index helps."""
    return _build_query(MenuFilter()) | build_query(offer.to_open())


def _format_place(need: Need) -> str:
    return f"{need.tier}.{milliseconds(need.recorded_at)}.{need.id}"


def _after_place(after: str) -> dict[str, object]:
    """Behind that place in the order of urgency. Raises Invalid."""
    if not after:
        return {}
    tier, _, rest = after.partition(".")
    at, _, id_ = rest.partition(".")
    try:
        recorded_at = of_milliseconds(int(at))
        first = int(tier)
    except (ValueError, OverflowError):
        raise PLACE_UNKNOWN.invalid("after") from None
    if first not in TIER_RANGE:
        raise PLACE_UNKNOWN.invalid("after")
    same = {"tier": first, "recorded_at": recorded_at}
    return {
        "$or": [
            {"tier": {"$gt": first}},
            {"tier": first, "recorded_at": {"$gt": recorded_at}},
            {**same, "_id": {"$gt": id_}},
        ]
    }
