"""The model of one resource: a network, limits on open cases that are none of a network, its costs.

Least sum of points: pairs' costs and loads for what is quantities, worths for what is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import mul

import numpy as np

from services.matching.solver.arcs import Arcs, build_arcs
from services.matching.solver.columns import Indices, Ints, Pool, Supply
from services.matching.solver.weights import STEPS, Weights

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


def build_model(pool: Pool, weights: Weights, arcs: Arcs | None = None) -> Model:
    arcs = build_arcs(pool, weights) if arcs is None else arcs
    cost_max = int(arcs.cost.max(initial=0))
    points = weights.points_per_level(len(pool.supply), cost_max)
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


# --- what an allocation costs ---------------------------------------------------------------------


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


def compute_objective(model: Model, quantities: Ints) -> Objective:
    remaining = model.amount - sum_by_row(model.arcs.request, quantities, len(model.amount))
    load = np.broadcast_to(model.load, model.quarters.shape)
    return Objective(
        without=sum_products(remaining, model.worth),
        pairs=sum_products(quantities, model.arcs.cost),
        load=sum_products(fill_quarters(model, quantities).ravel(), load.ravel()),
        donors=model.donor_points
        * sum_products(np.maximum(count_donors(model, quantities) - 1, 0), model.amount),
    )


def count_donors(model: Model, quantities: Ints) -> Ints:
    """Of each request, how many offers give to it."""
    gives = model.arcs.request[quantities > 0]
    return np.bincount(gives, minlength=len(model.amount)).astype(np.int64)


def fill_quarters(model: Model, quantities: Ints, quarters: Ints | None = None) -> Ints:
    """(offers, 4): the cheapest quarters are filled first."""
    quarters = model.quarters if quarters is None else quarters
    total = sum_by_row(model.arcs.offer, quantities, len(model.cases))
    before = np.cumsum(quarters, axis=1) - quarters
    return np.clip(total[:, None] - before, 0, quarters)


def sum_by_row(rows: Indices, values: Ints, count: int) -> Ints:
    """By row, in integers (numpy's bincount would add floats)."""
    result = np.zeros(count, dtype=np.int64)
    np.add.at(result, rows, values)
    return result


def sum_products(values: Ints, points: Ints) -> int:
    used = values != 0
    return sum(map(mul, values[used].tolist(), points[used].tolist()))
