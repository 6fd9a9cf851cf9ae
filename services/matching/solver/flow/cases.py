"""Limits on open cases. They make the model a mixed-integer program, so: bound, repair, polish.

Bound: an offer with K new cases gives at most the sum of its K largest rooms, so a flow with
budgets cut to that is a relaxation. Repair: the least valuable cases above K are dropped and what
they held is placed again, dearest wants first. Polish: offers that are full keep their cases, the
flow is solved again, and repaired again.
"""

import numpy as np

from services.matching.solver.columns import NO_LIMIT, Flags, Indices, Ints
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.objective import sums


def cut(model: Model) -> Ints:
    """Quarters within what the open cases allow."""
    return within(model.quarters, _reach(model))


def within(quarters: Ints, reach: Ints) -> Ints:
    """What of the quarters can be given when no offer gives more than `reach`: the cheapest."""
    before = np.cumsum(quarters, axis=1) - quarters
    return np.asarray(np.clip(reach[:, None] - before, 0, quarters))


def _reach(model: Model) -> Ints:
    """The sum of the K largest rooms of each offer."""
    arcs = model.arcs
    new = np.flatnonzero((model.cases < NO_LIMIT)[arcs.offer])
    order = new[np.lexsort((-arcs.room[new], arcs.offer[new]))]
    rank = ranks(arcs.offer[order])
    counted = np.zeros(len(arcs), dtype=np.bool_)
    counted[order] = rank < model.cases[arcs.offer[order]]
    reach = sums(arcs.offer[counted], arcs.room[counted], len(model.cases))
    return np.where(model.cases == NO_LIMIT, NO_LIMIT, reach)


def ranks(rows: Indices) -> Ints:
    """0, 1, 2 ... within each run of equal rows; rows are sorted."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    lengths = np.diff(np.append(starts, len(rows)))
    return np.arange(len(rows)) - np.repeat(starts, lengths)


def is_limited(model: Model) -> bool:
    return bool((model.cases < NO_LIMIT).any())


def kept(model: Model, given: Ints) -> Ints:
    """Without the least valuable cases above K."""
    arcs = model.arcs
    new = np.flatnonzero(given > 0)
    value = given[new] * (model.worth[arcs.request[new]] - arcs.cost[new])
    order = new[np.lexsort((new, -value, arcs.offer[new]))]
    dropped = order[ranks(arcs.offer[order]) >= model.cases[arcs.offer[order]]]
    result = given.copy()
    result[dropped] = 0
    return result


def open_cases(model: Model, given: Ints) -> Ints:
    """New ones of each offer."""
    new = given > 0
    return np.bincount(model.arcs.offer[new], minlength=len(model.cases)).astype(np.int64)


def frozen(model: Model, given: Ints) -> Flags:
    """The arcs that are left when offers with no case free keep theirs alone."""
    full = open_cases(model, given) >= model.cases
    return ~full[model.arcs.offer] | (given > 0)
