"""The service's solver: whole pools by minimum-cost flow, micro-batches by the flow's prices.

A need's way: columns.py, arcs.py (who may serve it), model.py, then solve.py through its stages
(network, prices, repair, polish, cases, donors), and back here for its numbers. arrays.py holds the
words that all of them speak in.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from services.matching.solver.arrays import Ints
from services.matching.solver.columns import build_pools
from services.matching.solver.interface import Allocation, Inputs, OpenNeed, SolverResult
from services.matching.solver.model import Model, build_model
from services.matching.solver.solve import serve_at_prices, solve
from services.matching.solver.weights import Weights

# Of what solves rounds, oldest first; a recorded round names its own. 3 searches among open cases.
VERSIONS = ("2", "3")

_Row = tuple[str, str, int]


def searches_cases(version: str) -> bool:
    return version != "2"


class MinCostFlow:
    """Most urgent first, then cheapest: distance, specialism, reliability, load, few donors."""

    name = "min_cost_flow"

    def __init__(self, version: str = VERSIONS[-1]) -> None:
        """version: an older one solves its recorded rounds as it did."""
        self.version = version

    def decide(self, inputs: Inputs) -> SolverResult:
        weights = Weights.from_json(inputs.weights)
        pools = build_pools(inputs.needs, inputs.offers, weights, inputs.time_ms)
        both_sides = (pool for pool in pools if len(pool.demand) and len(pool.supply))
        models = [build_model(pool, weights) for pool in both_sides]
        if inputs.prices is None:
            return _solve_whole(inputs, models, search=searches_cases(self.version))
        return _solve_batch(inputs, models, dict(inputs.prices))


def _solve_whole(inputs: Inputs, models: Iterable[Model], *, search: bool) -> SolverResult:
    solved = [solve(model, search=search) for model in models]
    rows = [row for one in solved for row in _list_rows(one.model, one.quantities)]
    prices = [
        price
        for one in solved
        for price in zip(one.model.offers, one.prices.offer.tolist(), strict=True)
    ]
    return SolverResult(
        allocations=_number_allocations(inputs.needs, rows),
        prices=tuple(sorted(prices)),
        objective=sum(one.objective.total for one in solved),
        bound=sum(one.bound for one in solved),
    )


def _solve_batch(inputs: Inputs, models: Iterable[Model], prices: dict[str, int]) -> SolverResult:
    rows: list[_Row] = []
    objective = 0
    for model in models:
        price = np.array([prices.get(id_, 0) for id_ in model.offers], dtype=np.int64)
        quantities = serve_at_prices(model, price)
        rows += _list_rows(model, quantities)
        objective += model.compute_objective(quantities).total
    return SolverResult(_number_allocations(inputs.needs, rows), inputs.prices or (), objective)


def _list_rows(model: Model, quantities: Ints) -> list[_Row]:
    arcs = model.arcs
    return [
        (model.requests[arcs.request[at]], model.offers[arcs.offer[at]], int(quantities[at]))
        for at in np.flatnonzero(quantities)
    ]


def _number_allocations(needs: Iterable[OpenNeed], rows: Iterable[_Row]) -> tuple[Allocation, ...]:
    """In order of request, then offer."""
    numbers = {need.id: need.next_number for need in needs}
    counts: dict[str, int] = defaultdict(int)
    allocations = []
    for request, offer, quantity in sorted(rows):
        number = numbers[request] + counts[request]
        counts[request] += 1
        allocations.append(Allocation(request, offer, number, quantity))
    return tuple(allocations)
