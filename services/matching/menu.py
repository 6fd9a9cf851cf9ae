"""The claim menu (认领): open requests as a donor may see them, who needs most first.

Waiting counts as in rounds, so what is old is seen among the first.

Nobody is named in it: what kind of help, in which town, how much, since when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.matching import store
from services.matching.eligibility import build_query
from services.matching.messages import PLACE_UNKNOWN, UNIT_MISSING
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from services.matching.solver.weights import Weights
from shared import mongo
from shared.contracts.values import LABELS, BeneficiaryClass, Category, Kind, Quantity, Value
from shared.moments import count_milliseconds, from_milliseconds
from shared.scope import Scope
from shared.towns import town_name

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
    """needs: with the tier they have now, under emergency measures a lower one."""

    needs: Sequence[Need]
    next: str | None


async def find_open_needs(
    database: mongo.Database,
    criteria: MenuFilter,
    weights: Weights,
    now: datetime,
    after: str,
    limit: int,
) -> Page:
    """after: `next` of the page before. Raises Invalid."""
    context = await store.load_pool_context(database, (), now)
    query, place = build_menu_query(criteria), parse_place(after)
    rows = store.iterate_by_rank(database, query, context, weights, limit=limit, after=place)
    needs = [raise_tier(rank, row) async for rank, row in rows]
    return Page(needs, format_place(needs[-1]) if len(needs) == limit else None)


def raise_tier(rank: store.Rank, row: Mapping[str, object]) -> Need:
    """With the tier it has now."""
    return mongo.to_state(Need, row).model_copy(update={"tier": rank.tier})


async def find_servable(
    database: mongo.Database, offers: Sequence[Offer], weights: Weights, now: datetime, limit: int
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
    needs, unsure = await _find_needs(database, admitted, context, weights, limit)
    # More urgent needs of other offers hid theirs: each is looked for alone.
    for id_ in unsure if len(admitted) > 1 else ():
        own, _ = await _find_needs(database, {id_: admitted[id_]}, context, weights, limit)
        needs |= own
    return needs


async def _find_needs(
    database: mongo.Database,
    offers: Mapping[str, Offer],
    context: store.PoolContext,
    weights: Weights,
    limit: int,
) -> tuple[dict[str, list[Need]], list[str]]:
    """By offer; and those that might serve more than was looked at."""
    needs: dict[str, list[Need]] = {id_: [] for id_ in offers}
    unfilled = {id_: Candidates([offer.to_open()]) for id_, offer in offers.items()}
    query = {"$or": [build_coarse_query(offer) for offer in offers.values()]}
    remaining = LOOKED_AT_MAX * len(offers)
    rows = store.iterate_by_rank(database, query, context, weights, limit=remaining)
    async for rank, row in rows:
        remaining -= 1
        need = raise_tier(rank, row)
        open_need = store.build_open_need(mongo.to_state(Need, row), context)
        for id_, candidates in list(unfilled.items()):
            if candidates.serve(open_need):
                needs[id_].append(need)
                if len(needs[id_]) == limit:
                    del unfilled[id_]
        if not unfilled:
            break
    return needs, [] if remaining else list(unfilled)


def describe_menu_row(need: Need, now: datetime) -> dict[str, object]:
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


def build_menu_query(criteria: MenuFilter) -> dict[str, object]:
    if (criteria.at_least or criteria.at_most) and not criteria.unit:
        raise UNIT_MISSING.invalid("unit")
    query: dict[str, object] = {"state": "open", "remaining": _select_quantity(criteria)}
    exact = {"kind": criteria.kind, "unit": criteria.unit, "item": criteria.item}
    query |= {name: value for name, value in exact.items() if value}
    query |= _match_codes("category", criteria.categories)
    query |= _match_codes("beneficiary_class", criteria.beneficiary_classes)
    return query | Scope(area=criteria.area).build_query(store.NEEDS)


def _select_quantity(criteria: MenuFilter) -> dict[str, int]:
    least = {"$gte": criteria.at_least or 1}
    return least | {"$lte": criteria.at_most} if criteria.at_most else least


def _match_codes(field: str, codes: Sequence[str]) -> dict[str, object]:
    return {field: {"$in": list(codes)}} if codes else {}


def build_coarse_query(offer: Offer) -> dict[str, object]:
    """The coarse part of the rules, as far as an index helps."""
    return build_menu_query(MenuFilter()) | build_query(offer.to_open())


def format_place(need: Need) -> str:
    return f"{need.tier}.{count_milliseconds(need.recorded_at)}.{need.id}"


def parse_place(after: str) -> store.Rank | None:
    """Raises Invalid."""
    if not after:
        return None
    tier, _, rest = after.partition(".")
    at, _, id_ = rest.partition(".")
    try:
        place = store.Rank(int(tier), from_milliseconds(int(at)), id_)
    except (ValueError, OverflowError):
        raise PLACE_UNKNOWN.invalid("after") from None
    if place.tier not in store.TIER_RANGE or not 1900 <= place.recorded_at.year < 9000:
        raise PLACE_UNKNOWN.invalid("after")
    return place
