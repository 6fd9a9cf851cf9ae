"""A whole pool: our solve beside the raw flow and a greedy, each in the same process and run."""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

import numpy as np

from services.matching.planner.plan import compute_gap, open_processes, solve_pool
from services.matching.solver.arrays import Ints, sum_products
from services.matching.solver.columns import Pool
from services.matching.solver.donors import gather_donors
from services.matching.solver.model import Model, build_model
from services.matching.solver.network import find_cheapest_flow
from services.matching.solver.repair import refill
from services.matching.solver.solve import PoolSolution, solve
from services.matching.solver.weights import Weights
from tests.bench.matching.instances import Shape, pool
from tests.bench.matching.records import changed_by_shuffling

WEIGHTS, UNCOUNTED = Weights(), Weights(donor_points=0)
_Found = TypeVar("_Found")
SHUFFLED_MAX = 50_000  # requests; records of more take longer than the solve


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of the raw flow; of ours without limits on cases, repaired, and polished; of a
    greedy. gap: to the bound, as a share of what the bound saves, which knows of no donors; so
    without limits it is 0 but for those, and exact_gap leaves them uncounted. split: requests of
    several donors by the flow, and once gathered_s has gathered them. changed: requests that get
    something else when the input is shuffled; None where that was not tried.
    """

    shape: str
    arcs: int
    raw_s: float
    free_s: float
    exact_gap: float
    free_gap: float
    gathered_s: float
    split_by_flow: int
    split: int
    repaired_s: float
    repaired_gap: float
    polished_s: float
    polished_gap: float
    greedy_s: float
    greedy_gap: float
    funded: float
    peak_mb: int
    changed: int | None


def measure_apart(shape: Shape, seed: int) -> Measured:
    """In a process of its own: its peak of memory is the raw flow's or ours, whichever is more."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(measure, shape, seed).result()


def measure(shape: Shape, seed: int) -> Measured:
    free, limited = (pool(shape, seed, cases=cases) for cases in (False, True))
    model = build_model(free, WEIGHTS)
    raw_s, raw = _timed(lambda: find_cheapest_flow(model, model.quarters))
    free_s, gathered_free = _timed(lambda: solve(build_model(free, WEIGHTS)))
    exact = solve(build_model(free, UNCOUNTED))
    gathered_s, _ = _timed(lambda: gather_donors(model, raw))
    repaired_s, repaired = _timed(lambda: solve(build_model(limited, WEIGHTS), polish=False))
    polished_s, polished = _timed(lambda: solve(build_model(limited, WEIGHTS)))
    greedy_s, greedy = _timed(lambda: _greedy(limited))
    return Measured(
        shape=shape.name,
        arcs=len(model.arcs),
        raw_s=raw_s,
        free_s=free_s,
        exact_gap=_gap(exact, exact.quantities),
        free_gap=_gap(gathered_free, gathered_free.quantities),
        gathered_s=gathered_s,
        split_by_flow=_split(model, raw),
        split=_split(model, gathered_free.quantities),
        repaired_s=repaired_s,
        repaired_gap=_gap(repaired, repaired.quantities),
        polished_s=polished_s,
        polished_gap=_gap(polished, polished.quantities),
        greedy_s=greedy_s,
        greedy_gap=_gap(polished, greedy),
        funded=float(polished.quantities.sum() / model.amount.sum()),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _RSS_PER_MB,
        changed=changed_by_shuffling(limited, polished) if shape.requests <= SHUFFLED_MAX else None,
    )


_RSS_PER_MB = 1024 * 1024 if sys.platform == "darwin" else 1024


def _greedy(of: Pool) -> Ints:
    model = build_model(of, WEIGHTS)
    return refill(model, np.zeros(len(model.arcs), dtype=np.int64))


def _split(model: Model, given: Ints) -> int:
    return int((model.count_donors(given) > 1).sum())


def _gap(solved: PoolSolution, given: Ints) -> float:
    return compute_gap(
        solved.model.compute_objective(given).total, solved.bound, _worth(solved.model)
    )


def _worth(model: Model) -> int:
    return sum_products(model.amount, model.worth)


def _timed(call: Callable[[], _Found]) -> tuple[float, _Found]:
    """In seconds of the processor: one thread, so those of a clock where the machine is free."""
    started = time.process_time()
    found = call()
    return time.process_time() - started, found


@dataclass(frozen=True, slots=True)
class ByCity:
    """seconds: by the clock. peak_mb: of the largest process.

    gap: to a bound of the pool before it was split.
    """

    shape: str
    cities: int
    processes: int
    seconds: float
    gap: float
    funded: float
    peak_mb: int


def measure_by_city(shape: Shape, seed: int, processes: int) -> ByCity:
    of = pool(shape, seed, cases=True)
    started = time.perf_counter()
    with open_processes(processes) as executor:
        parts, bound = solve_pool(of, WEIGHTS, executor)
    seconds = time.perf_counter() - started
    objective = sum(part.solved.objective.total for part in parts)
    given = sum(int(part.solved.quantities.sum()) for part in parts)
    usage = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return ByCity(
        shape=shape.name,
        cities=len(parts),
        processes=processes,
        seconds=seconds,
        gap=compute_gap(objective, bound, sum(part.worth for part in parts)),
        funded=given / int(of.demand.amount.sum()),
        peak_mb=max(use.ru_maxrss for use in usage) // _RSS_PER_MB,
    )
