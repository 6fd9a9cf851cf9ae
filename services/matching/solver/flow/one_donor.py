"""Whether one donor should serve a request alone that several would serve more cheaply by unit."""

import numpy as np

from services.matching.solver.columns import Flags, Ints

_EXACT = 1 << 62  # what sums of points times units stay below in numpy's integers


def one_donor(want: int, free: Ints, points: Ints, gives: Flags, extra: int) -> int | None:
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
    return int(able[best]) if costs[best] <= _of_several(want, free, points, gives, extra) else None


def _of_several(want: int, free: Ints, points: Ints, gives: Flags, extra: int) -> int:
    """What it costs from the cheapest units, whoever's they are."""
    order = points.ravel().argsort(kind="stable")
    units = free.ravel()[order]
    taken = np.clip(want - (units.cumsum() - units), 0, units)
    rows = np.unique(order[taken > 0] // points.shape[1])
    return int((taken * points.ravel()[order]).sum()) + extra * int((~gives[rows]).sum())
