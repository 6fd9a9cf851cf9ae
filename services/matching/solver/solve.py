"""The service's solver: whole pools by minimum-cost flow, micro-batches by the flow's prices.

A need's way: columns.py, arcs.py (who may serve it), model.py, then here through the stages
(network, prices, repair, cases, donors). arrays.py holds the words that all of them speak in.

As a whole: the cheapest flow, exact where open cases are not limited, and its prices. Where they
are, it is a bound: what stands above the limits is repaired, then polished, then searched. At last
shares are gathered at few donors. A micro-batch is served at the prices of the last whole solution.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from services.matching.solver.arrays import Ints
from services.matching.solver.cases import search_cases
from services.matching.solver.columns import build_pools
from services.matching.solver.donors import gather_donors
from services.matching.solver.interface import Allocation, Inputs, OpenNeed, SolverResult
from services.matching.solver.model import Model, Objective, build_model
from services.matching.solver.network import find_cheapest_flow
from services.matching.solver.prices import PoolPrices, compute_prices
from services.matching.solver.repair import (
    drop_excess_cases,
    mark_nearest,
    mark_open_arcs,
    price_cases,
    refill,
    swap_cases,
)
from services.matching.solver.weights import Weights


@dataclass(frozen=True, slots=True, eq=False)
class PoolSolution:
    """quantities: by each arc of the model. bound: no solution has a lower objective."""

    model: Model
    quantities: Ints
    objective: Objective
    bound: int
    prices: PoolPrices


def solve(model: Model, *, polish: bool = True, search: bool = True) -> PoolSolution:
    """Where open cases are limited: polish, two smaller flows more; search, as cases.py says."""
    quarters = model.limit_quarters()
    relaxed = find_cheapest_flow(model, quarters)
    prices = compute_prices(model, relaxed, quarters)
    bound = model.compute_objective(relaxed).divisible
    quantities = relaxed
    if model.has_case_limits:
        quantities = refill(model, drop_excess_cases(model, relaxed))
        if polish and model.compute_objective(quantities).divisible > bound:
            polished = _polish(model, relaxed, prices, quarters)
            quantities = _choose_better(model, quantities, polished)
        if polish and search:
            quantities, bound = _search(model, quantities, bound)
    quantities = _gather(model, quantities)
    return PoolSolution(model, quantities, model.compute_objective(quantities), bound, prices)


def _polish(model: Model, relaxed: Ints, prices: PoolPrices, quarters: Ints) -> Ints:
    """relaxed: the cheapest flow over `quarters`, whatever cases it opens; prices: its duals."""
    priced = price_cases(model, relaxed, prices)
    near = mark_nearest(priced, relaxed, prices)
    fewer = refill(model, drop_excess_cases(model, find_cheapest_flow(priced, quarters, near)))
    near &= mark_open_arcs(model, fewer)
    again = drop_excess_cases(model, find_cheapest_flow(model, quarters, near | (fewer > 0)))
    return refill(model, swap_cases(model, refill(model, again)))


def _search(model: Model, quantities: Ints, bound: int) -> tuple[Ints, int]:
    """The plan is never dearer, the bound never lower than before."""
    result = search_cases(model, quantities, bound)
    if result is None:
        return quantities, bound
    other = refill(model, find_cheapest_flow(model, model.quarters, result.opened))
    return _choose_better(model, quantities, other), result.bound


def _choose_better(model: Model, one: Ints, other: Ints) -> Ints:
    """Donors are not counted here, or more of them could outweigh units given."""
    saved = model.compute_objective(one).divisible - model.compute_objective(other).divisible
    return other if saved > 0 else one


def _gather(model: Model, quantities: Ints) -> Ints:
    """Where that frees open cases, somebody may have them."""
    fewer = gather_donors(model, quantities)
    if model.has_case_limits and not np.array_equal(fewer, quantities):
        return refill(model, fewer)
    return fewer


def serve_at_prices(model: Model, price: Ints) -> Ints:
    """What each arc of a micro-batch gives: no flow, each request in order of urgency.

    Of its candidates a request takes the cheapest by cost + price while that is within its worth;
    so an offer that scarcer or more urgent needs will ask for is not spent on what can go
    elsewhere. price: points of each offer's unit in the last whole solution, 0 where unknown.
    """
    return refill(model, np.zeros(len(model.arcs), dtype=np.int64), price)


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
