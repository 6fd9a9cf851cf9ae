"""Micro-batches priced by the last whole solution: no flow, each request in order of urgency.

Of its candidates a request takes the cheapest by cost + price while that is within its worth; so
an offer that scarcer or more urgent needs will ask for is not spent on what can go elsewhere.
"""

import numpy as np

from services.matching.solver.arcs import OfferIndex, build_arcs
from services.matching.solver.columns import Demand, Ints, Pool, Supply
from services.matching.solver.flow.cases import open_cases
from services.matching.solver.flow.model import Model, model_of
from services.matching.solver.flow.objective import sums
from services.matching.solver.flow.refill import refilled
from services.matching.solver.weights import Weights


def decided(model: Model, price: Ints) -> Ints:
    """What each arc of the batch gives. price: points of each offer's unit, 0 where unknown."""
    return refilled(model, np.zeros(len(model.arcs), dtype=np.int64), price)


class Counter:
    """The open offers of one resource, with their index, from one micro-batch to the next."""

    def __init__(self, supply: Supply, weights: Weights, price: Ints) -> None:
        self.supply = supply
        self.price = price
        self._weights = weights
        self._index = OfferIndex(supply)

    def decide(self, demand: Demand) -> tuple[Model, Ints]:
        """What each arc of the batch's model gives; that is taken from the offers."""
        pool = Pool("", "", demand, self.supply)
        model = model_of(pool, self._weights, build_arcs(pool, self._weights, self._index))
        given = decided(model, self.price)
        quantity = sums(model.arcs.offer, given, len(self.supply))
        self.supply = self.supply.less(quantity, open_cases(model, given))
        return model, given
