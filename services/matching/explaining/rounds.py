"""Why a need got what it got in a round: recomputed from the round's inputs, so it is what was.

Nothing is kept beside a round but what solves it again: an explanation of every match would be
many times the size, and could differ from what was decided.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from services.matching.explaining.explanation import (
    Explanation,
    Score,
    build_explanation,
    explain_without_offers,
    next_load,
    score_candidates,
)
from services.matching.explaining.sentences import sentences
from services.matching.planner.plan import Part
from services.matching.solver.columns import Ints, build_pools
from services.matching.solver.flow.batch import decided
from services.matching.solver.flow.model import Model, model_of
from services.matching.solver.flow.objective import objective_of
from services.matching.solver.flow.prices import Prices
from services.matching.solver.flow.solve import Solved, solve
from services.matching.solver.interface import Inputs, OpenNeed, read
from services.matching.solver.weights import Weights

ANOTHER = "（其他资源 another offer）"


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """Of one resource. price: points of each offer's unit that a batch was given."""

    inputs: Inputs
    part: Part
    price: Ints | None


def explanation(
    text: str, request_id: str, named: Collection[str] | None = None
) -> dict[str, Any] | None:
    """`{"explanation": {...}, "text": [lines]}`; None when the round did not look at the request.

    named: the offers whose ids may be shown, where not all.
    """
    inputs = _inputs(text)
    need = next((need for need in inputs.needs if need.id == request_id), None)
    if need is None:
        return None
    found = _explained(text, need)
    shown = found if named is None else _without_others(found, named)
    return {"explanation": shown.as_dict(), "text": sentences(shown)}


@lru_cache(maxsize=1)
def _inputs(text: str) -> Inputs:
    return read(text)


def _explained(text: str, need: OpenNeed) -> Explanation:
    found = _solved(text, need.unit, need.item)
    if found is None:
        inputs = _inputs(text)
        return explain_without_offers(need, inputs.time_ms, Weights.from_json(inputs.weights))
    row = list(found.part.pool.demand.ids).index(need.id)
    weights = Weights.from_json(found.inputs.weights)
    return build_explanation(weights, found.part, row, _scores(found, row))


@lru_cache(maxsize=2)
def _solved(text: str, unit: str, item: str) -> _Round | None:
    """None: nothing was offered of it."""
    inputs = _inputs(text)
    weights = Weights.from_json(inputs.weights)
    needs = [need for need in inputs.needs if (need.unit, need.item) == (unit, item)]
    offers = [offer for offer in inputs.offers if (offer.unit, offer.item) == (unit, item)]
    if not offers:
        return None
    [pool] = build_pools(needs, offers, weights, inputs.time_ms)
    model = model_of(pool, weights)
    if inputs.prices is None:
        return _Round(inputs, Part(pool, solve(model)), None)
    prices = dict(inputs.prices)
    price = np.array([prices.get(id_, 0) for id_ in model.offers], dtype=np.int64)
    return _Round(inputs, Part(pool, _priced(model, decided(model, price), price)), price)


def _priced(model: Model, given: Ints, price: Ints) -> Solved:
    """A batch has no bound; a unit costs its offer's price, and its load where that is more."""
    objective = objective_of(model, given)
    solved = Solved(model, given, objective, objective.total, Prices(price, model.worth, 0))
    offer = np.maximum(price, next_load(solved))
    return replace(solved, prices=Prices(offer, model.worth, 0))


def _scores(found: _Round, row: int) -> Sequence[Score]:
    """In a batch as they were when the request's turn came."""
    solved = found.part.solved
    if found.price is None:
        return score_candidates(found.part.pool, solved, row)
    before = _priced(solved.model, _before(solved.model, solved.given, row), found.price)
    scores = score_candidates(found.part.pool, before, row)
    given = _given(solved, row)
    taken = [replace(score, given=given.get(score.offer, 0)) for score in scores]
    return [replace(score, has_case=score.has_case or score.given > 0) for score in taken]


def _before(model: Model, given: Ints, row: int) -> Ints:
    """What those whose turn came earlier were given."""
    request = model.arcs.request
    worth, mine = model.worth[request], model.worth[row]
    earlier = (worth > mine) | ((worth == mine) & (request < row))
    return np.where(earlier, given, 0)


def _given(solved: Solved, row: int) -> dict[str, int]:
    arcs = solved.model.arcs
    mine = np.flatnonzero((arcs.request == row) & (solved.given > 0))
    return {solved.model.offers[arcs.offer[at]]: int(solved.given[at]) for at in mine.tolist()}


def _without_others(found: Explanation, named: Collection[str]) -> Explanation:
    """A partner reads of his own offers by name alone."""

    def shown(score: Score) -> Score:
        return score if score.offer in named else replace(score, offer=ANOTHER)

    missing = found.missing
    if missing is not None and missing.offer not in named:
        missing = replace(missing, offer=ANOTHER)
    return replace(
        found,
        givers=tuple(map(shown, found.givers)),
        others=tuple(map(shown, found.others)),
        missing=missing,
    )
