"""Places what is wanted, greedily: the most urgent first, each from its cheapest offer.

So cases are filled that a repair has freed, and so micro-batches are decided: there the offers'
prices of the last whole solution keep what scarcer needs will ask for.
"""

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.columns import Indices, Ints
from services.matching.solver.flow.cases import open_cases, within
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.objective import filled, sums
from services.matching.solver.flow.one_donor import one_donor
from services.matching.solver.flow.prices import NEVER

Rows = NDArray[np.intp]


def refilled(model: Model, given: Ints, price: Ints | None = None) -> Ints:
    """Adds to `given` within every limit; a unit that costs more than its worth is not placed.

    price: of each offer's unit, at least; without it the load alone is its price.
    """
    arcs = model.arcs
    want = model.amount - sums(arcs.request, given, len(model.amount))
    shelf = _Shelf(model, given, np.zeros_like(model.cases) if price is None else price)
    able = (want[arcs.request] > 0) & (given < arcs.room) & (shelf.units[arcs.offer] > 0)
    able &= (given > 0) | (shelf.slots[arcs.offer] > 0)
    result = given.copy()
    for request, numbers in _by_urgency(model, np.flatnonzero(able)):
        _place(model, shelf, result, numbers, int(want[request]))
    return result


def _by_urgency(model: Model, able: Rows) -> list[tuple[int, Rows]]:
    """(request, its arcs), the dearest first, then by id."""
    request = model.arcs.request[able]
    starts = np.flatnonzero(np.diff(request, prepend=-1))
    groups = np.split(able, starts[1:]) if len(able) else []
    rows = zip(request[starts].tolist(), groups, strict=True)
    return sorted(rows, key=lambda found: (-int(model.worth[found[0]]), found[0]))


class _Shelf:
    """What the offers still have: new cases, and of the quarter reached so far its units."""

    def __init__(self, model: Model, given: Ints, price: Ints) -> None:
        """price: points of each offer's unit, at least."""
        self.slots = model.cases - open_cases(model, given)
        self._free = model.quarters - filled(model, given) if given.any() else model.quarters.copy()
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
        return within(np.where(points <= worth, self._free[offers], 0), room), points


def _place(model: Model, shelf: _Shelf, given: Ints, numbers: Rows, want: int) -> None:
    """numbers: the request's arcs. A quarter at a time, as its end changes the order."""
    arcs = model.arcs
    offers, cost = arcs.offer[numbers], arcs.cost[numbers]
    room = arcs.room[numbers] - given[numbers]
    opened = given[numbers] > 0
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
            one = one_donor(want, free, points, given[numbers] > 0, extra)
            extra = 0
            if one is not None:
                room[np.arange(len(room)) != one] = 0
                continue
        quantity = min(want, int(units[best]))
        shelf.take(int(offers[best]), quantity, new=not opened[best])
        opened[best] = True
        room[best] -= quantity
        given[numbers[best]] += quantity
        want -= quantity
