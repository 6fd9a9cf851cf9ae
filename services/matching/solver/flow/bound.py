"""A bound from prices alone: whatever the prices, no solution is cheaper than what they say.

Lagrange: without their budgets, requests take from the cheapest offers at cost + price, and each
offer pays back what its units would fetch at its price above their load.
"""

import numpy as np

from services.matching.solver.columns import Ints
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.objective import product


def asked_at(model: Model, price: Ints) -> int:
    """What the requests cost at these prices, each by itself."""
    arcs = model.arcs
    cost = arcs.cost + price[arcs.offer]
    order = np.lexsort((cost, arcs.request))
    order = order[cost[order] < model.worth[arcs.request[order]]]
    request, room = arcs.request[order], arcs.room[order]
    before = np.cumsum(room) - room
    starts = np.flatnonzero(np.diff(request, prepend=-1))
    lengths = np.diff(np.append(starts, len(order)))
    before -= np.repeat(before[starts], lengths)
    taken = np.clip(model.amount[request] - before, 0, room)
    saved = model.worth[request] - cost[order]
    return product(model.amount, model.worth) - product(taken, saved)


def paid_back(quarters: Ints, load: Ints, price: Ints) -> int:
    """What the offers' units fetch at these prices."""
    gain = np.maximum(price[:, None] - load[None, :], 0)
    return product(quarters.ravel(), gain.ravel())
