"""Limits on open cases that bind: a tight bound, and a search among the cases that matter.

The linear program in which a case may be opened in part costs nearly what the best plan costs. Its
prices, rounded to integers, give a bound that holds whatever floats made them: at any prices an
offer with K cases saves at most its K best arcs' savings. CP-SAT then chooses which cases to open
among the arcs that lose least at these prices: one thread, a fixed seed and a limit in its own
units of work, so that the same model is searched alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from ortools.linear_solver.pywraplp import Solver as LinearSolver  # type: ignore[import-untyped]

from services.matching.solver.arrays import (
    Flags,
    Ints,
    Rows,
    fill_in_order,
    rank_in_runs,
    sum_products,
)
from services.matching.solver.columns import NO_LIMIT
from services.matching.solver.model import Model

ARCS_MAX = 20_000  # above them the linear program takes longer than the flows
SEARCHED_MAX = 1_000  # arcs
GAP_MAX = 0.001  # of what is saved: nearer to the best is not looked for
_POINTS_MAX = 1 << 52  # of a plan, which floats still tell apart


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """opened: the arcs that a better plan is to use. bound: no plan costs less."""

    opened: Flags
    bound: int


def search_cases(model: Model, quantities: Ints, bound: int) -> SearchResult | None:
    """quantities: a plan to begin with; bound: a proved one. None where the pool is too large."""
    points = int(model.worth.max(initial=0)) * int(model.amount.sum())
    if not 0 < len(model.arcs) <= ARCS_MAX or points >= _POINTS_MAX:
        return None
    model = replace(model, quarters=_limit_quarters(model))
    prices = _compute_case_prices(model)
    if prices is None:
        return None
    bound = max(bound, _compute_bound(model, prices))
    opened = quantities > 0
    saved = sum_products(model.amount, model.worth) - bound
    if model.compute_objective(quantities).divisible - bound <= GAP_MAX * saved:
        return SearchResult(opened, bound)
    searched = _choose_arcs(model, prices, quantities)
    # CP-SAT brings pandas, half a second and 60 MB: only for who has to search.
    from services.matching.solver.case_program import CaseProgram

    program = CaseProgram(model, np.flatnonzero(searched), quantities)
    solution = program.solve(GAP_MAX)
    if solution is None:
        return SearchResult(opened, bound)
    return SearchResult(solution.opened, max(bound, solution.bound) if searched.all() else bound)


def _limit_quarters(model: Model) -> Ints:
    """Within what the open cases allow and what the requests can take."""
    return fill_in_order(model.limit_quarters(), model.sum_by_offer(model.arcs.room))


# --- prices and bound -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _CasePrices:
    """Points a unit. saved: by each arc at these prices, below 0 where it costs more."""

    request: Ints
    offer: Ints
    saved: Ints


def _compute_case_prices(model: Model) -> _CasePrices | None:
    """Duals of the linear program; None where it is not solved."""
    solver, arcs = LinearSolver.CreateSolver("GLOP"), model.arcs
    requests = [solver.Constraint(0, amount) for amount in model.amount.tolist()]
    offers = [solver.Constraint(-solver.infinity(), 0) for _ in model.cases]
    cases = {
        offer: solver.Constraint(0, most)
        for offer, most in enumerate(model.cases.tolist())
        if most < NO_LIMIT
    }
    objective = solver.Objective()
    saved = model.worth[arcs.request] - arcs.cost
    columns = (arcs.request.tolist(), arcs.offer.tolist(), arcs.room.tolist(), saved.tolist())
    for request, offer, room, points in zip(*columns, strict=True):
        units = solver.NumVar(0, room, "")
        requests[request].SetCoefficient(units, 1)
        offers[offer].SetCoefficient(units, 1)
        if offer in cases:
            cases[offer].SetCoefficient(units, 1 / room)
        objective.SetCoefficient(units, points)
    for offer, quarters in enumerate(model.quarters.tolist()):
        for room, load in zip(quarters, model.load.tolist(), strict=True):
            units = solver.NumVar(0, room, "")
            offers[offer].SetCoefficient(units, -1)
            objective.SetCoefficient(units, -load)
    objective.SetMaximization()
    if solver.Solve() != LinearSolver.OPTIMAL:
        return None
    request, offer = (_round_duals(rows) for rows in (requests, offers))
    return _CasePrices(request, offer, saved - request[arcs.request] - offer[arcs.offer])


def _round_duals(rows: Sequence[LinearSolver.Constraint]) -> Ints:
    return np.array([max(0, round(row.dual_value())) for row in rows], dtype=np.int64)


def _rank_savings(model: Model, savings: Ints) -> tuple[Rows, Ints]:
    """Arcs by offer, what saves most first; and each one's rank at its offer."""
    order = np.lexsort((-savings, model.arcs.offer))
    return order, rank_in_runs(model.arcs.offer[order])


def _compute_bound(model: Model, prices: _CasePrices) -> int:
    """In integers: no plan within the limits on open cases costs less."""
    savings = np.maximum(prices.saved, 0) * model.arcs.room
    order, rank = _rank_savings(model, savings)
    best = order[rank < model.cases[model.arcs.offer[order]]]
    gain = np.maximum(prices.offer[:, None] - model.load[None, :], 0)
    without = sum_products(model.amount, model.worth - prices.request)
    cases: list[int] = savings[best].tolist()
    return without - sum(cases) - sum_products(model.quarters.ravel(), gain.ravel())


def _choose_arcs(model: Model, prices: _CasePrices, quantities: Ints) -> Flags:
    """Those of the known plan, then those whose opening loses least at these prices."""
    arcs = model.arcs
    savings = prices.saved * arcs.room
    order, rank = _rank_savings(model, savings)
    last = order[rank == model.cases[arcs.offer[order]] - 1]
    least = np.zeros(len(model.cases), dtype=np.int64)  # what an offer's last case saves
    least[arcs.offer[last]] = np.maximum(savings[last], 0)
    loss = np.where(quantities > 0, -1, np.maximum(least[arcs.offer] - savings, 0))
    searched = np.zeros(len(arcs), dtype=np.bool_)
    searched[loss.argsort(kind="stable")[:SEARCHED_MAX]] = True
    return searched
