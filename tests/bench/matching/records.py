"""Pools as records in another order, to see whether the order of input shows in a solution."""

import numpy as np

from services.matching.solver.flow.model import model_of
from services.matching.solver.flow.solve import Solved, solve
from services.matching.solver.pool.build import pools_of
from services.matching.solver.pool.columns import NO_LIMIT, Pool
from services.matching.solver.pool.records import Ask, Give
from services.matching.solver.pool.weights import TIER_MAX, Weights


def changed_by_shuffling(pool: Pool, solved: Solved, seed: int = 1) -> int:
    """Requests that get something else than in `solved`."""
    weights = Weights()
    chance = np.random.default_rng(seed)
    asks, gives = asks_of(pool), gives_of(pool)
    [again] = pools_of(
        [asks[row] for row in chance.permutation(len(asks))],
        [gives[row] for row in chance.permutation(len(gives))],
        weights,
    )
    other = solve(model_of(again, weights))
    return len({request for request, _, _ in _rows(solved) ^ _rows(other)})


def _rows(solved: Solved) -> set[tuple[str, str, int]]:
    model, arcs = solved.model, solved.model.arcs
    return {
        (model.requests[arcs.request[at]], model.offers[arcs.offer[at]], int(solved.given[at]))
        for at in np.flatnonzero(solved.given)
    }


def asks_of(pool: Pool) -> list[Ask]:
    demand = pool.demand
    columns = zip(
        demand.ids,
        *(
            column.tolist()
            for column in (
                demand.category,
                demand.town,
                demand.tier,
                Weights().tier_days * demand.tier - demand.level,
                demand.amount,
                demand.latitude,
                demand.longitude,
            )
        ),
        strict=True,
    )
    return [
        Ask(id_, pool.unit, pool.item, f"C-{category}", f"T-{town}", tier, days, amount, "", y, x)
        for id_, category, town, tier, days, amount, y, x in columns
    ]


def gives_of(pool: Pool) -> list[Give]:
    supply = pool.supply
    return [
        Give(
            id=supply.ids[row],
            unit=pool.unit,
            item=pool.item,
            budget=int(supply.budget[row]),
            categories=tuple(f"C-{category}" for category in supply.categories[row]),
            towns=tuple(f"T-{town}" for town in supply.towns[row]),
            tiers=_tiers(int(supply.tiers[row])),
            latitude=int(supply.latitude[row]),
            longitude=int(supply.longitude[row]),
            cap_per_request=_limit(int(supply.cap[row])),
            cases_max=_limit(int(supply.cases[row])),
            unreliability=int(supply.unreliability[row]),
        )
        for row in range(len(supply))
    ]


def _limit(value: int) -> int | None:
    return None if value >= NO_LIMIT else value


def _tiers(mask: int) -> tuple[int, ...]:
    return () if mask < 0 else tuple(tier for tier in range(TIER_MAX + 1) if mask >> tier & 1)
