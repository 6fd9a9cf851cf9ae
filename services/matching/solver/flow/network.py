"""The raw call: one minimum-cost flow over a model's network, exact, on one thread.

Nodes: requests, offers, then the sink. Arcs: request to offer, request to sink (left without),
offer to sink for each quarter of its quantity.
"""

import numpy as np
from ortools.graph.python.min_cost_flow import (  # type: ignore[import-untyped]
    SimpleMinCostFlow,
)

from services.matching.solver.columns import Ints
from services.matching.solver.flow.model import QUARTERS, Model
from services.matching.solver.flow.ties import Ties, ties_of

UNITS_MAX = 1 << 62


def cheapest(model: Model, quarters: Ints) -> Ints:
    """What each arc gives. quarters: the model's, or less where the open cases allow less."""
    requests, offers = len(model.amount), len(model.cases)
    solver, ties = SimpleMinCostFlow(), _ties(model)
    pairs = _add_pairs(solver, model, ties)
    _add_sink(solver, model, ties, quarters)
    nodes = np.arange(requests + offers + 1, dtype=np.int32)
    supplies = np.concatenate([model.amount, np.zeros(offers + 1, dtype=np.int64)])
    supplies[-1] = -model.amount.sum()
    solver.set_nodes_supplies(nodes, supplies)
    status = solver.solve()
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"a request may always go without: {status}"
    return np.asarray(solver.flows(pairs), dtype=np.int64)


def _ties(model: Model) -> Ties:
    dearest = int(model.arcs.cost.max(initial=0)) + int(model.load[-1])
    return ties_of(model.requests, model.offers, max(dearest, int(model.worth.max(initial=0))))


def _add_pairs(solver: SimpleMinCostFlow, model: Model, ties: Ties) -> Ints:
    arcs = model.arcs
    costs = (arcs.cost << ties.shift) + ties.of_pairs(arcs.request, arcs.offer)
    heads = arcs.offer + np.int32(len(model.amount))
    return np.asarray(
        solver.add_arcs_with_capacity_and_unit_cost(arcs.request, heads, arcs.room, costs)
    )


def _add_sink(solver: SimpleMinCostFlow, model: Model, ties: Ties, quarters: Ints) -> None:
    requests, offers = len(model.amount), len(model.cases)
    sink = np.int32(requests + offers)
    without = (model.worth << ties.shift) + ties.of_requests()
    tails = np.arange(requests, dtype=np.int32)
    heads = np.full(requests, sink)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, model.amount, without)
    tails = np.repeat(np.arange(requests, sink, dtype=np.int32), QUARTERS)
    loads = np.tile(model.load << ties.shift, offers)
    heads = np.full(len(tails), sink)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, quarters.ravel(), loads)
