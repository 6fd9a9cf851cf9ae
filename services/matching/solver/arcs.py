"""Candidate pairs of a pool with what each may carry and costs: no pair, no arc."""

from dataclasses import dataclass

import numpy as np

from services.matching.eligibility import RULES
from services.matching.model.place import NOWHERE, measure_columns
from services.matching.solver.arrays import Flags, Indices, Ints, Membership
from services.matching.solver.columns import Demand, Pool, Supply
from services.matching.solver.weights import Weights

_TABLE_MAX = 1 << 18  # pairs
_CODES = 1 << 20  # more than there are towns, villages or categories
# Rules that an index of a pool's offers answers.
INDEXED = frozenset(("category", "area"))


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """In ascending order of request, then offer.

    room: what the offer may give to this request. cost: points a unit, without load.
    """

    request: Indices
    offer: Indices
    room: Ints
    distance: Ints
    cost: Ints

    def __len__(self) -> int:
        return len(self.request)

    def select(self, which: Flags) -> "Arcs":
        return Arcs(
            self.request[which],
            self.offer[which],
            self.room[which],
            self.distance[which],
            self.cost[which],
        )


class OfferIndex:
    """Which offers serve a category in a place, found once for each: the table's indexed rules.

    A place is a town and, where it is known, a village.
    """

    def __init__(self, supply: Supply) -> None:
        self._categories = Membership(supply.categories)
        self._towns, self._villages = Membership(supply.towns), Membership(supply.villages)
        self._anywhere = self._towns.is_any & self._villages.is_any
        self._by_category: dict[int, Flags] = {}
        self._rows: dict[tuple[int, int, int], Indices] = {}

    def find_pairs(self, demand: Demand) -> tuple[Indices, Indices]:
        """(request, offer), in ascending order."""
        if 0 < len(demand) * len(self._anywhere) <= _TABLE_MAX:
            return self._pair_in_table(demand)
        return self._pair_in_buckets(demand)

    def _pair_in_table(self, demand: Demand) -> tuple[Indices, Indices]:
        """Every pair looked at, which for few is faster."""
        categories, category = np.unique(demand.category, return_inverse=True)
        places, place = np.unique(_list_places(demand), return_inverse=True)
        by_category = np.array([self._find_flags(int(code)) for code in categories])
        by_place = np.array([self._flag_place(*_split_place(int(key))) for key in places])
        request, offer = np.nonzero(by_category[category] & by_place[place])
        return request.astype(np.int32), offer.astype(np.int32)

    def _pair_in_buckets(self, demand: Demand) -> tuple[Indices, Indices]:
        """All requests of a category and place at once."""
        places, place = np.unique(_list_places(demand), return_inverse=True)
        keys, bucket = np.unique(demand.category * len(places) + place, return_inverse=True)
        buckets = [
            self._find_rows(int(key // len(places)), int(places[key % len(places)])) for key in keys
        ]
        sizes = np.array([len(rows) for rows in buckets], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        counts = sizes[bucket]
        request = np.repeat(np.arange(len(demand), dtype=np.int32), counts)
        first = np.repeat(starts[bucket] - (np.cumsum(counts) - counts), counts)
        flat = np.concatenate(buckets) if buckets else np.zeros(0, dtype=np.int32)
        return request, flat[first + np.arange(len(request))]

    def _find_rows(self, category: int, place: int) -> Indices:
        key = (category, *_split_place(place))
        rows = self._rows.get(key)
        if rows is None:
            allowed = self._flag_place(*key[1:]) & self._find_flags(category)
            rows = self._rows[key] = np.flatnonzero(allowed).astype(np.int32)
        return rows

    def _flag_place(self, town: int, village: int) -> Flags:
        flags = self._anywhere.copy()
        flags[self._towns.find_rows(town)] = True
        flags[self._villages.find_rows(village)] = True
        return flags

    def _find_flags(self, category: int) -> Flags:
        flags = self._by_category.get(category)
        if flags is None:
            flags = self._categories.is_any.copy()
            flags[self._categories.find_rows(category)] = True
            self._by_category[category] = flags
        return flags


def _list_places(demand: Demand) -> Ints:
    """A number for each town and village; a village may be NONE."""
    return demand.town * _CODES + demand.village + 1


def _split_place(place: int) -> tuple[int, int]:
    return place // _CODES, place % _CODES - 1


def build_arcs(pool: Pool, weights: Weights, index: OfferIndex | None = None) -> Arcs:
    """index: of the pool's supply, where there is one already."""
    demand, supply = pool.demand, pool.supply
    request, offer = (index or OfferIndex(supply)).find_pairs(demand)
    allowed = mark_allowed(pool, request, offer, indexed=True)
    request, offer = request[allowed], offer[allowed]
    room = np.minimum(demand.amount[request], supply.budget[offer])
    room = np.minimum(room, supply.cap[offer] - pool.shares.find(request, offer))
    away = _count_metres(pool, request, offer, weights)
    distance = np.minimum(away // weights.metres_per_point, weights.distance_points_max)
    cost = 1 + distance + (supply.specialism + supply.unreliability)[offer]
    return Arcs(request, offer, room, distance, cost)


def mark_allowed(pool: Pool, request: Indices, offer: Indices, *, indexed: bool) -> Flags:
    """Of pairs of rows; indexed: they were found by an index of offers already."""
    allowed = np.ones(len(request), dtype=np.bool_)
    for rule in RULES:
        if rule.allows_pairs is not None and not (indexed and rule.name in INDEXED):
            allowed &= rule.allows_pairs(pool, request, offer)
    return allowed


def _count_metres(pool: Pool, request: Indices, offer: Indices, weights: Weights) -> Ints:
    """What is not known is never near: the neighbour goes before it."""
    demand, supply = pool.demand, pool.supply
    away = measure_columns(
        demand.latitude[request],
        demand.longitude[request],
        supply.latitude[offer],
        supply.longitude[offer],
    )
    is_somewhere = (demand.latitude[request] < NOWHERE) & (supply.latitude[offer] < NOWHERE)
    is_exact = demand.is_placed[request] & supply.is_placed[offer]
    about = np.where(is_exact, away, np.maximum(away, weights.town_metres))
    return np.where(is_somewhere, about, weights.unknown_metres)
