"""Limits on open cases kept: what is above them is dropped, and placed again.

The least valuable cases above what an offer may take are dropped, and what they had is placed
again, the most urgent first, each from its cheapest offer.
"""

import numpy as np

from services.matching.solver.arrays import (
    Flags,
    Indices,
    Ints,
    Rows,
    fill_in_order,
    rank_in_runs,
)
from services.matching.solver.model import NEVER, Model


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

    def quarters(self, offers: Indices, cost: Ints, room: Ints, worth: int) -> tuple[Ints, Ints]:
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
