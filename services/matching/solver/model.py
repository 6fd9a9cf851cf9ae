"""The model of one resource: a network, limits on open cases that are none of a network, its costs.

Least sum of points: pairs' costs and loads for what is given, worths for what is not. Quantities
are what each arc gives; what a model says of them (its methods) is all that the stages share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from services.matching.solver.arcs import Arcs, build_arcs
from services.matching.solver.arrays import (
    Ints,
    fill_in_order,
    rank_in_runs,
    sum_by_row,
    sum_products,
)
from services.matching.solver.columns import NO_LIMIT, Pool, Supply
from services.matching.solver.weights import STEPS, Weights

QUARTERS = 4
NEVER = 1 << 61  # points: more than anything costs


@dataclass(frozen=True, slots=True)
class Objective:
    """without: worth of what is left without. pairs: costs of what is given. load: its spread.

    donors: of those beyond each request's first.
    """

    without: int = 0
    pairs: int = 0
    load: int = 0
    donors: int = 0

    @property
    def total(self) -> int:
        return self.divisible + self.donors

    @property
    def divisible(self) -> int:
        """What a flow sees of it; never above the total."""
        return self.without + self.pairs + self.load

    def __add__(self, other: "Objective") -> "Objective":
        names = [field.name for field in fields(self)]
        return Objective(*(getattr(self, name) + getattr(other, name) for name in names))


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

    @property
    def has_case_limits(self) -> bool:
        return bool((self.cases < NO_LIMIT).any())

    def compute_donor_step(self, request: int) -> int:
        """What it costs, in points times units."""
        return self.donor_points * int(self.amount[request])

    def limit_quarters(self) -> Ints:
        """Within what the open cases allow: no offer gives more than its K largest rooms."""
        if not self.has_case_limits:
            return self.quarters
        arcs = self.arcs
        new = np.flatnonzero((self.cases < NO_LIMIT)[arcs.offer])
        order = new[np.lexsort((-arcs.room[new], arcs.offer[new]))]
        counted = np.zeros(len(arcs), dtype=np.bool_)
        counted[order] = rank_in_runs(arcs.offer[order]) < self.cases[arcs.offer[order]]
        reach = sum_by_row(arcs.offer[counted], arcs.room[counted], len(self.cases))
        reach = np.where(self.cases == NO_LIMIT, NO_LIMIT, reach)
        return fill_in_order(self.quarters, reach)

    # --- what quantities are ----------------------------------------------------------------------

    def sum_by_request(self, quantities: Ints) -> Ints:
        return sum_by_row(self.arcs.request, quantities, len(self.amount))

    def sum_by_offer(self, quantities: Ints) -> Ints:
        return sum_by_row(self.arcs.offer, quantities, len(self.cases))

    def count_cases(self, quantities: Ints) -> Ints:
        """New ones of each offer."""
        new = quantities > 0
        return np.bincount(self.arcs.offer[new], minlength=len(self.cases)).astype(np.int64)

    def count_donors(self, quantities: Ints) -> Ints:
        """Of each request, how many offers give to it."""
        gives = self.arcs.request[quantities > 0]
        return np.bincount(gives, minlength=len(self.amount)).astype(np.int64)

    def fill_quarters(self, quantities: Ints, quarters: Ints | None = None) -> Ints:
        """(offers, 4): the cheapest quarters are filled first."""
        quarters = self.quarters if quarters is None else quarters
        return fill_in_order(quarters, self.sum_by_offer(quantities))

    def compute_objective(self, quantities: Ints) -> Objective:
        remaining = self.amount - self.sum_by_request(quantities)
        load = np.broadcast_to(self.load, self.quarters.shape)
        further = np.maximum(self.count_donors(quantities) - 1, 0)
        return Objective(
            without=sum_products(remaining, self.worth),
            pairs=sum_products(quantities, self.arcs.cost),
            load=sum_products(self.fill_quarters(quantities).ravel(), load.ravel()),
            donors=self.donor_points * sum_products(further, self.amount),
        )


def build_model(pool: Pool, weights: Weights, arcs: Arcs | None = None) -> Model:
    arcs = build_arcs(pool, weights) if arcs is None else arcs
    cost_max = int(arcs.cost.max(initial=0))
    points = weights.compute_level_points(len(pool.supply), cost_max)
    worth = (weights.level_max + 1) * points - pool.demand.steps * points // STEPS
    return Model(
        requests=pool.demand.ids,
        offers=pool.supply.ids,
        amount=pool.demand.amount,
        worth=worth,
        arcs=arcs,
        quarters=split_into_quarters(pool.supply),
        load=np.array(weights.load_points, dtype=np.int64),
        cases=pool.supply.cases,
        points_per_level=points,
        donor_points=weights.donor_points,
    )


def split_into_quarters(supply: Supply) -> Ints:
    """What was used before fills the first quarters."""
    whole = supply.used + supply.budget
    edges = whole[:, None] * np.arange(QUARTERS + 1) >> 2  # a quarter of each
    filled = np.maximum(edges, supply.used[:, None])
    room: Ints = np.diff(filled, axis=1)
    return room
