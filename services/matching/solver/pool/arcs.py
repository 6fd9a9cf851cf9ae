"""Candidate pairs of a pool with what each may carry and costs: no pair, no arc."""

from dataclasses import dataclass

import numpy as np

from services.matching.solver.pool.buckets import Buckets
from services.matching.solver.pool.columns import (
    NO_LIMIT,
    NOWHERE,
    Demand,
    Flags,
    Indices,
    Ints,
    Pairs,
    Pool,
    Supply,
)
from services.matching.solver.pool.distance import metres
from services.matching.solver.pool.weights import Weights

_TOWNS = 1 << 32
_TABLE_MAX = 1 << 18  # pairs


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """In ascending order of request, then offer.

    room: what the offer may give to this request. cost: points a unit, without load.
    held: the request is an open case of the offer already.
    """

    request: Indices
    offer: Indices
    room: Ints
    distance: Ints
    cost: Ints
    held: Flags

    def __len__(self) -> int:
        return len(self.request)

    def only(self, which: Flags) -> "Arcs":
        return Arcs(
            self.request[which],
            self.offer[which],
            self.room[which],
            self.distance[which],
            self.cost[which],
            self.held[which],
        )


def arcs_of(pool: Pool, weights: Weights, buckets: Buckets | None = None) -> Arcs:
    """buckets: of the pool's supply, where it is known already."""
    request, offer = _in_area(pool, buckets or Buckets(pool.supply))
    return _costed(pool, weights, *_allowed(pool, request, offer))


def arcs_between(pool: Pool, weights: Weights, request: Indices, offer: Indices) -> Arcs:
    """Of candidate pairs found elsewhere, in ascending order."""
    return _costed(pool, weights, request, offer, _metres(pool.demand, pool.supply, request, offer))


def _costed(pool: Pool, weights: Weights, request: Indices, offer: Indices, away: Ints) -> Arcs:
    demand, supply = pool.demand, pool.supply
    given = _looked_up(pool.shares, request, offer, len(supply))
    room = np.minimum(demand.amount[request], supply.cap[offer] - given)
    room = np.minimum(room, supply.budget[offer])
    held = given > 0
    open_ = (room > 0) & (held | (supply.cases[offer] > 0))
    request, offer, away = request[open_], offer[open_], away[open_]
    distance = np.minimum(away // weights.metres_per_point, weights.distance_points_max)
    cost = 1 + distance + (supply.specialism + supply.unreliability)[offer]
    return Arcs(request, offer, room[open_], distance, cost, held[open_])


def _in_area(pool: Pool, buckets: Buckets) -> tuple[Indices, Indices]:
    """Pairs by category and town."""
    if 0 < len(pool.demand) * len(pool.supply) <= _TABLE_MAX:
        return _in_table(pool.demand, buckets)
    return _in_buckets(pool.demand, buckets)


def _in_table(demand: Demand, buckets: Buckets) -> tuple[Indices, Indices]:
    """Every pair looked at, which for few is faster."""
    categories, category = np.unique(demand.category, return_inverse=True)
    towns, town = np.unique(demand.town, return_inverse=True)
    by_category, by_town = buckets.table(categories, towns)
    request, offer = np.nonzero(by_category[category] & by_town[town])
    return request.astype(np.int32), offer.astype(np.int32)


def _in_buckets(demand: Demand, buckets: Buckets) -> tuple[Indices, Indices]:
    """All requests of a bucket at once."""
    keys, bucket = np.unique(demand.category * _TOWNS + demand.town, return_inverse=True)
    found = [buckets.of(int(key // _TOWNS), int(key % _TOWNS)) for key in keys]
    sizes = np.array([len(rows) for rows in found], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    counts = sizes[bucket]
    request = np.repeat(np.arange(len(demand), dtype=np.int32), counts)
    first = np.repeat(starts[bucket] - (np.cumsum(counts) - counts), counts)
    flat = np.concatenate(found) if found else np.zeros(0, dtype=np.int32)
    return request, flat[first + np.arange(len(request))]


def _allowed(pool: Pool, request: Indices, offer: Indices) -> tuple[Indices, Indices, Ints]:
    """Without pairs that tier, class, radius or an earlier decline rule out; and the metres."""
    demand, supply = pool.demand, pool.supply
    allowed = (supply.tiers[offer] >> demand.tier[request] & 1).astype(np.bool_)
    classes = supply.beneficiary_classes[offer] >> demand.beneficiary_class[request]
    allowed &= (classes & 1).astype(np.bool_)
    allowed &= ~_contained(pool.excluded, request, offer, len(supply))
    request, offer = request[allowed], offer[allowed]
    away = _metres(demand, supply, request, offer)
    near = within(supply.radius_m[offer], away, demand.latitude[request])
    return request[near], offer[near], away[near]


def within(radius_m: Ints, away: Ints, latitude: Ints) -> Flags:
    """Whose place is not known is in no radius."""
    inside: Flags = (away <= radius_m) & (latitude != NOWHERE)
    everywhere: Flags = radius_m == NO_LIMIT
    return np.asarray(inside | everywhere)


def _metres(demand: Demand, supply: Supply, request: Indices, offer: Indices) -> Ints:
    return metres(
        demand.latitude[request],
        demand.longitude[request],
        supply.latitude[offer],
        supply.longitude[offer],
    )


def _contained(pairs: Pairs, request: Indices, offer: Indices, offers: int) -> Flags:
    if not len(pairs.request):
        return np.zeros(len(request), dtype=np.bool_)
    return _position(pairs, request, offer, offers)[1]


def _looked_up(pairs: Pairs, request: Indices, offer: Indices, offers: int) -> Ints:
    if not len(pairs.request):
        return np.zeros(len(request), dtype=np.int64)
    at, there = _position(pairs, request, offer, offers)
    return np.where(there, pairs.quantity[at], 0)


def _position(pairs: Pairs, request: Indices, offer: Indices, offers: int) -> tuple[Ints, Flags]:
    keys = pairs.request * offers + pairs.offer
    wanted = request.astype(np.int64) * offers + offer
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return at, keys[at] == wanted
