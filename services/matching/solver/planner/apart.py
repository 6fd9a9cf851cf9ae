"""Pools solved in processes of their own, each on one thread."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from services.matching.solver.flow.model import model_of
from services.matching.solver.flow.solve import Solved, solve
from services.matching.solver.pool.columns import Pool
from services.matching.solver.pool.weights import Weights


def each_apart(
    pools: Sequence[Pool], weights: Weights, processes: int
) -> Iterator[tuple[Pool, Solved]]:
    """In the order of the pools. The large ones are not begun last: cities are about alike."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        yield from zip(pools, executor.map(partial(_solved, weights), pools), strict=True)


def _solved(weights: Weights, pool: Pool) -> Solved:
    return solve(model_of(pool, weights))
