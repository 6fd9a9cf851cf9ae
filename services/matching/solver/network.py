"""One minimum-cost flow over a model's network: exact, and alike on every machine.

Nodes: requests, offers, then the sink. Arcs: request to offer, request to sink (left without),
offer to sink for each quarter of its quantity.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import (  # type: ignore[import-untyped]
    SimpleMinCostFlow,
)

from services.matching.solver.arrays import Flags, Indices, Ints
from services.matching.solver.messages import WEIGHTS_TOO_LARGE
from services.matching.solver.model import QUARTERS, Model
from services.matching.solver.weights import WORTH_MAX

# --- ties ----------------------------------------------------------------------------------------
#
# Broken by the ids, so that neither the order of input nor of arcs shows in a solution. A cost
# becomes cost * 2^shift + hash(request, offer). A cycle of the network has at most 2 * (offers + 1)
# hashed arcs; as their sum stays below 2^shift, no tie-break outweighs a point.

SHIFT_MAX = 24
SHIFT_STEP = 4
_COST_LIMIT = 1 << 63  # of |cost| * (nodes + 1), in the flow solver

_Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """below: the hashes' bound. request, offer: a word for each row."""

    shift: int
    below: int
    request: _Words
    offer: _Words

    def with_shift(self, shift: int, offers: int) -> "Ties":
        return replace(self, shift=shift, below=_bound_hashes(shift, offers))

    def hash_pairs(self, request: Indices, offer: Indices) -> Ints:
        return self._limit(_mix(self.request[request] ^ _mix(self.offer[offer])))

    def hash_requests(self) -> Ints:
        return self._limit(_mix(self.request))

    def _limit(self, words: _Words) -> Ints:
        if not self.below:
            return np.zeros(len(words), dtype=np.int64)
        return ((words >> np.uint64(20)) % np.uint64(self.below)).astype(np.int64)


def build_ties(requests: Sequence[str], offers: Sequence[str], cost_max: int) -> Ties:
    shift = compute_shift(cost_max, len(requests) + len(offers) + 1)
    return Ties(shift, _bound_hashes(shift, len(offers)), _hash_ids(requests), _hash_ids(offers))


def _bound_hashes(shift: int, offers: int) -> int:
    return (1 << shift) // (2 * (offers + 1))


def compute_shift(cost_max: int, nodes: int) -> int:
    """The largest up to SHIFT_MAX that the solver's integers bear."""
    limit = _COST_LIMIT // (nodes + 1)
    for shift in range(SHIFT_MAX, -1, -1):
        if (cost_max + 1) << shift < limit:
            return shift
    raise WEIGHTS_TOO_LARGE.invalid("weights", most=WORTH_MAX)


def _hash_ids(ids: Sequence[str]) -> _Words:
    crc = (zlib.crc32(id_.encode()) for id_ in ids)
    return _mix(np.fromiter(crc, dtype=np.uint64, count=len(ids)))


def _mix(words: _Words) -> _Words:
    """Splitmix64's finish."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


# --- the flow -------------------------------------------------------------------------------------


def find_cheapest_flow(model: Model, quarters: Ints, over: Flags | None = None) -> Ints:
    """What each arc gives. quarters: the model's, or less where the open cases allow less.

    over: the arcs that may be used, where not all.
    """
    if over is None:
        return _find_flow(model, quarters)
    quantities = np.zeros(len(over), dtype=np.int64)
    quantities[over] = _find_flow(replace(model, arcs=model.arcs.select(over)), quarters)
    return quantities


def _find_flow(model: Model, quarters: Ints) -> Ints:
    ties = _build_ties(model)
    while True:
        flow = _solve_flow(model, quarters, ties)
        if flow is not None:
            return flow
        if not ties.shift:
            raise WEIGHTS_TOO_LARGE.invalid("weights", most=WORTH_MAX)
        ties = ties.with_shift(max(0, ties.shift - SHIFT_STEP), len(model.cases))


def _solve_flow(model: Model, quarters: Ints, ties: Ties) -> Ints | None:
    """None where the costs left the flow solver's integers on the way, which it notices."""
    requests, offers = len(model.amount), len(model.cases)
    solver = SimpleMinCostFlow()
    pairs = _add_pairs(solver, model, ties)
    _add_sink(solver, model, ties, quarters)
    nodes = np.arange(requests + offers + 1, dtype=np.int32)
    supplies = np.concatenate([model.amount, np.zeros(offers + 1, dtype=np.int64)])
    supplies[-1] = -model.amount.sum()
    solver.set_nodes_supplies(nodes, supplies)
    status = solver.solve()
    if status == SimpleMinCostFlow.Status.BAD_COST_RANGE:
        return None
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"a request may always go without: {status}"
    return np.asarray(solver.flows(pairs), dtype=np.int64)


def _build_ties(model: Model) -> Ties:
    dearest = int(model.arcs.cost.max(initial=0)) + int(model.load[-1])
    return build_ties(model.requests, model.offers, max(dearest, int(model.worth.max(initial=0))))


def _add_pairs(solver: SimpleMinCostFlow, model: Model, ties: Ties) -> Ints:
    arcs = model.arcs
    costs = (arcs.cost << ties.shift) + ties.hash_pairs(arcs.request, arcs.offer)
    heads = arcs.offer + np.int32(len(model.amount))
    return np.asarray(
        solver.add_arcs_with_capacity_and_unit_cost(arcs.request, heads, arcs.room, costs)
    )


def _add_sink(solver: SimpleMinCostFlow, model: Model, ties: Ties, quarters: Ints) -> None:
    requests, offers = len(model.amount), len(model.cases)
    sink = np.int32(requests + offers)
    without = (model.worth << ties.shift) + ties.hash_requests()
    tails = np.arange(requests, dtype=np.int32)
    heads = np.full(requests, sink)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, model.amount, without)
    tails = np.repeat(np.arange(requests, sink, dtype=np.int32), QUARTERS)
    loads = np.tile(model.load << ties.shift, offers)
    heads = np.full(len(tails), sink)
    solver.add_arcs_with_capacity_and_unit_cost(tails, heads, quarters.ravel(), loads)
