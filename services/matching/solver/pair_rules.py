"""Who may serve whom, of many pairs at once: the rules of eligibility.py over a pool's columns.

Each says of pairs of rows (request, offer) which it allows.
"""

from collections.abc import Callable

import numpy as np

from services.matching.model.place import measure_columns
from services.matching.solver.arrays import Flags, Indices, Membership
from services.matching.solver.columns import NO_LIMIT, NONE, Pool

PairRule = Callable[[Pool, Indices, Indices], Flags]


def exclude_reason(reason: int) -> PairRule:
    """Of pairs, those that are not excluded for this reason."""

    def allows_pairs(pool: Pool, request: Indices, offer: Indices) -> Flags:
        if not len(pool.excluded.request):
            return np.ones(len(request), dtype=np.bool_)
        return np.asarray(pool.excluded.find(request, offer) & reason == 0)

    return allows_pairs


def match_categories(pool: Pool, request: Indices, offer: Indices) -> Flags:
    return Membership(pool.supply.categories).has(pool.demand.category[request], offer)


def match_classes(pool: Pool, request: Indices, offer: Indices) -> Flags:
    classes = pool.supply.beneficiary_classes[offer]
    return (classes >> pool.demand.beneficiary_class[request] & 1).astype(np.bool_)


def match_tiers(pool: Pool, request: Indices, offer: Indices) -> Flags:
    return (pool.supply.tiers[offer] >> pool.demand.tier[request] & 1).astype(np.bool_)


def match_areas(pool: Pool, request: Indices, offer: Indices) -> Flags:
    towns, villages = Membership(pool.supply.towns), Membership(pool.supply.villages)
    named = towns.names(pool.demand.town[request], offer)
    named |= villages.names(pool.demand.village[request], offer)
    return named | (towns.is_any & villages.is_any)[offer]


def match_radii(pool: Pool, request: Indices, offer: Indices) -> Flags:
    demand, supply = pool.demand, pool.supply
    near = np.ones(len(request), dtype=np.bool_)
    limited = np.flatnonzero((supply.radius_m < NO_LIMIT)[offer])
    request, offer = request[limited], offer[limited]
    here = demand.latitude[request], demand.longitude[request]
    there = supply.latitude[offer], supply.longitude[offer]
    within = measure_columns(*here, *there) <= supply.radius_m[offer]
    near[limited] = within & demand.is_placed[request] & supply.is_placed[offer]
    return near


def match_campaigns(pool: Pool, request: Indices, offer: Indices) -> Flags:
    campaign = pool.supply.campaign[offer]
    allowed: Flags = campaign == NONE
    of_one = np.flatnonzero(~allowed)
    allowed[of_one] = pool.joined.find(request[of_one], campaign[of_one]) > 0
    return allowed
