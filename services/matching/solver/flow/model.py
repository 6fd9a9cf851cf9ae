"""The model of one resource: a network, and the limits on open cases that are none of a network.

Least sum of points: pairs' costs and loads for what is given, worths for what is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.solver.arcs import Arcs, build_arcs
from services.matching.solver.columns import Ints, Pool, Supply
from services.matching.solver.weights import Weights

QUARTERS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """requests, offers: ids, ascending. worth: points for a unit of each request left without.

    quarters: (offers, 4), what is free in each quarter of an offer's quantity; load: their points.
    cases: new open cases an offer may take. donor_points: for each unit asked, of each donor beyond
    a request's first.
    """

    requests: Sequence[str]
    offers: Sequence[str]
    amount: Ints
    worth: Ints
    arcs: Arcs
    quarters: Ints
    load: Ints
    cases: Ints
    points_per_level: int
    donor_points: int

    @property
    def budget(self) -> Ints:
        whole: Ints = self.quarters.sum(axis=1)
        return whole

    def donor_beyond_first(self, request: int) -> int:
        """What it costs, in points times units."""
        return self.donor_points * int(self.amount[request])


def model_of(pool: Pool, weights: Weights, arcs: Arcs | None = None) -> Model:
    arcs = build_arcs(pool, weights) if arcs is None else arcs
    cost_max = int(arcs.cost.max(initial=0))
    points = weights.points_per_level(len(pool.supply), cost_max)
    worth = (weights.level_max + 1 - pool.demand.level) * points
    return Model(
        requests=pool.demand.ids,
        offers=pool.supply.ids,
        amount=pool.demand.amount,
        worth=worth,
        arcs=arcs,
        quarters=quarters_of(pool.supply),
        load=np.array(weights.load_points, dtype=np.int64),
        cases=pool.supply.cases,
        points_per_level=points,
        donor_points=weights.donor_points,
    )


def quarters_of(supply: Supply) -> Ints:
    """What was used before fills the first quarters."""
    whole = supply.used + supply.budget
    edges = whole[:, None] * np.arange(QUARTERS + 1) >> 2  # a quarter of each
    filled = np.maximum(edges, supply.used[:, None])
    room: Ints = np.diff(filled, axis=1)
    return room
