"""Who may serve whom, as one table: a row for each reason why an offer may not serve a need.

All who ask take it from here: the decision on a proposal or claim (`find_obstacle`), the index of
candidates (`reads`), the solver's columns (`allows_pairs`), the menu's query (`stored_needs`) and
the counts of an explanation (`group`). A property test holds them equal.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.matching import messages
from services.matching.model.distance import NOWHERE, metres, metres_of_columns
from services.matching.solver.columns import (
    DONOR_EXCLUDED,
    FUND_EXCLUDED,
    FUND_RELATED,
    NO_LIMIT,
    NONE,
    OFFER_EXCLUDED,
    Flags,
    Indices,
    Membership,
    Pool,
)
from services.matching.solver.interface import OpenNeed, OpenOffer
from shared.errors import Message

Group = Literal["category", "area", "restriction", "declined", "budget", "open_cases", "cap"]

# An explanation counts an offer once, in the first of these in which a rule keeps it from the need.
GROUPS: Mapping[Group, tuple[str, str]] = {
    "category": ("类别不符", "category"),
    "area": ("不在服务范围", "area"),
    "restriction": ("资金用途或对象受限", "restricted fund"),
    "declined": ("此前已婉拒", "earlier decline"),
    "budget": ("已无余额", "budget"),
    "open_cases": ("在办件数已满", "open cases"),
    "cap": ("已达单件上限", "cap per request"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """refusal: what is answered where it does not allow a match. group: where it is counted.

    allows: whether the offer may give so much to the need. allows_pairs: the same of pairs of rows
    of a pool, for one unit; None where a pool holds only what the rule allows.
    reads: the fields of a need that it depends on, where they are few and alike for many needs.
    stored_needs: a condition on needs in the database that all it allows meet.
    """

    name: str
    refusal: Message
    group: Group
    allows: Callable[[OpenNeed, OpenOffer, int], bool]
    allows_pairs: Callable[[Pool, Indices, Indices], Flags] | None
    reads: tuple[str, ...] = ()
    stored_needs: Callable[[OpenOffer], Mapping[str, object]] | None = None


def find_obstacle(need: OpenNeed, offer: OpenOffer, quantity: int = 1) -> Rule | None:
    """The first rule that keeps the offer from giving so much to the need."""
    return next((rule for rule in RULES if not rule.allows(need, offer, quantity)), None)


def build_query(offer: OpenOffer) -> dict[str, object]:
    """A condition on needs in the database that all that the offer may serve meet."""
    query: dict[str, object] = {}
    for rule in RULES:
        if rule.stored_needs is not None:
            query |= rule.stored_needs(offer)
    return query


def allowed_pairs(pool: Pool, request: Indices, offer: Indices, *, indexed: bool) -> Flags:
    """Of pairs of rows; indexed: they were found by category and area already."""
    allowed = np.ones(len(request), dtype=np.bool_)
    for rule in RULES:
        if rule.allows_pairs is not None and not (indexed and rule.name in INDEXED):
            allowed &= rule.allows_pairs(pool, request, offer)
    return allowed


def count_ruled_out(pool: Pool, request: int) -> dict[Group, int]:
    """By group, how many of the pool's offers may not serve the request in this row."""
    offers = np.arange(len(pool.supply), dtype=np.int32)
    requests = np.full(len(offers), request, dtype=np.int32)
    remaining = np.ones(len(offers), dtype=np.bool_)
    counts: dict[Group, int] = {}
    for group in GROUPS:
        passes = np.ones(len(offers), dtype=np.bool_)
        for rule in _rules_of(group):
            passes &= rule(pool, requests, offers)
        counts[group] = int((remaining & ~passes).sum())
        remaining &= passes
    return counts


def _rules_of(group: Group) -> Iterator[Callable[[Pool, Indices, Indices], Flags]]:
    for rule in RULES:
        if rule.group == group and rule.allows_pairs is not None:
            yield rule.allows_pairs


# --- of columns -----------------------------------------------------------------------------------


def _without(reason: int) -> Callable[[Pool, Indices, Indices], Flags]:
    """Of pairs, those that are not excluded for this reason."""

    def allows_pairs(pool: Pool, request: Indices, offer: Indices) -> Flags:
        if not len(pool.excluded.request):
            return np.ones(len(request), dtype=np.bool_)
        return np.asarray(pool.excluded.find(request, offer) & reason == 0)

    return allows_pairs


def _in_categories(pool: Pool, request: Indices, offer: Indices) -> Flags:
    return Membership(pool.supply.categories).has(pool.demand.category[request], offer)


def _in_classes(pool: Pool, request: Indices, offer: Indices) -> Flags:
    classes = pool.supply.beneficiary_classes[offer]
    return (classes >> pool.demand.beneficiary_class[request] & 1).astype(np.bool_)


def _in_tiers(pool: Pool, request: Indices, offer: Indices) -> Flags:
    return (pool.supply.tiers[offer] >> pool.demand.tier[request] & 1).astype(np.bool_)


def _in_area(pool: Pool, request: Indices, offer: Indices) -> Flags:
    towns, villages = Membership(pool.supply.towns), Membership(pool.supply.villages)
    named = towns.names(pool.demand.town[request], offer)
    named |= villages.names(pool.demand.village[request], offer)
    return named | (towns.is_any & villages.is_any)[offer]


def _in_radius(pool: Pool, request: Indices, offer: Indices) -> Flags:
    demand, supply = pool.demand, pool.supply
    near = np.ones(len(request), dtype=np.bool_)
    limited = np.flatnonzero((supply.radius_m < NO_LIMIT)[offer])
    request, offer = request[limited], offer[limited]
    here = demand.latitude[request], demand.longitude[request]
    there = supply.latitude[offer], supply.longitude[offer]
    within = metres_of_columns(*here, *there) <= supply.radius_m[offer]
    near[limited] = within & (here[0] < NOWHERE) & (there[0] < NOWHERE)
    return near


def _in_campaign(pool: Pool, request: Indices, offer: Indices) -> Flags:
    campaign = pool.supply.campaign[offer]
    allowed: Flags = campaign == NONE
    of_one = np.flatnonzero(~allowed)
    allowed[of_one] = pool.joined.find(request[of_one], campaign[of_one]) > 0
    return allowed


# --- of one pair ----------------------------------------------------------------------------------


def _serves_area(need: OpenNeed, offer: OpenOffer, _quantity: int) -> bool:
    if not offer.town_codes and not offer.village_codes:
        return True
    return need.town_code in offer.town_codes or need.village_code in offer.village_codes


def _serves_distance(need: OpenNeed, offer: OpenOffer, _quantity: int) -> bool:
    """Who has set a radius helps only where the distance is known."""
    if offer.radius_m is None:
        return True
    if offer.place is None or need.place is None:
        return False
    return metres(offer.place, need.place) <= offer.radius_m


def _keeps_cap(need: OpenNeed, offer: OpenOffer, quantity: int) -> bool:
    cap = offer.cap_per_request
    return cap is None or dict(need.shares).get(offer.id, 0) + quantity <= cap


# --- the table ------------------------------------------------------------------------------------


def _any_of(field: str, codes: tuple[str, ...]) -> dict[str, object]:
    return {field: {"$in": list(codes)}} if codes else {}


CAMPAIGN = Rule(
    "campaign",
    messages.NEED_NOT_IN_CAMPAIGN,
    "restriction",
    lambda need, offer, _: offer.campaign_id is None or offer.campaign_id in need.campaigns,
    _in_campaign,
)

# In the order in which a refusal is chosen.
RULES: tuple[Rule, ...] = (
    Rule(
        "offer_excluded",
        messages.OFFER_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.id not in need.excluded_offers,
        _without(OFFER_EXCLUDED),
    ),
    Rule(
        "fund_excluded",
        messages.FUND_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.fund_id not in need.excluded_funds,
        _without(FUND_EXCLUDED),
    ),
    Rule(
        "donor_excluded",
        messages.DONOR_EXCLUDED,
        "declined",
        lambda need, offer, _: offer.donor_id not in need.excluded_donors,
        _without(DONOR_EXCLUDED),
    ),
    Rule(
        "related_party",
        messages.RELATED_PARTY,
        "restriction",
        lambda need, offer, _: offer.fund_id not in need.related_funds,
        _without(FUND_RELATED),
    ),
    Rule(
        "resource",
        messages.UNIT_DIFFERS,
        "category",
        lambda need, offer, _: (offer.unit, offer.item) == (need.unit, need.item),
        None,
        reads=("unit", "item"),
        stored_needs=lambda offer: {"unit": offer.unit, "item": offer.item},
    ),
    Rule(
        "category",
        messages.OFFER_UNSUITABLE,
        "category",
        lambda need, offer, _: not offer.categories or need.category in offer.categories,
        _in_categories,
        reads=("category",),
        stored_needs=lambda offer: _any_of("category", offer.categories),
    ),
    Rule(
        "beneficiary_class",
        messages.OFFER_UNSUITABLE,
        "restriction",
        lambda need, offer, _: (
            not offer.beneficiary_classes or need.beneficiary_class in offer.beneficiary_classes
        ),
        _in_classes,
        reads=("beneficiary_class",),
        stored_needs=lambda offer: _any_of("beneficiary_class", offer.beneficiary_classes),
    ),
    Rule(
        "tier",
        messages.OFFER_UNSUITABLE,
        "restriction",
        lambda need, offer, _: not offer.tiers or need.tier in offer.tiers,
        _in_tiers,
    ),
    Rule(
        "area",
        messages.OFFER_UNSUITABLE,
        "area",
        _serves_area,
        _in_area,
        # A village is a place of its town, and no index helps with both.
        stored_needs=lambda offer: (
            {} if offer.village_codes else _any_of("town_code", offer.town_codes)
        ),
    ),
    Rule("radius", messages.OFFER_UNSUITABLE, "area", _serves_distance, _in_radius),
    Rule(
        "remaining",
        messages.NEED_EXCEEDED,
        "budget",
        lambda need, _, quantity: quantity <= need.remaining,
        lambda pool, request, _: pool.demand.amount[request] > 0,
    ),
    Rule(
        "budget",
        messages.OFFER_EXCEEDED,
        "budget",
        lambda _, offer, quantity: quantity <= offer.free,
        lambda pool, _, offer: pool.supply.budget[offer] > 0,
    ),
    Rule(
        "cap",
        messages.CAP_EXCEEDED,
        "cap",
        _keeps_cap,
        lambda pool, request, offer: pool.supply.cap[offer] > pool.shares.find(request, offer),
    ),
    Rule(
        "open_cases",
        messages.CASES_EXCEEDED,
        "open_cases",
        lambda _, offer, __: offer.cases_free is None or offer.cases_free > 0,
        lambda pool, _, offer: pool.supply.cases[offer] > 0,
    ),
    CAMPAIGN,
)

# Those that an index of a pool's offers answers (arcs.py).
INDEXED = frozenset(("category", "area"))
