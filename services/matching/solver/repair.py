"""Limits on open cases: bound, repair, refill, polish.

They make the model a mixed-integer program. Bound: an offer with K new cases gives at most the sum
of its K largest rooms, so a flow with budgets cut to that is a relaxation. Repair: the least
valuable cases above K are dropped and what they had is placed again, the most urgent first. Polish:
offers that are full keep their cases, the flow is solved again, and repaired again.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.columns import NO_LIMIT, Flags, Indices, Ints
from services.matching.solver.model import Model, fill_quarters, sum_by_row
from services.matching.solver.network import NEVER, Prices, find_cheapest_flow_over


def limit_quarters(model: Model) -> Ints:
    """Quarters within what the open cases allow."""
    return fit_quarters(model.quarters, _compute_reach(model))


def fit_quarters(quarters: Ints, reach: Ints) -> Ints:
    """What of the quarters can be given when no offer gives more than `reach`: the cheapest."""
    before = np.cumsum(quarters, axis=1) - quarters
    return np.asarray(np.clip(reach[:, None] - before, 0, quarters))


def _compute_reach(model: Model) -> Ints:
    """The sum of the K largest rooms of each offer."""
    arcs = model.arcs
    new = np.flatnonzero((model.cases < NO_LIMIT)[arcs.offer])
    order = new[np.lexsort((-arcs.room[new], arcs.offer[new]))]
    rank = rank_in_runs(arcs.offer[order])
    counted = np.zeros(len(arcs), dtype=np.bool_)
    counted[order] = rank < model.cases[arcs.offer[order]]
    reach = sum_by_row(arcs.offer[counted], arcs.room[counted], len(model.cases))
    return np.where(model.cases == NO_LIMIT, NO_LIMIT, reach)


def rank_in_runs(rows: Indices) -> Ints:
    """0, 1, 2 ... within each run of equal rows; rows are sorted."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(np.append(starts, len(rows)))
    return np.arange(len(rows)) - np.repeat(starts, lengths)


def is_limited(model: Model) -> bool:
    return bool((model.cases < NO_LIMIT).any())


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


def count_cases(model: Model, quantities: Ints) -> Ints:
    """New ones of each offer."""
    new = quantities > 0
    return np.bincount(model.arcs.offer[new], minlength=len(model.cases)).astype(np.int64)


def mark_open_arcs(model: Model, quantities: Ints) -> Flags:
    """The arcs that are left when offers with no case free keep theirs alone."""
    full = count_cases(model, quantities) >= model.cases
    return ~full[model.arcs.offer] | (quantities > 0)


# --- refill: the most urgent first, each from its cheapest offer ----------------------------------


Rows = NDArray[np.intp]


def refill(model: Model, quantities: Ints, price: Ints | None = None) -> Ints:
    """Adds to `quantities` within every limit; a unit that costs more than its worth is not placed.

    price: of each offer's unit, at least; without it the load alone is its price.
    """
    arcs = model.arcs
    want = model.amount - sum_by_row(arcs.request, quantities, len(model.amount))
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
        self.slots = model.cases - count_cases(model, quantities)
        self._free = (
            model.quarters - fill_quarters(model, quantities)
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

    def quarters(self, offers: Indices, cost: Ints, room: Ints, worth: int) -> tuple[Ints, Ints]:
        """(offers, 4): what each may give at no more than the worth, and points for a unit."""
        points = cost[:, None] + np.maximum(self._load, self._price[offers][:, None])
        return fit_quarters(np.where(points <= worth, self._free[offers], 0), room), points


def _place(model: Model, shelf: _Shelf, quantities: Ints, numbers: Rows, want: int) -> None:
    """numbers: the request's arcs. A quarter at a time, as its end changes the order."""
    arcs = model.arcs
    offers, cost = arcs.offer[numbers], arcs.cost[numbers]
    room = arcs.room[numbers] - quantities[numbers]
    opened = quantities[numbers] > 0
    request = int(arcs.request[numbers[0]])
    worth, extra = int(model.worth[request]), model.donor_beyond_first(request)
    while want > 0:
        units = np.minimum(shelf.units[offers], room)
        able = (units > 0) & (opened | (shelf.slots[offers] > 0))
        costs = np.where(able, cost + shelf.points[offers], NEVER)
        best = int(costs.argmin())
        if costs[best] > worth:
            return
        if extra and want > units[best] and (able & (room >= want)).any():
            free, points = shelf.quarters(offers, cost, np.where(able, room, 0), worth)
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


def serve_at_prices(model: Model, price: Ints) -> Ints:
    """What each arc of a micro-batch gives: no flow, each request in order of urgency.

    Of its candidates a request takes the cheapest by cost + price while that is within its worth;
    so an offer that scarcer or more urgent needs will ask for is not spent on what can go
    elsewhere. price: points of each offer's unit in the last whole solution, 0 where unknown.
    """
    return refill(model, np.zeros(len(model.arcs), dtype=np.int64), price)


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
    return (
        int(able[best])
        if costs[best] <= _cost_of_several(want, free, points, gives, extra)
        else None
    )


def _cost_of_several(want: int, free: Ints, points: Ints, gives: Flags, extra: int) -> int:
    """What it costs from the cheapest units, whoever's they are."""
    order = points.ravel().argsort(kind="stable")
    units = free.ravel()[order]
    used = np.clip(want - (units.cumsum() - units), 0, units)
    rows = np.unique(order[used > 0] // points.shape[1])
    return int((used * points.ravel()[order]).sum()) + extra * int((~gives[rows]).sum())


# --- polish: two more flows, then swaps -----------------------------------------------------------


CANDIDATES = 6


def polish_cases(model: Model, relaxed: Ints, prices: Prices, quarters: Ints) -> Ints:
    """relaxed: the cheapest flow over `quarters`, whatever cases it opens; prices: its duals."""
    cost = model.arcs.cost + _price_cases(model, relaxed, prices)
    near = _mark_nearest(model, cost + prices.offer[model.arcs.offer]) | (relaxed > 0)
    priced = replace(model, arcs=replace(model.arcs, cost=cost))
    fewer = refill(model, drop_excess_cases(model, find_cheapest_flow_over(priced, near, quarters)))
    near &= mark_open_arcs(model, fewer)
    again = drop_excess_cases(model, find_cheapest_flow_over(model, near | (fewer > 0), quarters))
    return swap_cases(model, refill(model, again))


def _price_cases(model: Model, quantities: Ints, prices: Prices) -> Ints:
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


def _mark_nearest(model: Model, score: Ints) -> Flags:
    """Each request's few arcs with the lowest scores."""
    order = np.lexsort((score, model.arcs.request))
    near = np.zeros(len(score), dtype=np.bool_)
    near[order[rank_in_runs(model.arcs.request[order]) < CANDIDATES]] = True
    return near


# --- swaps: a full offer's least valuable case for one that saves more ----------------------------


SWAPS_MAX = 8  # of one offer

_Rows = NDArray[np.intp]


def swap_cases(model: Model, quantities: Ints) -> Ints:
    """Load is left out of account, so the result may be a little dearer: compare."""
    arcs = model.arcs
    result = quantities.copy()
    want = model.amount - sum_by_row(arcs.request, quantities, len(model.amount))
    free = model.budget - sum_by_row(arcs.offer, quantities, len(model.offers))
    full = (count_cases(model, quantities) >= model.cases) & (model.cases > 0)
    for mine in _group_by_offer(model, full):
        for _ in range(SWAPS_MAX):
            if not _swap(model, result, want, free, mine):
                break
    return refill(model, result)


def _group_by_offer(model: Model, full: NDArray[np.bool_]) -> list[_Rows]:
    """The arcs of each of these offers."""
    offer = model.arcs.offer
    own = np.flatnonzero(full[offer])
    own = own[np.argsort(offer[own], kind="stable")]
    starts = np.flatnonzero(rank_in_runs(offer[own]) == 0)
    return np.split(own, starts[1:]) if len(own) else []


def _swap(model: Model, quantities: Ints, want: Ints, free: Ints, mine: _Rows) -> bool:
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
