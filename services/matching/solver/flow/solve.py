"""One resource solved as a whole: exact without limits on open cases, repaired with them.

Then shares are gathered at few donors, which a flow does not see (donors.py).
"""

from dataclasses import dataclass

import numpy as np

from services.matching.solver.columns import Ints
from services.matching.solver.flow.cases import cut, is_limited, kept
from services.matching.solver.flow.donors import gathered
from services.matching.solver.flow.model import Model
from services.matching.solver.flow.network import cheapest
from services.matching.solver.flow.objective import Objective, objective_of
from services.matching.solver.flow.polish import polished
from services.matching.solver.flow.prices import Prices, prices_of
from services.matching.solver.flow.refill import refilled


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """given: by each arc of the model. bound: no solution has a lower objective."""

    model: Model
    given: Ints
    objective: Objective
    bound: int
    prices: Prices


def solve(model: Model, *, polish: bool = True) -> Solved:
    """polish: two smaller flows more where open cases are limited."""
    quarters = cut(model) if is_limited(model) else model.quarters
    relaxed = cheapest(model, quarters)
    prices = prices_of(model, relaxed, quarters)
    bound = objective_of(model, relaxed).divisible
    given = relaxed
    if is_limited(model):
        given = refilled(model, kept(model, relaxed))
        if polish and objective_of(model, given).divisible > bound:
            given = _better(model, given, polished(model, relaxed, prices, quarters))
    given = _of_few_donors(model, given)
    return Solved(model, given, objective_of(model, given), bound, prices)


def _better(model: Model, one: Ints, other: Ints) -> Ints:
    """Donors are not counted here, or more of them could outweigh units given."""
    saved = objective_of(model, one).divisible - objective_of(model, other).divisible
    return other if saved > 0 else one


def _of_few_donors(model: Model, given: Ints) -> Ints:
    """Where that frees open cases, somebody may have them."""
    fewer = gathered(model, given)
    if is_limited(model) and not np.array_equal(fewer, given):
        return refilled(model, fewer)
    return fewer
