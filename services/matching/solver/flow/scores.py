"""What each candidate of a request costs, term by term, at the prices of a solution."""

from dataclasses import dataclass

import numpy as np

from services.matching.solver.flow.cases import open_cases
from services.matching.solver.flow.model import QUARTERS
from services.matching.solver.flow.objective import filled
from services.matching.solver.flow.solve import Solved
from services.matching.solver.pool.columns import Flags, Ints, Pool


@dataclass(frozen=True, slots=True)
class Score:
    """Points for a unit. load: of the offer's next quarter; scarcity: what its units are worth
    elsewhere beyond that. given: units to this request. room: units it could give it at most.
    """

    offer: str
    base: int
    distance: int
    specialism: int
    unreliability: int
    load: int
    scarcity: int
    given: int
    room: int
    has_case: bool

    @property
    def price(self) -> int:
        return self.load + self.scarcity

    @property
    def total(self) -> int:
        return self.base + self.distance + self.specialism + self.unreliability + self.price


def scores_of(pool: Pool, solved: Solved, request: int) -> list[Score]:
    """Of the request's row, the cheapest first."""
    first, end = np.searchsorted(solved.model.arcs.request, [request, request + 1])
    load, free_case = next_load(solved), free_cases(solved)
    scores = [
        _score(pool, solved, at, int(load[offer]), bool(free_case[offer]))
        for at, offer in enumerate(solved.model.arcs.offer[first:end].tolist(), int(first))
    ]
    return sorted(scores, key=lambda score: (score.total, score.offer))


def _score(pool: Pool, solved: Solved, at: int, load: int, free_case: bool) -> Score:
    arcs, offer = solved.model.arcs, int(solved.model.arcs.offer[at])
    price, given = int(solved.prices.offer[offer]), int(solved.given[at])
    return Score(
        offer=pool.supply.ids[offer],
        base=1,
        distance=int(arcs.distance[at]),
        specialism=int(pool.supply.specialism[offer]),
        unreliability=int(pool.supply.unreliability[offer]),
        load=min(load, price),
        scarcity=max(0, price - load),
        given=given,
        room=int(arcs.room[at]),
        has_case=free_case or given > 0 or bool(arcs.held[at]),
    )


def next_load(solved: Solved) -> Ints:
    """Points of each offer's next unit; of its last quarter where it is full."""
    model = solved.model
    room = model.quarters > filled(model, solved.given)
    first = np.where(room.any(axis=1), room.argmax(axis=1), QUARTERS - 1)
    return model.load[first]


def free_cases(solved: Solved) -> Flags:
    return open_cases(solved.model, solved.given) < solved.model.cases
