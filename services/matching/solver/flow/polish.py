"""A repaired solution made better where open cases are limited: two more flows, then swaps.

The first flow is priced: a case of an offer that wants more than K costs as much as its K-th best
is worth, so that small slices go elsewhere. The second leaves full offers their cases alone. Both
see only each request's cheapest candidates at the prices of the whole.
"""

from dataclasses import replace

import numpy as np

from services.matching.solver.columns import NO_LIMIT, Flags, Ints
from services.matching.solver.flow.cases import frozen, kept, ranks
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.network import cheapest
from services.matching.solver.flow.prices import Prices
from services.matching.solver.flow.refill import refilled
from services.matching.solver.flow.swaps import swapped

CANDIDATES = 6


def polished(model: Model, relaxed: Ints, prices: Prices, quarters: Ints) -> Ints:
    """relaxed: the cheapest flow over `quarters`, whatever cases it opens; prices: its duals."""
    cost = model.arcs.cost + _case_prices(model, relaxed, prices)
    near = _nearest(model, cost + prices.offer[model.arcs.offer]) | (relaxed > 0)
    priced = replace(model, arcs=replace(model.arcs, cost=cost))
    fewer = refilled(model, kept(model, _over(priced, near, quarters)))
    near &= frozen(model, fewer)
    again = kept(model, _over(model, near | (fewer > 0), quarters))
    return swapped(model, refilled(model, again))


def _over(model: Model, arcs: Flags, quarters: Ints) -> Ints:
    """The cheapest flow over these arcs alone."""
    given = np.zeros(len(arcs), dtype=np.int64)
    given[arcs] = cheapest(replace(model, arcs=model.arcs.only(arcs)), quarters)
    return given


def _case_prices(model: Model, given: Ints, prices: Prices) -> Ints:
    """Points a unit by which each arc is dearer: what the first case above K is worth there."""
    arcs = model.arcs
    worth = arcs.room * (prices.request[arcs.request] - arcs.cost - prices.offer[arcs.offer])
    limited = (model.cases < NO_LIMIT)[arcs.offer]
    used = np.flatnonzero(limited & (given > 0))
    order = used[np.lexsort((-worth[used], arcs.offer[used]))]
    first = order[ranks(arcs.offer[order]) == model.cases[arcs.offer[order]]]
    price = np.zeros(len(model.cases), dtype=np.int64)
    price[arcs.offer[first]] = np.maximum(worth[first], 0)
    return np.where(limited, price[arcs.offer] // arcs.room, 0)


def _nearest(model: Model, score: Ints) -> Flags:
    """Each request's few arcs with the lowest scores."""
    order = np.lexsort((score, model.arcs.request))
    near = np.zeros(len(score), dtype=np.bool_)
    near[order[ranks(model.arcs.request[order]) < CANDIDATES]] = True
    return near
