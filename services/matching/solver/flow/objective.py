"""What a solution costs by term, in points times units: exact, in Python's integers."""

from dataclasses import dataclass, fields
from operator import mul

import numpy as np

from services.matching.solver.columns import Indices, Ints
from services.matching.solver.flow.model import Model


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


def objective_of(model: Model, given: Ints) -> Objective:
    left = model.amount - sums(model.arcs.request, given, len(model.amount))
    load = np.broadcast_to(model.load, model.quarters.shape)
    return Objective(
        without=product(left, model.worth),
        pairs=product(given, model.arcs.cost),
        load=product(filled(model, given).ravel(), load.ravel()),
        donors=model.donor_points * product(np.maximum(donors(model, given) - 1, 0), model.amount),
    )


def donors(model: Model, given: Ints) -> Ints:
    """Of each request, how many offers give to it."""
    gives = model.arcs.request[given > 0]
    return np.bincount(gives, minlength=len(model.amount)).astype(np.int64)


def filled(model: Model, given: Ints, quarters: Ints | None = None) -> Ints:
    """(offers, 4): the cheapest quarters are filled first."""
    quarters = model.quarters if quarters is None else quarters
    total = sums(model.arcs.offer, given, len(model.cases))
    before = np.cumsum(quarters, axis=1) - quarters
    return np.clip(total[:, None] - before, 0, quarters)


def sums(rows: Indices, values: Ints, count: int) -> Ints:
    """By row, in integers (numpy's bincount would add floats)."""
    result = np.zeros(count, dtype=np.int64)
    np.add.at(result, rows, values)
    return result


def product(values: Ints, points: Ints) -> int:
    used = values != 0
    return sum(map(mul, values[used].tolist(), points[used].tolist()))
