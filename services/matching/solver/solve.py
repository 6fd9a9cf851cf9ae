"""One resource solved as a whole: exact without limits on open cases, repaired with them.

Then shares are gathered at few donors: a fixed charge for each donor beyond a request's first is
none of a network. So each request that several serve is looked at again. What it gets stays as it
is, to the unit, and so do all others': urgency and waiting are never weighed against the number of
donors. Every offer that gives counts as a donor, as each is a case to deliver.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.matching.solver.cases import search_cases
from services.matching.solver.columns import Flags, Ints
from services.matching.solver.model import (
    Model,
    Objective,
    compute_objective,
    count_donors,
    sum_by_row,
)
from services.matching.solver.network import (
    Prices,
    compute_prices,
    find_cheapest_flow,
    find_cheapest_flow_over,
)
from services.matching.solver.repair import (
    count_cases,
    drop_excess_cases,
    is_limited,
    limit_quarters,
    polish_cases,
    refill,
)

# Of what solves rounds, oldest first; a recorded round names its own. 3 searches among open cases.
VERSIONS = ("2", "3")


def searches_cases(version: str) -> bool:
    return version != "2"


@dataclass(frozen=True, slots=True, eq=False)
class PoolSolution:
    """quantities: by each arc of the model. bound: no solution has a lower objective."""

    model: Model
    quantities: Ints
    objective: Objective
    bound: int
    prices: Prices


def solve(model: Model, *, polish: bool = True, search: bool = True) -> PoolSolution:
    """Where open cases are limited: polish, two smaller flows more; search, as cases.py says."""
    quarters = limit_quarters(model) if is_limited(model) else model.quarters
    relaxed = find_cheapest_flow(model, quarters)
    prices = compute_prices(model, relaxed, quarters)
    bound = compute_objective(model, relaxed).divisible
    quantities = relaxed
    if is_limited(model):
        quantities = refill(model, drop_excess_cases(model, relaxed))
        if polish and compute_objective(model, quantities).divisible > bound:
            quantities = _choose_better(
                model, quantities, polish_cases(model, relaxed, prices, quarters)
            )
        if polish and search:
            quantities, bound = _search(model, quantities, bound)
    quantities = _gather_and_refill(model, quantities)
    return PoolSolution(model, quantities, compute_objective(model, quantities), bound, prices)


def _search(model: Model, quantities: Ints, bound: int) -> tuple[Ints, int]:
    """The plan is never dearer, the bound never lower than before."""
    result = search_cases(model, quantities, bound)
    if result is None:
        return quantities, bound
    other = refill(model, find_cheapest_flow_over(model, result.opened, model.quarters))
    return _choose_better(model, quantities, other), result.bound


def _choose_better(model: Model, one: Ints, other: Ints) -> Ints:
    """Donors are not counted here, or more of them could outweigh units given."""
    saved = compute_objective(model, one).divisible - compute_objective(model, other).divisible
    return other if saved > 0 else one


def _gather_and_refill(model: Model, quantities: Ints) -> Ints:
    """Where that frees open cases, somebody may have them."""
    fewer = gather_donors(model, quantities)
    if is_limited(model) and not np.array_equal(fewer, quantities):
        return refill(model, fewer)
    return fewer


# --- few donors -----------------------------------------------------------------------------------


PASSES_MAX = 4  # what one gathering frees, another may need


@dataclass(frozen=True, slots=True)
class _Change:
    """points: of the objective, less is better. shares: (arc, units more or, below 0, less)."""

    points: int
    shares: tuple[tuple[int, int], ...]


def gather_donors(model: Model, quantities: Ints) -> Ints:
    """Never dearer, within every limit; the same where the weights do not count donors."""
    if not model.donor_points:
        return quantities
    shelf = _Shelf(model, quantities.copy())
    fresh = np.ones(len(model.offers), dtype=np.bool_)
    for _ in range(PASSES_MAX):
        before = np.array(shelf.used)
        for first, end in _find_promising(model, shelf.quantities, fresh):
            _gather(shelf, first, end)
        fresh = np.array(shelf.used) != before
        if not fresh.any():
            break
    return shelf.quantities


def _find_promising(model: Model, quantities: Ints, fresh: Flags) -> list[tuple[int, int]]:
    """Requests of several donors where one has room for another's share, or for all.

    Each as its first arc and the end of its arcs, by id; those alone that a fresh offer fits.
    """
    arcs, count = model.arcs, len(model.amount)
    mine = np.flatnonzero((count_donors(model, quantities) > 1)[arcs.request])
    request, offer, gives = arcs.request[mine], arcs.offer[mine], quantities[mine] > 0
    free = model.budget - sum_by_row(arcs.offer, quantities, len(model.offers))
    spare = np.minimum(arcs.room[mine] - quantities[mine], free[offer])
    beside = sum_by_row(request[gives], spare[gives], count)[request] - spare
    drop = gives & (beside >= quantities[mine])
    slots = model.cases - count_cases(model, quantities)
    whole = ~gives & (spare >= sum_by_row(request, quantities[mine], count)[request])
    whole &= slots[offer] > 0
    concerned = np.unique(request[fresh[offer]])
    promising = np.intersect1d(request[drop | whole], concerned)
    first, end = (np.searchsorted(arcs.request, promising, side) for side in ("left", "right"))
    return list(zip(first.tolist(), end.tolist(), strict=True))


class _Shelf:
    """The offers as they stand: what each gives, what that costs by load, its free cases."""

    def __init__(self, model: Model, quantities: Ints) -> None:
        self.model, self.quantities = model, quantities
        self.used: list[int] = sum_by_row(model.arcs.offer, quantities, len(model.offers)).tolist()
        self.slots: list[int] = (model.cases - count_cases(model, quantities)).tolist()
        self.budget: list[int] = model.budget.tolist()
        self._load: list[int] = model.load.tolist()

    def spare(self, at: int) -> int:
        """Units that the arc could give more."""
        arcs, offer = self.model.arcs, int(self.model.arcs.offer[at])
        room = int(arcs.room[at] - self.quantities[at])
        return min(room, self.budget[offer] - self.used[offer])

    def may_open(self, at: int) -> bool:
        return self.slots[int(self.model.arcs.offer[at])] > 0

    def points(self, at: int, more: int) -> int:
        """Of so many units more, or less."""
        offer = int(self.model.arcs.offer[at])
        before = self.used[offer]
        load = self._loaded(offer, before + more) - self._loaded(offer, before)
        return more * int(self.model.arcs.cost[at]) + load

    def _loaded(self, offer: int, units: int) -> int:
        points = 0
        for room, load in zip(self.model.quarters[offer].tolist(), self._load, strict=True):
            points += min(units, room) * load
            units -= min(units, room)
        return points

    def step(self, at: int, more: int) -> tuple[int, int]:
        """(points of the next unit, units at them) after `more`; (0, 0) at the end."""
        offer = int(self.model.arcs.offer[at])
        spare, units = self.spare(at) - more, self.used[offer] + more
        for room, load in zip(self.model.quarters[offer].tolist(), self._load, strict=True):
            if units < room:
                return int(self.model.arcs.cost[at]) + load, min(spare, room - units)
            units -= room
        return 0, 0

    def apply(self, change: _Change) -> None:
        arcs = self.model.arcs
        for at, more in change.shares:
            offer, before = int(arcs.offer[at]), int(self.quantities[at])
            self.quantities[at] += more
            self.used[offer] += more
            self.slots[offer] += (before > 0) - (before + more > 0)


def _gather(shelf: _Shelf, first: int, end: int) -> None:
    """Equal points are decided by the first id."""
    while True:
        best = min(_find_changes(shelf, first, end), key=lambda c: c.points, default=None)
        if best is None or best.points >= 0:
            return
        shelf.apply(best)


def _find_changes(shelf: _Shelf, first: int, end: int) -> Iterator[_Change]:
    """One donor fewer, by the others'; or another donor for all."""
    quantities: list[int] = shelf.quantities[first:end].tolist()
    givers = [at for at, units in enumerate(quantities, first) if units]
    if len(givers) < 2:
        return
    extra = shelf.model.donor_beyond_first(int(shelf.model.arcs.request[first]))
    freed = {at: shelf.points(at, -quantities[at - first]) for at in givers}
    for at in givers:
        others = [other for other in givers if other != at]
        shares = _spread(shelf, others, quantities[at - first])
        if shares is not None:
            points = freed[at] + sum(shelf.points(*share) for share in shares) - extra
            yield _Change(points, ((at, -quantities[at - first]), *shares))
    units, saved = sum(quantities), sum(freed.values()) - extra * (len(givers) - 1)
    for at in range(first, end):
        if not quantities[at - first] and shelf.spare(at) >= units and shelf.may_open(at):
            less = ((giver, -quantities[giver - first]) for giver in givers)
            yield _Change(saved + shelf.points(at, units), (*less, (at, units)))


def _spread(shelf: _Shelf, arcs: list[int], units: int) -> list[tuple[int, int]] | None:
    """So many units more from these, the cheapest first; None where they have no room for them."""
    shares = dict.fromkeys(arcs, 0)
    while units:
        steps = ((shelf.step(at, shares[at]), at) for at in arcs)
        able = [(points, at, room) for (points, room), at in steps if room > 0]
        if not able:
            return None
        _, at, room = min(able)
        shares[at] += min(units, room)
        units -= min(units, room)
    return [(at, more) for at, more in shares.items() if more]
