"""Prices of a flow: its duals, which the flow solver does not show.

Shortest ways in the residual network. Price of an offer: points of one unit more asked of it, be it
the load of its next quarter or the cheapest way to place elsewhere a unit that it gives. Of a
request: points of one unit more asked by it. Bellman and Ford's passes over requests and offers in
turn, whole columns at once.
"""

from dataclasses import dataclass

import numpy as np

from services.matching.solver.arrays import Indices, Ints, Rows
from services.matching.solver.model import NEVER, Model


@dataclass(frozen=True, slots=True, eq=False)
class PoolPrices:
    """offer: points a unit, NEVER where nothing can be asked of it. passes: until they stood."""

    offer: Ints
    request: Ints
    passes: int


def compute_prices(
    model: Model, quantities: Ints, quarters: Ints, cost: Ints | None = None
) -> PoolPrices:
    """quantities: a cheapest flow over `quarters`; of another, passes might not end, so they are
    held to a number.

    cost: of each pair, where it is not the model's.
    """
    cost = model.arcs.cost if cost is None else cost
    ways = _Ways(model, quantities, cost)
    first = offer = _compute_next_load(model, quantities, quarters)
    passes = 0
    while passes <= 2 * len(offer) + 2:
        passes += 1
        request = ways.find_cheapest(offer, model.worth)
        after = np.minimum(first, ways.find_cheapest_displaced(request))
        if np.array_equal(after, offer):
            return PoolPrices(offer, request, passes)
        offer = after
    raise AssertionError("the flow is not a cheapest one: its residual network has a gainful cycle")


def compute_costs_to(model: Model, quantities: Ints, offer: int) -> Ints:
    """Of each request, what a unit more costs if this offer gives it, by whatever displacements.

    NEVER or more where no chain of them ends at the offer.
    """
    ways = _Ways(model, quantities, model.arcs.cost)
    never = np.full(len(model.amount), NEVER)
    price = np.full(len(model.cases), NEVER)
    price[offer] = 0
    for _ in range(2 * len(price) + 2):
        after = np.minimum(price, ways.find_cheapest_displaced(ways.find_cheapest(price, never)))
        if np.array_equal(after, price):
            break
        price = after
    return ways.find_cheapest(price, never)


def _compute_next_load(model: Model, quantities: Ints, quarters: Ints) -> Ints:
    """Points of the first quarter with room; NEVER for a full offer, 0 for one nobody can ask."""
    room = quarters - model.fill_quarters(quantities, quarters)
    points = np.where(room > 0, model.load, NEVER).min(axis=1)
    return np.where(quarters.any(axis=1), points, 0)


class _Ways:
    """The residual arcs: forward where there is room, back where something is given."""

    def __init__(self, model: Model, quantities: Ints, cost: Ints) -> None:
        arcs = model.arcs
        forward = quantities < arcs.room
        self._to, self._cost = arcs.offer[forward], cost[forward]
        self._requests, self._starts = _find_runs(arcs.request[forward])
        back = np.flatnonzero(quantities > 0)
        back = back[np.argsort(arcs.offer[back], kind="stable")]
        self._from, self._saved = arcs.request[back], cost[back]
        self._offers, self._ends = _find_runs(arcs.offer[back])
        self._count = len(model.cases)

    def find_cheapest(self, offer: Ints, otherwise: Ints) -> Ints:
        """Of each request: what it costs otherwise, or from the cheapest offer with room."""
        result = otherwise.copy()
        if len(self._starts):
            ways = np.minimum.reduceat(self._cost + offer[self._to], self._starts)
            result[self._requests] = np.minimum(result[self._requests], ways)
        return result

    def find_cheapest_displaced(self, request: Ints) -> Ints:
        result = np.full(self._count, NEVER)
        if len(self._ends):
            ways = np.minimum.reduceat(request[self._from] - self._saved, self._ends)
            result[self._offers] = ways
        return result


def _find_runs(rows: Indices) -> tuple[Indices, Rows]:
    """The values of runs of equal rows, and where they start."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return rows[starts], starts
