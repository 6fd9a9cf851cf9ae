"""An instance solved: allocations, what they cost by term, and how far from the bound."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from services.matching.planner.cities import compute_joint_bound, split_by_city
from services.matching.planner.instance import Instance
from services.matching.solver.arrays import sum_products
from services.matching.solver.columns import Pool, build_pools
from services.matching.solver.model import Objective, build_model
from services.matching.solver.solve import PoolSolution, solve
from services.matching.solver.weights import Weights

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What an offer gives to a request."""

    request: str
    offer: str
    quantity: int


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One resource, or of a pool solved by cities one city's share of it."""

    pool: Pool
    solved: PoolSolution

    @property
    def worth(self) -> int:
        return sum_products(self.solved.model.amount, self.solved.model.worth)

    def list_allocations(self) -> Iterator[Share]:
        arcs, quantities = self.solved.model.arcs, self.solved.quantities
        demand, supply = self.pool.demand, self.pool.supply
        for at in np.flatnonzero(quantities):
            request, offer = demand.ids[arcs.request[at]], supply.ids[arcs.offer[at]]
            yield Share(request, offer, int(quantities[at]))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """seconds: with building, without reading. bound: no plan has a lower objective."""

    weights: Weights
    instance: Instance
    parts: Sequence[Part]
    bound: int
    seconds: float

    @property
    def allocations(self) -> list[Share]:
        """In order of request, then offer."""
        rows = (row for part in self.parts for row in part.list_allocations())
        return sorted(rows, key=lambda row: (row.request, row.offer))

    @property
    def objective(self) -> Objective:
        return sum((part.solved.objective for part in self.parts), Objective())

    @property
    def worth(self) -> int:
        """What it would cost to leave everything without."""
        return sum(part.worth for part in self.parts)

    @property
    def gap(self) -> float:
        """How much more the bound saves than this plan, as a share of what the bound saves."""
        return compute_gap(self.objective.total, self.bound, self.worth)


def compute_gap(objective: int, bound: int, worth: int) -> float:
    return (objective - bound) / (worth - bound) if objective > bound else 0.0


def _ignore_progress(_what: str, _done: int, _of: int) -> None:
    """Nobody looks."""


def build_plan(instance: Instance, say: Say = _ignore_progress, processes: int = 0) -> Plan:
    """processes: to solve city by city in; 0 solves each resource whole, which is exact."""
    started = time.perf_counter()
    pools = build_pools(
        instance.open_needs(), instance.open_offers(), instance.weights, instance.now_ms
    )
    parts: list[Part] = []
    bound = 0
    with open_processes(processes) as executor:
        for number, pool in enumerate(pools):
            say(f"{pool.unit} {pool.item}".strip(), number, len(pools))
            solved, least = solve_pool(pool, instance.weights, executor)
            parts += solved
            bound += least
    return Plan(instance.weights, instance, parts, bound, time.perf_counter() - started)


@contextmanager
def open_processes(count: int) -> Iterator[Executor | None]:
    """To solve cities in, each on one thread. Once a plan: each takes a second to start."""
    if not count:
        yield None
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as executor:
        yield executor


def solve_pool(pool: Pool, weights: Weights, executor: Executor | None) -> tuple[list[Part], int]:
    """With a bound of the whole pool. executor: in whose processes its cities are solved."""
    if executor is None:
        whole = Part(pool, solve(build_model(pool, weights)))
        return [whole], whole.solved.bound
    cities = split_by_city(pool, weights)
    solutions = executor.map(partial(_solve_one, weights), cities)
    parts = [Part(city, solved) for city, solved in zip(cities, solutions, strict=True)]
    return parts, compute_joint_bound(
        pool.supply, [(part.pool.supply, part.solved) for part in parts]
    )


def _solve_one(weights: Weights, pool: Pool) -> PoolSolution:
    return solve(build_model(pool, weights))
