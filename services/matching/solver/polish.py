"""Open cases in better places: what is repaired is polished.

Cases are priced and the flow is solved again over few arcs; offers that are full keep their cases
and it is solved once more; then an offer's least valuable case is swapped for one that saves more.
"""

from dataclasses import replace

import numpy as np

from services.matching.solver.arrays import Flags, Ints, Rows, rank_in_runs
from services.matching.solver.columns import NO_LIMIT
from services.matching.solver.model import Model
from services.matching.solver.prices import PoolPrices

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
