"""Cases exchanged: a full offer gives up its least valuable one for a request that saves more."""

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.columns import Ints
from services.matching.solver.flow.cases import open_cases, ranks
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.objective import sums
from services.matching.solver.flow.refill import refilled

SWAPS_MAX = 8  # of one offer

_Rows = NDArray[np.intp]


def swapped(model: Model, given: Ints) -> Ints:
    """Load is left out of account, so the result may be a little dearer: compare."""
    arcs = model.arcs
    result = given.copy()
    want = model.amount - sums(arcs.request, given, len(model.amount))
    free = model.budget - sums(arcs.offer, given, len(model.offers))
    full = (open_cases(model, given) >= model.cases) & (model.cases > 0)
    for mine in _by_offer(model, full):
        for _ in range(SWAPS_MAX):
            if not _swap(model, result, want, free, mine):
                break
    return refilled(model, result)


def _by_offer(model: Model, full: NDArray[np.bool_]) -> list[_Rows]:
    """The arcs of each of these offers."""
    offer = model.arcs.offer
    own = np.flatnonzero(full[offer])
    own = own[np.argsort(offer[own], kind="stable")]
    starts = np.flatnonzero(ranks(offer[own]) == 0)
    return np.split(own, starts[1:]) if len(own) else []


def _swap(model: Model, given: Ints, want: Ints, free: Ints, mine: _Rows) -> bool:
    """Changes given, want and free; False where nothing is gained."""
    arcs = model.arcs
    request, saved = arcs.request[mine], model.worth[arcs.request[mine]] - arcs.cost[mine]
    value = np.where(given[mine] > 0, given[mine] * saved, np.iinfo(np.int64).max)
    out = int(value.argmin())
    offer = int(arcs.offer[mine[out]])
    fits = np.minimum(np.minimum(want[request], arcs.room[mine]), free[offer] + given[mine[out]])
    gain = np.where(given[mine] > 0, 0, fits * saved)
    new = int(gain.argmax())
    if not given[mine[out]] or gain[new] <= value[out]:
        return False
    for at, quantity in ((out, -int(given[mine[out]])), (new, int(fits[new]))):
        given[mine[at]] += quantity
        want[request[at]] -= quantity
        free[offer] -= quantity
    return True
