"""Limits on open cases kept: what is above them is dropped and placed again, then polished.

The least valuable cases above what an offer may take are dropped, and what they had is placed
again, the most urgent first, each from its cheapest offer. To polish, cases are priced and the
flow is solved again over few arcs; offers that are full keep their cases and it is solved once
more; then an offer's least valuable case is swapped for one that saves more.
"""

from dataclasses import replace

import numpy as np

from services.matching.solver.arrays import (
    Flags,
    Indices,
    Ints,
    Rows,
    fill_in_order,
    rank_in_runs,
)
from services.matching.solver.columns import NO_LIMIT
from services.matching.solver.model import NEVER, Model
from services.matching.solver.prices import PoolPrices


def drop_excess_cases(model: Model, quantities: Ints) -> Ints:
    """Without the least valuable cases above K."""
    arcs = model.arcs
    new = np.flatnonzero(quantities > 0)
    value = quantities[new] * (model.worth[arcs.request[new]] - arcs.cost[new])
    order = new[np.lexsort((new, -value, arcs.offer[new]))]
    dropped = order[rank_in_runs(arcs.offer[order]) >= model.cases[arcs.offer[order]]]
    result = quantities.copy()
    result[dropped] = 0
    return result


# --- refill: the most urgent first, each from its cheapest offer ----------------------------------


def refill(model: Model, quantities: Ints, price: Ints | None = None) -> Ints:
    """Adds to `quantities` within every limit; a unit that costs more than its worth is not placed.

    price: of each offer's unit, at least; without it the load alone is its price.
    """
    arcs = model.arcs
    want = model.amount - model.sum_by_request(quantities)
    shelf = _Shelf(model, quantities, np.zeros_like(model.cases) if price is None else price)
    able = (want[arcs.request] > 0) & (quantities < arcs.room) & (shelf.units[arcs.offer] > 0)
    able &= (quantities > 0) | (shelf.slots[arcs.offer] > 0)
    result = quantities.copy()
    for request, numbers in _group_by_urgency(model, np.flatnonzero(able)):
        _place(model, shelf, result, numbers, int(want[request]))
    return result


def _group_by_urgency(model: Model, able: Rows) -> list[tuple[int, Rows]]:
    """(request, its arcs), the dearest first, then by id."""
    request = model.arcs.request[able]
    starts = np.flatnonzero(np.diff(request, prepend=-1))
    groups = np.split(able, starts[1:]) if len(able) else []
    rows = zip(request[starts].tolist(), groups, strict=True)
    return sorted(rows, key=lambda row: (-int(model.worth[row[0]]), row[0]))


class _Shelf:
    """What the offers still have: new cases, and of the quarter reached so far its units."""

    def __init__(self, model: Model, quantities: Ints, price: Ints) -> None:
        """price: points of each offer's unit, at least."""
        self.slots = model.cases - model.count_cases(quantities)
        self._free = (
            model.quarters - model.fill_quarters(quantities)
            if quantities.any()
            else model.quarters.copy()
        )
        self._load, self._price = model.load, price
        quarter = (self._free > 0).argmax(axis=1)
        rows = np.arange(len(quarter))
        self.units: Ints = self._free[rows, quarter]
        self.points: Ints = np.maximum(self._load[quarter], price)

    def take(self, offer: int, quantity: int, *, new: bool) -> None:
        """At most the units of its quarter."""
        free = self._free[offer]
        free[int((free > 0).argmax())] -= quantity
        quarter = int((free > 0).argmax())
        self.units[offer] = free[quarter]
        self.points[offer] = max(int(self._load[quarter]), int(self._price[offer]))
        self.slots[offer] -= new

    def find_quarters(
        self, offers: Indices, cost: Ints, room: Ints, worth: int
    ) -> tuple[Ints, Ints]:
        """(offers, 4): what each may give at no more than the worth, and points for a unit."""
        points = cost[:, None] + np.maximum(self._load, self._price[offers][:, None])
        return fill_in_order(np.where(points <= worth, self._free[offers], 0), room), points


def _place(model: Model, shelf: _Shelf, quantities: Ints, numbers: Rows, want: int) -> None:
    """numbers: the request's arcs. A quarter at a time, as its end changes the order."""
    arcs = model.arcs
    offers, cost = arcs.offer[numbers], arcs.cost[numbers]
    room = arcs.room[numbers] - quantities[numbers]
    opened = quantities[numbers] > 0
    request = int(arcs.request[numbers[0]])
    worth, extra = int(model.worth[request]), model.compute_donor_step(request)
    while want > 0:
        units = np.minimum(shelf.units[offers], room)
        able = (units > 0) & (opened | (shelf.slots[offers] > 0))
        costs = np.where(able, cost + shelf.points[offers], NEVER)
        best = int(costs.argmin())
        if costs[best] > worth:
            return
        if extra and want > units[best] and (able & (room >= want)).any():
            free, points = shelf.find_quarters(offers, cost, np.where(able, room, 0), worth)
            one = choose_one_donor(want, free, points, quantities[numbers] > 0, extra)
            extra = 0
            if one is not None:
                room[np.arange(len(room)) != one] = 0
                continue
        quantity = min(want, int(units[best]))
        shelf.take(int(offers[best]), quantity, new=not opened[best])
        opened[best] = True
        room[best] -= quantity
        quantities[numbers[best]] += quantity
        want -= quantity


# --- one donor or several -------------------------------------------------------------------------


_EXACT = 1 << 62  # what sums of points times units stay below in numpy's integers


def choose_one_donor(want: int, free: Ints, points: Ints, gives: Flags, extra: int) -> int | None:
    """The row of who should give all that is wanted; None where several should, or must.

    free, points: (candidates, 4), the units of each quarter that may be given, and what each costs.
    gives: donors of the request already. extra: points times units of every further donor.
    """
    able = np.flatnonzero(free.sum(axis=1) >= want)
    if not len(able):
        return None
    points = np.where(free > 0, points, 0)
    if want * int(points.max()) >= _EXACT:
        points = points.astype(object)
    before = free[able].cumsum(axis=1) - free[able]
    alone = (np.clip(want - before, 0, free[able]) * points[able]).sum(axis=1)
    costs = alone + extra * ~gives[able]
    best = int(costs.argmin())
    if not gives.any() and costs[best] <= want * points[free > 0].min() + 2 * extra:
        return int(able[best])
    return int(able[best]) if costs[best] <= _sum_costs(want, free, points, gives, extra) else None


def _sum_costs(want: int, free: Ints, points: Ints, gives: Flags, extra: int) -> int:
    """What it costs from the cheapest units, whoever's they are."""
    order = points.ravel().argsort(kind="stable")
    units = free.ravel()[order]
    used = np.clip(want - (units.cumsum() - units), 0, units)
    rows = np.unique(order[used > 0] // points.shape[1])
    return int((used * points.ravel()[order]).sum()) + extra * int((~gives[rows]).sum())


CANDIDATES = 6  # of a request
SWAPS_MAX = 8  # of one offer


def price_cases(model: Model, relaxed: Ints, prices: PoolPrices) -> Model:
    """With arcs dearer by what the first case above the limit is worth at their offers.

    relaxed: the cheapest flow within the quarters, whatever cases it opens; prices: its duals.
    """
    cost = model.arcs.cost + _price_cases(model, relaxed, prices)
    return replace(model, arcs=replace(model.arcs, cost=cost))


def mark_nearest(priced: Model, relaxed: Ints, prices: PoolPrices) -> Flags:
    """Each request's few cheapest arcs, and what the flow uses."""
    arcs = priced.arcs
    score = arcs.cost + prices.offer[arcs.offer]
    order = np.lexsort((score, arcs.request))
    near = np.zeros(len(score), dtype=np.bool_)
    near[order[rank_in_runs(arcs.request[order]) < CANDIDATES]] = True
    return near | (relaxed > 0)


def _price_cases(model: Model, quantities: Ints, prices: PoolPrices) -> Ints:
    """Points a unit by which each arc is dearer: what the first case above K is worth there."""
    arcs = model.arcs
    worth = arcs.room * (prices.request[arcs.request] - arcs.cost - prices.offer[arcs.offer])
    limited = (model.cases < NO_LIMIT)[arcs.offer]
    used = np.flatnonzero(limited & (quantities > 0))
    order = used[np.lexsort((-worth[used], arcs.offer[used]))]
    first = order[rank_in_runs(arcs.offer[order]) == model.cases[arcs.offer[order]]]
    price = np.zeros(len(model.cases), dtype=np.int64)
    price[arcs.offer[first]] = np.maximum(worth[first], 0)
    return np.where(limited, price[arcs.offer] // arcs.room, 0)


def mark_open_arcs(model: Model, quantities: Ints) -> Flags:
    """The arcs that are left when offers with no case free keep theirs alone."""
    full = model.count_cases(quantities) >= model.cases
    return ~full[model.arcs.offer] | (quantities > 0)


# --- swaps: a full offer's least valuable case for one that saves more ----------------------------


def swap_cases(model: Model, quantities: Ints) -> Ints:
    """Load is left out of account, so the result may be a little dearer: compare.

    What the swaps free is to be placed again.
    """
    result = quantities.copy()
    want = model.amount - model.sum_by_request(quantities)
    free = model.budget - model.sum_by_offer(quantities)
    full = (model.count_cases(quantities) >= model.cases) & (model.cases > 0)
    for mine in _group_by_offer(model, full):
        for _ in range(SWAPS_MAX):
            if not _swap(model, result, want, free, mine):
                break
    return result


def _group_by_offer(model: Model, full: Flags) -> list[Rows]:
    """The arcs of each of these offers."""
    offer = model.arcs.offer
    own = np.flatnonzero(full[offer])
    own = own[np.argsort(offer[own], kind="stable")]
    starts = np.flatnonzero(rank_in_runs(offer[own]) == 0)
    return np.split(own, starts[1:]) if len(own) else []


def _swap(model: Model, quantities: Ints, want: Ints, free: Ints, mine: Rows) -> bool:
    """Changes quantities, want and free; False where nothing is gained."""
    arcs = model.arcs
    request, saved = arcs.request[mine], model.worth[arcs.request[mine]] - arcs.cost[mine]
    value = np.where(quantities[mine] > 0, quantities[mine] * saved, np.iinfo(np.int64).max)
    out = int(value.argmin())
    offer = int(arcs.offer[mine[out]])
    fits = np.minimum(
        np.minimum(want[request], arcs.room[mine]), free[offer] + quantities[mine[out]]
    )
    gain = np.where(quantities[mine] > 0, 0, fits * saved)
    new = int(gain.argmax())
    if not quantities[mine[out]] or gain[new] <= value[out]:
        return False
    for at, quantity in ((out, -int(quantities[mine[out]])), (new, int(fits[new]))):
        quantities[mine[at]] += quantity
        want[request[at]] -= quantity
        free[offer] -= quantity
    return True
