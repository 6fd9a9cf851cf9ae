"""Why a need got what it got in a round: recomputed from the round's inputs, so it is what was.

Nothing is kept beside a round but what solves it again: an explanation of every match would be
many times the size, and could differ from what was decided.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from services.matching.explaining.details import format_details
from services.matching.explaining.explanation import (
    Explanation,
    Score,
    build_explanation,
    build_subject,
    explain_without_offers,
    find_next_load,
    score_candidates,
)
from services.matching.explaining.sentences import ANOTHER, format_explanation
from services.matching.planner.plan import Part
from services.matching.solver.arrays import Ints
from services.matching.solver.columns import build_pools
from services.matching.solver.interface import Inputs, OpenNeed, read_inputs
from services.matching.solver.model import Model, build_model
from services.matching.solver.prices import PoolPrices
from services.matching.solver.solve import (
    VERSIONS,
    PoolSolution,
    searches_cases,
    serve_at_prices,
    solve,
)
from services.matching.solver.weights import Weights
from shared.documents import Document


@dataclass(frozen=True, slots=True, eq=False)
class _Round:
    """Of one resource. price: points of each offer's unit that a batch was given."""

    inputs: Inputs
    part: Part
    price: Ints | None


def explain_need_of_round(
    text: str,
    request_id: str,
    named: Collection[str] | None = None,
    version: str = VERSIONS[-1],
) -> Document | None:
    """`{"explanation": {...}, "text": [lines], "details": [lines]}`: the text is for people, the
    details hold the numbers. None when the round did not look at the request.

    named: the offers whose ids may be shown, where not all. version: of the solver that decided.
    """
    inputs = _read(text)
    need = next((need for need in inputs.needs if need.id == request_id), None)
    if need is None:
        return None
    explanation = _explain(text, need, version)
    if named is not None:
        explanation = _hide_others(explanation, named)
    return {
        "explanation": explanation.as_dict(),
        "text": format_explanation(explanation),
        "details": format_details(explanation),
    }


@lru_cache(maxsize=1)
def _read(text: str) -> Inputs:
    return read_inputs(text)


def _explain(text: str, need: OpenNeed, version: str) -> Explanation:
    solved = _solve(text, need.unit, need.item, version)
    if solved is None:
        inputs = _read(text)
        return explain_without_offers(need, inputs.time_ms, Weights.from_json(inputs.weights))
    row = list(solved.part.pool.demand.ids).index(need.id)
    weights = Weights.from_json(solved.inputs.weights)
    return build_explanation(weights, solved.part, row, _score(solved, row), build_subject(need))


@lru_cache(maxsize=2)
def _solve(text: str, unit: str, item: str, version: str) -> _Round | None:
    """None: nothing was offered of it."""
    inputs = _read(text)
    weights = Weights.from_json(inputs.weights)
    needs = [need for need in inputs.needs if (need.unit, need.item) == (unit, item)]
    offers = [offer for offer in inputs.offers if (offer.unit, offer.item) == (unit, item)]
    if not offers:
        return None
    [pool] = build_pools(needs, offers, weights, inputs.time_ms)
    model = build_model(pool, weights)
    if inputs.prices is None:
        return _Round(inputs, Part(pool, solve(model, search=searches_cases(version))), None)
    prices = dict(inputs.prices)
    price = np.array([prices.get(id_, 0) for id_ in model.offers], dtype=np.int64)
    return _Round(
        inputs, Part(pool, _apply_prices(model, serve_at_prices(model, price), price)), price
    )


def _apply_prices(model: Model, quantities: Ints, price: Ints) -> PoolSolution:
    """A batch has no bound; a unit costs its offer's price, and its load where that is more."""
    objective = model.compute_objective(quantities)
    solved = PoolSolution(
        model, quantities, objective, objective.total, PoolPrices(price, model.worth, 0)
    )
    offer = np.maximum(price, find_next_load(solved))
    return replace(solved, prices=PoolPrices(offer, model.worth, 0))


def _score(round_: _Round, row: int) -> Sequence[Score]:
    """In a batch as they were when the request's turn came."""
    pool, solved = round_.part.pool, round_.part.solved
    if round_.price is None:
        return score_candidates(pool, solved, row)
    before = _apply_prices(
        solved.model, _find_quantities_before(solved.model, solved.quantities, row), round_.price
    )
    scores = score_candidates(pool, before, row)
    quantities = _find_quantities(solved, row)
    final = [replace(score, given=quantities.get(score.offer, 0)) for score in scores]
    return [replace(score, has_case=score.has_case or score.given > 0) for score in final]


def _find_quantities_before(model: Model, quantities: Ints, row: int) -> Ints:
    """What those whose turn came earlier were given."""
    request = model.arcs.request
    worth, mine = model.worth[request], model.worth[row]
    earlier = (worth > mine) | ((worth == mine) & (request < row))
    return np.where(earlier, quantities, 0)


def _find_quantities(solved: PoolSolution, row: int) -> dict[str, int]:
    arcs = solved.model.arcs
    mine = np.flatnonzero((arcs.request == row) & (solved.quantities > 0))
    return {solved.model.offers[arcs.offer[at]]: int(solved.quantities[at]) for at in mine.tolist()}


def _hide_others(explanation: Explanation, named: Collection[str]) -> Explanation:
    """A partner reads of his own offers by name alone."""

    def hide(score: Score) -> Score:
        return score if score.offer in named else replace(score, offer=ANOTHER)

    missing = explanation.missing
    if missing is not None and missing.offer not in named:
        missing = replace(missing, offer=ANOTHER)
    return replace(
        explanation,
        givers=tuple(map(hide, explanation.givers)),
        others=tuple(map(hide, explanation.others)),
        missing=missing,
    )
