"""The service's solver: whole pools by minimum-cost flow, micro-batches by the flow's prices."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from services.matching.solver.columns import Ints, build_pools
from services.matching.solver.flow.batch import decided
from services.matching.solver.flow.model import Model, model_of
from services.matching.solver.flow.objective import objective_of
from services.matching.solver.flow.solve import solve
from services.matching.solver.interface import Allocation, Decided, Inputs, OpenNeed
from services.matching.solver.weights import Weights

_Row = tuple[str, str, int]


class MinCostFlow:
    """Most urgent first, then cheapest: distance, specialism, reliability, load, few donors."""

    name = "min_cost_flow"
    version = "2"

    def decide(self, inputs: Inputs) -> Decided:
        weights = Weights.from_json(inputs.weights)
        pools = build_pools(inputs.needs, inputs.offers, weights, inputs.time_ms)
        both_sides = (pool for pool in pools if len(pool.demand) and len(pool.supply))
        models = [model_of(pool, weights) for pool in both_sides]
        if inputs.prices is None:
            return _whole(inputs, models)
        return _batch(inputs, models, dict(inputs.prices))


def _whole(inputs: Inputs, models: Iterable[Model]) -> Decided:
    solved = [solve(model) for model in models]
    rows = [row for one in solved for row in _rows(one.model, one.given)]
    prices = [
        price
        for one in solved
        for price in zip(one.model.offers, one.prices.offer.tolist(), strict=True)
    ]
    return Decided(
        allocations=_numbered(inputs.needs, rows),
        prices=tuple(sorted(prices)),
        objective=sum(one.objective.total for one in solved),
        bound=sum(one.bound for one in solved),
    )


def _batch(inputs: Inputs, models: Iterable[Model], prices: dict[str, int]) -> Decided:
    rows: list[_Row] = []
    objective = 0
    for model in models:
        price = np.array([prices.get(id_, 0) for id_ in model.offers], dtype=np.int64)
        given = decided(model, price)
        rows += _rows(model, given)
        objective += objective_of(model, given).total
    return Decided(_numbered(inputs.needs, rows), inputs.prices or (), objective)


def _rows(model: Model, given: Ints) -> list[_Row]:
    arcs = model.arcs
    return [
        (model.requests[arcs.request[at]], model.offers[arcs.offer[at]], int(given[at]))
        for at in np.flatnonzero(given)
    ]


def _numbered(needs: Iterable[OpenNeed], rows: Iterable[_Row]) -> tuple[Allocation, ...]:
    """In order of request, then offer."""
    numbers = {need.id: need.next_number for need in needs}
    taken: dict[str, int] = defaultdict(int)
    allocations = []
    for request, offer, quantity in sorted(rows):
        number = numbers[request] + taken[request]
        taken[request] += 1
        allocations.append(Allocation(request, offer, number, quantity))
    return tuple(allocations)
