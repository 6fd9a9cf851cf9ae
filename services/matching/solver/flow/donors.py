"""Few donors for a request: shares gathered at one offer where that costs less than it saves.

A fixed charge for each donor beyond a request's first is none of a network: so after the flow, and
after the repair of open cases, each request that several serve is looked at again. What it gets
stays as it is, to the unit, and so do all others': urgency and waiting are never weighed against
the number of donors. Every offer that gives counts as a donor, as each is a case to deliver.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.matching.solver.columns import Flags, Ints
from services.matching.solver.flow.cases import open_cases
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.objective import donors, sums

PASSES_MAX = 4  # what one gathering frees, another may need


@dataclass(frozen=True, slots=True)
class _Change:
    """points: of the objective, less is better. shares: (arc, units more or, below 0, less)."""

    points: int
    shares: tuple[tuple[int, int], ...]


def gathered(model: Model, given: Ints) -> Ints:
    """Never dearer, within every limit; the same where the weights do not count donors."""
    if not model.donor_points:
        return given
    shelf = _Shelf(model, given.copy())
    fresh = np.ones(len(model.offers), dtype=np.bool_)
    for _ in range(PASSES_MAX):
        before = np.array(shelf.used)
        for first, end in _promising(model, shelf.given, fresh):
            _gather(shelf, first, end)
        fresh = np.array(shelf.used) != before
        if not fresh.any():
            break
    return shelf.given


def _promising(model: Model, given: Ints, fresh: Flags) -> list[tuple[int, int]]:
    """Requests of several donors where one has room for another's share, or for all.

    Each as its first arc and the end of its arcs, by id; those alone that a fresh offer fits.
    """
    arcs, count = model.arcs, len(model.amount)
    mine = np.flatnonzero((donors(model, given) > 1)[arcs.request])
    request, offer, gives = arcs.request[mine], arcs.offer[mine], given[mine] > 0
    free = model.budget - sums(arcs.offer, given, len(model.offers))
    spare = np.minimum(arcs.room[mine] - given[mine], free[offer])
    beside = sums(request[gives], spare[gives], count)[request] - spare
    drop = gives & (beside >= given[mine])
    slots = model.cases - open_cases(model, given)
    whole = ~gives & (spare >= sums(request, given[mine], count)[request])
    whole &= slots[offer] > 0
    concerned = np.unique(request[fresh[offer]])
    found = np.intersect1d(request[drop | whole], concerned)
    first, end = (np.searchsorted(arcs.request, found, side) for side in ("left", "right"))
    return list(zip(first.tolist(), end.tolist(), strict=True))


class _Shelf:
    """The offers as they stand: what each gives, what that costs by load, its free cases."""

    def __init__(self, model: Model, given: Ints) -> None:
        self.model, self.given = model, given
        self.used: list[int] = sums(model.arcs.offer, given, len(model.offers)).tolist()
        self.slots: list[int] = (model.cases - open_cases(model, given)).tolist()
        self.budget: list[int] = model.budget.tolist()
        self._load: list[int] = model.load.tolist()

    def spare(self, at: int) -> int:
        """Units that the arc could give more."""
        arcs, offer = self.model.arcs, int(self.model.arcs.offer[at])
        room = int(arcs.room[at] - self.given[at])
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

    def step(self, at: int, taken: int) -> tuple[int, int]:
        """(points of the next unit, units at them) after `taken` more; (0, 0) at the end."""
        offer = int(self.model.arcs.offer[at])
        left, units = self.spare(at) - taken, self.used[offer] + taken
        for room, load in zip(self.model.quarters[offer].tolist(), self._load, strict=True):
            if units < room:
                return int(self.model.arcs.cost[at]) + load, min(left, room - units)
            units -= room
        return 0, 0

    def apply(self, change: _Change) -> None:
        arcs = self.model.arcs
        for at, more in change.shares:
            offer, before = int(arcs.offer[at]), int(self.given[at])
            self.given[at] += more
            self.used[offer] += more
            self.slots[offer] += (before > 0) - (before + more > 0)


def _gather(shelf: _Shelf, first: int, end: int) -> None:
    """Equal points are decided by the first id."""
    while True:
        best = min(_changes(shelf, first, end), key=lambda c: c.points, default=None)
        if best is None or best.points >= 0:
            return
        shelf.apply(best)


def _changes(shelf: _Shelf, first: int, end: int) -> Iterator[_Change]:
    """One donor fewer, by the others'; or another donor for all."""
    given: list[int] = shelf.given[first:end].tolist()
    givers = [at for at, units in enumerate(given, first) if units]
    if len(givers) < 2:
        return
    extra = shelf.model.donor_beyond_first(int(shelf.model.arcs.request[first]))
    freed = {at: shelf.points(at, -given[at - first]) for at in givers}
    for at in givers:
        others = [other for other in givers if other != at]
        shares = _spread(shelf, others, given[at - first])
        if shares is not None:
            points = freed[at] + sum(shelf.points(*share) for share in shares) - extra
            yield _Change(points, ((at, -given[at - first]), *shares))
    units, saved = sum(given), sum(freed.values()) - extra * (len(givers) - 1)
    for at in range(first, end):
        if not given[at - first] and shelf.spare(at) >= units and shelf.may_open(at):
            less = ((giver, -given[giver - first]) for giver in givers)
            yield _Change(saved + shelf.points(at, units), (*less, (at, units)))


def _spread(shelf: _Shelf, arcs: list[int], units: int) -> list[tuple[int, int]] | None:
    """So many units more from these, the cheapest first; None where they have no room for them."""
    taken = dict.fromkeys(arcs, 0)
    while units:
        steps = ((shelf.step(at, taken[at]), at) for at in arcs)
        able = [(points, at, room) for (points, room), at in steps if room > 0]
        if not able:
            return None
        _, at, room = min(able)
        taken[at] += min(units, room)
        units -= min(units, room)
    return [(at, more) for at, more in taken.items() if more]
