"""Few donors: shares are gathered, as a fixed charge for each is none of a network.

Each request that several serve is looked at again. What it gets stays as it is, to the unit, and so
do all others': urgency and waiting are never weighed against the number of donors. Every offer that
gives counts as a donor, as each is a case to deliver.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.matching.solver.arrays import Flags, Ints, sum_by_row
from services.matching.solver.model import Model

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
    offers = _Offers(model, quantities.copy())
    fresh = np.ones(len(model.offers), dtype=np.bool_)
    for _ in range(PASSES_MAX):
        before = np.array(offers.used)
        for first, end in _find_promising(model, offers.quantities, fresh):
            _gather(offers, first, end)
        fresh = np.array(offers.used) != before
        if not fresh.any():
            break
    return offers.quantities


def _find_promising(model: Model, quantities: Ints, fresh: Flags) -> list[tuple[int, int]]:
    """Requests of several donors where one has room for another's share, or for all.

    Each as its first arc and the end of its arcs, by id; those alone that a fresh offer fits.
    """
    arcs, count = model.arcs, len(model.amount)
    mine = np.flatnonzero((model.count_donors(quantities) > 1)[arcs.request])
    request, offer, gives = arcs.request[mine], arcs.offer[mine], quantities[mine] > 0
    free = model.budget - model.sum_by_offer(quantities)
    spare = np.minimum(arcs.room[mine] - quantities[mine], free[offer])
    beside = sum_by_row(request[gives], spare[gives], count)[request] - spare
    drop = gives & (beside >= quantities[mine])
    slots = model.cases - model.count_cases(quantities)
    whole = ~gives & (spare >= sum_by_row(request, quantities[mine], count)[request])
    whole &= slots[offer] > 0
    concerned = np.unique(request[fresh[offer]])
    promising = np.intersect1d(request[drop | whole], concerned)
    first, end = (np.searchsorted(arcs.request, promising, side) for side in ("left", "right"))
    return list(zip(first.tolist(), end.tolist(), strict=True))


class _Offers:
    """The offers as they stand: what each gives, what that costs by load, its free cases."""

    def __init__(self, model: Model, quantities: Ints) -> None:
        self.model, self.quantities = model, quantities
        self.used: list[int] = model.sum_by_offer(quantities).tolist()
        self.slots: list[int] = (model.cases - model.count_cases(quantities)).tolist()
        self.budget: list[int] = model.budget.tolist()
        self._load: list[int] = model.load.tolist()

    def count_spare(self, at: int) -> int:
        """Units that the arc could give more."""
        arcs, offer = self.model.arcs, int(self.model.arcs.offer[at])
        room = int(arcs.room[at] - self.quantities[at])
        return min(room, self.budget[offer] - self.used[offer])

    def may_open(self, at: int) -> bool:
        return self.slots[int(self.model.arcs.offer[at])] > 0

    def compute_points(self, at: int, more: int) -> int:
        """Of so many units more, or less."""
        offer = int(self.model.arcs.offer[at])
        before = self.used[offer]
        load = self._sum_load(offer, before + more) - self._sum_load(offer, before)
        return more * int(self.model.arcs.cost[at]) + load

    def _sum_load(self, offer: int, units: int) -> int:
        points = 0
        for room, load in zip(self.model.quarters[offer].tolist(), self._load, strict=True):
            points += min(units, room) * load
            units -= min(units, room)
        return points

    def find_step(self, at: int, more: int) -> tuple[int, int]:
        """(points of the next unit, units at them) after `more`; (0, 0) at the end."""
        offer = int(self.model.arcs.offer[at])
        spare, units = self.count_spare(at) - more, self.used[offer] + more
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


def _gather(offers: _Offers, first: int, end: int) -> None:
    """Equal points are decided by the first id."""
    while True:
        best = min(_find_changes(offers, first, end), key=lambda c: c.points, default=None)
        if best is None or best.points >= 0:
            return
        offers.apply(best)


def _find_changes(offers: _Offers, first: int, end: int) -> Iterator[_Change]:
    """One donor fewer, by the others'; or another donor for all."""
    quantities: list[int] = offers.quantities[first:end].tolist()
    givers = [at for at, units in enumerate(quantities, first) if units]
    if len(givers) < 2:
        return
    extra = offers.model.compute_donor_step(int(offers.model.arcs.request[first]))
    freed = {at: offers.compute_points(at, -quantities[at - first]) for at in givers}
    for at in givers:
        others = [other for other in givers if other != at]
        shares = _spread(offers, others, quantities[at - first])
        if shares is not None:
            points = freed[at] + sum(offers.compute_points(*share) for share in shares) - extra
            yield _Change(points, ((at, -quantities[at - first]), *shares))
    units, saved = sum(quantities), sum(freed.values()) - extra * (len(givers) - 1)
    for at in range(first, end):
        if not quantities[at - first] and offers.count_spare(at) >= units and offers.may_open(at):
            less = ((giver, -quantities[giver - first]) for giver in givers)
            yield _Change(saved + offers.compute_points(at, units), (*less, (at, units)))


def _spread(offers: _Offers, arcs: list[int], units: int) -> list[tuple[int, int]] | None:
    """So many units more from these, the cheapest first; None where they have no room for them."""
    shares = dict.fromkeys(arcs, 0)
    while units:
        steps = ((offers.find_step(at, shares[at]), at) for at in arcs)
        able = [(points, at, room) for (points, room), at in steps if room > 0]
        if not able:
            return None
        _, at, room = min(able)
        shares[at] += min(units, room)
        units -= min(units, room)
    return [(at, more) for at, more in shares.items() if more]
