"""Which cases to open, as a program for CP-SAT: loaded only where limits on open cases bind."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from services.matching.solver.arrays import Flags, Ints, Rows, sum_products
from services.matching.solver.columns import NO_LIMIT
from services.matching.solver.model import Model

WORK_MAX = 1.0  # of CP-SAT, some seconds


@dataclass(frozen=True, slots=True, eq=False)
class CaseSolution:
    """opened: the arcs of the best plan found. bound: no plan of the program's arcs costs less."""

    opened: Flags
    bound: int


class CaseProgram:
    """Of some of a model's arcs, for CP-SAT; begins with a plan."""

    def __init__(self, model: Model, numbers: Rows, quantities: Ints) -> None:
        self._model = model
        self._program = cp_model.CpModel()
        self._units: dict[int, cp_model.IntVar] = {}
        self._terms: list[cp_model.LinearExprT] = []
        self._filled = model.fill_quarters(quantities)
        by_request: dict[int, list[int]] = defaultdict(list)
        by_offer: dict[int, list[int]] = defaultdict(list)
        for at in numbers.tolist():
            self._add_arc(at, int(quantities[at]))
            by_request[int(model.arcs.request[at])].append(at)
            by_offer[int(model.arcs.offer[at])].append(at)
        for request, mine in by_request.items():
            self._program.add(self._sum_units(mine) <= int(model.amount[request]))
        for offer, mine in by_offer.items():
            self._add_offer(offer, mine, quantities)
        self._program.maximize(cp_model.LinearExpr.sum(self._terms))

    def solve(self, gap_max: float) -> CaseSolution | None:
        """gap_max: nearer to the best is not looked for."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.max_deterministic_time = WORK_MAX
        solver.parameters.relative_gap_limit = gap_max
        if solver.solve(self._program) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        opened = np.zeros(len(self._model.arcs), dtype=np.bool_)
        for at, units in self._units.items():
            opened[at] = solver.value(units) > 0
        worth = sum_products(self._model.amount, self._model.worth)
        return CaseSolution(opened, worth - round(solver.best_objective_bound))

    def _add_arc(self, at: int, quantity: int) -> None:
        arcs = self._model.arcs
        units = self._units[at] = self._add_variable(int(arcs.room[at]), quantity)
        saved = self._model.worth[arcs.request[at]] - arcs.cost[at]
        self._terms.append(int(saved) * units)

    def _add_offer(self, offer: int, arcs: list[int], quantities: Ints) -> None:
        model, most = self._model, int(self._model.cases[offer])
        rows = (model.quarters[offer].tolist(), self._filled[offer].tolist(), model.load.tolist())
        quarters = []
        for room, filled, load in zip(*rows, strict=True):
            units = self._add_variable(room, filled)
            quarters.append(units)
            self._terms.append(-load * units)
        self._program.add(self._sum_units(arcs) == cp_model.LinearExpr.sum(quarters))
        if most >= NO_LIMIT:
            return
        cases = []
        for at in arcs:
            case = self._add_variable(1, int(quantities[at] > 0))
            self._program.add(self._units[at] <= int(model.arcs.room[at]) * case)
            cases.append(case)
        self._program.add(cp_model.LinearExpr.sum(cases) <= most)

    def _add_variable(self, most: int, hint: int) -> cp_model.IntVar:
        variable = self._program.new_int_var(0, most, "")
        self._program.add_hint(variable, hint)
        return variable

    def _sum_units(self, arcs: list[int]) -> cp_model.LinearExprT:
        return cp_model.LinearExpr.sum([self._units[at] for at in arcs])
