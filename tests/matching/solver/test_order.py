"""Urgency first: with strict weights no saving of distance or load outweighs a level."""

from collections.abc import Iterable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import maximum_flow  # type: ignore[import-untyped]

from services.matching.planner.instance import Instance
from services.matching.planner.plan import build_plan
from tests.matching.solver.instances import random_instance
from tests.matching.solver.oracle import Pair, level, pairs


def most(instance: Instance, arcs: Iterable[Pair], urgent: set[str]) -> int:
    """The largest sum of units that these requests can have, by scipy's maximum flow."""
    asked = [request for request in instance.requests if request.id in urgent]
    rows = {request.id: 1 + row for row, request in enumerate(asked)}
    columns = {offer.id: 1 + len(asked) + row for row, offer in enumerate(instance.offers)}
    sink = 1 + len(asked) + len(columns)
    edges = [(0, rows[request.id], request.need.quantity) for request in asked]
    edges += [(columns[offer.id], sink, offer.quantity) for offer in instance.offers]
    edges += [
        (rows[arc.request.id], columns[arc.offer.id], arc.room)
        for arc in arcs
        if arc.request.id in urgent
    ]
    start, end, room = (np.array(column, dtype=np.int32) for column in zip(*edges, strict=True))
    network = csr_array((room, (start, end)), shape=(sink + 1, sink + 1), dtype=np.int32)
    return int(maximum_flow(network, 0, sink).flow_value)


@settings(max_examples=15, deadline=None)
@given(st.integers(20, 120), st.integers(2, 10), st.integers(0, 2**32))
def test_each_level_gets_the_most_that_is_possible(requests: int, offers: int, seed: int) -> None:
    """Beside those more urgent, which also get the most that is possible: so lexicographic."""
    instance = random_instance(requests, offers, seed, weights={"order": "strict"})
    given_to: dict[str, int] = {}
    for row in build_plan(instance).allocations:
        given_to[row.request] = given_to.get(row.request, 0) + row.quantity
    levels = {request.id: level(instance, request) for request in instance.requests}
    arcs = pairs(instance)
    for last in sorted(set(levels.values())):
        urgent = {id_ for id_, one in levels.items() if one <= last}
        assert sum(given_to.get(id_, 0) for id_ in urgent) == most(instance, arcs, urgent)


def test_thirty_days_of_waiting_lift_a_request_one_tier() -> None:
    instance = random_instance(5, 3, seed=1)
    weights = instance.weights
    assert weights.compute_level(1, 0) == weights.compute_level(2, 30) == 30
    assert weights.compute_level(0, 0) == weights.compute_level(4, 120) == 0
    assert weights.compute_level(0, 99) == weights.compute_level(4, 219) == -99
    assert weights.compute_level(4, 0) == 120
