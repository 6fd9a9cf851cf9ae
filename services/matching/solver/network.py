"""One minimum-cost flow over a model's network: exact, alike on every machine, and with its prices.

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

from services.matching.messages import WEIGHTS_TOO_LARGE
from services.matching.solver.columns import Flags, Indices, Ints
from services.matching.solver.model import QUARTERS, Model, fill_quarters
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

    def of_pairs(self, request: Indices, offer: Indices) -> Ints:
        return self._bounded(_mix(self.request[request] ^ _mix(self.offer[offer])))

    def of_requests(self) -> Ints:
        return self._bounded(_mix(self.request))

    def _bounded(self, words: _Words) -> Ints:
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


def find_cheapest_flow(model: Model, quarters: Ints) -> Ints:
    """What each arc gives. quarters: the model's, or less where the open cases allow less."""
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


def find_cheapest_flow_over(model: Model, arcs: Flags, quarters: Ints) -> Ints:
    """The cheapest flow over these arcs alone."""
    quantities = np.zeros(len(arcs), dtype=np.int64)
    quantities[arcs] = find_cheapest_flow(replace(model, arcs=model.arcs.only(arcs)), quarters)
    return quantities


def _build_ties(model: Model) -> Ties:
    dearest = int(model.arcs.cost.max(initial=0)) + int(model.load[-1])
    return build_ties(model.requests, model.offers, max(dearest, int(model.worth.max(initial=0))))


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


# --- prices ---------------------------------------------------------------------------------------
#
# Duals of a flow, which the flow solver does not show: shortest ways in the residual network.
# Price of an offer: points of one unit more asked of it, be it the load of its next quarter or the
# cheapest way to place elsewhere a unit that it gives. Of a request: points of one unit more asked
# by it. Bellman and Ford's passes over requests and offers in turn, whole columns at once.

NEVER = 1 << 61


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """offer: points a unit, NEVER where nothing can be asked of it. passes: until they stood."""

    offer: Ints
    request: Ints
    passes: int


def compute_prices(
    model: Model, quantities: Ints, quarters: Ints, cost: Ints | None = None
) -> Prices:
    """quantities: a cheapest flow over `quarters`; of another, passes might not end, so they are
    held to a number.

    cost: of each pair, where it is not the model's.
    """
    cost = model.arcs.cost if cost is None else cost
    ways = _Ways(model, quantities, cost)
    first = offer = _compute_next_load(model, quantities, quarters)
    passes = 0
    while passes <= 2 * len(offer) + 2:
        passes += 1
        request = ways.cheapest_request(offer, model.worth)
        after = np.minimum(first, ways.cheapest_displaced(request))
        if np.array_equal(after, offer):
            return Prices(offer, request, passes)
        offer = after
    raise AssertionError("the flow is not a cheapest one: its residual network has a gainful cycle")


def compute_costs_to(model: Model, quantities: Ints, offer: int) -> Ints:
    """Of each request, what a unit more costs if this offer gives it, by whatever displacements.

    NEVER or more where no chain of them ends at the offer.
    """
    ways = _Ways(model, quantities, model.arcs.cost)
    never = np.full(len(model.amount), NEVER)
    price = np.full(len(model.cases), NEVER)
    price[offer] = 0
    for _ in range(2 * len(price) + 2):
        after = np.minimum(price, ways.cheapest_displaced(ways.cheapest_request(price, never)))
        if np.array_equal(after, price):
            break
        price = after
    return ways.cheapest_request(price, never)


def _compute_next_load(model: Model, quantities: Ints, quarters: Ints) -> Ints:
    """Points of the first quarter with room; NEVER for a full offer, 0 for one nobody can ask."""
    room = quarters - fill_quarters(model, quantities, quarters)
    points = np.where(room > 0, model.load, NEVER).min(axis=1)
    return np.where(quarters.any(axis=1), points, 0)


class _Ways:
    """The residual arcs: forward where there is room, back where something is given."""

    def __init__(self, model: Model, quantities: Ints, cost: Ints) -> None:
        arcs = model.arcs
        forward = quantities < arcs.room
        self._to, self._cost = arcs.offer[forward], cost[forward]
        self._requests, self._starts = _find_runs(arcs.request[forward])
        back = np.flatnonzero(quantities > 0)
        back = back[np.argsort(arcs.offer[back], kind="stable")]
        self._from, self._saved = arcs.request[back], cost[back]
        self._offers, self._ends = _find_runs(arcs.offer[back])
        self._count = len(model.cases)

    def cheapest_request(self, offer: Ints, otherwise: Ints) -> Ints:
        """Of each request: what it costs otherwise, or from the cheapest offer with room."""
        result = otherwise.copy()
        if len(self._starts):
            ways = np.minimum.reduceat(self._cost + offer[self._to], self._starts)
            result[self._requests] = np.minimum(result[self._requests], ways)
        return result

    def cheapest_displaced(self, request: Ints) -> Ints:
        result = np.full(self._count, NEVER)
        if len(self._ends):
            ways = np.minimum.reduceat(request[self._from] - self._saved, self._ends)
            result[self._offers] = ways
        return result


def _find_runs(rows: np.typing.NDArray[np.int32]) -> tuple[Indices, np.typing.NDArray[np.intp]]:
    """The values of runs of equal rows, and where they start."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return rows[starts], starts
