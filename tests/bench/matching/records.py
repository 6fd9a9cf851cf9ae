"""Pools as records in another order, to see whether the order of input shows in a solution."""

import numpy as np

from services.matching.solver.columns import NO_LIMIT, Pool, build_pools
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.model import build_model
from services.matching.solver.solve import PoolSolution, solve
from services.matching.solver.weights import DAY_MS, TIER_MAX, Weights


def changed_by_shuffling(pool: Pool, solved: PoolSolution, seed: int = 1) -> int:
    """Requests that get something else than in `solved`."""
    weights = Weights()
    chance = np.random.default_rng(seed)
    needs, offers = _needs(pool), _offers(pool)
    [again] = build_pools(
        [needs[row] for row in chance.permutation(len(needs))],
        [offers[row] for row in chance.permutation(len(offers))],
        weights,
        now_ms=0,
    )
    other = solve(build_model(again, weights))
    return len({request for request, _, _ in _rows(solved) ^ _rows(other)})


def _rows(solved: PoolSolution) -> set[tuple[str, str, int]]:
    model, arcs = solved.model, solved.model.arcs
    return {
        (model.requests[arcs.request[at]], model.offers[arcs.offer[at]], int(solved.quantities[at]))
        for at in np.flatnonzero(solved.quantities)
    }


def _needs(pool: Pool) -> list[OpenNeed]:
    """Recorded as long before the beginning of time as they waited."""
    demand = pool.demand
    return [
        OpenNeed(
            id=demand.ids[row],
            unit=pool.unit,
            item=pool.item,
            category=f"C-{demand.category[row]}",
            beneficiary_class="",
            town_code=f"T-{demand.town[row]}",
            tier=int(demand.tier[row]),
            recorded_ms=-int(demand.waited[row]) * DAY_MS,
            remaining=int(demand.amount[row]),
            next_number=1,
            place=(int(demand.latitude[row]), int(demand.longitude[row])),
        )
        for row in range(len(demand))
    ]


def _offers(pool: Pool) -> list[OpenOffer]:
    supply = pool.supply
    return [
        OpenOffer(
            id=supply.ids[row],
            unit=pool.unit,
            item=pool.item,
            quantity=int(supply.budget[row]),
            free=int(supply.budget[row]),
            categories=tuple(f"C-{category}" for category in supply.categories[row]),
            town_codes=tuple(f"T-{town}" for town in supply.towns[row]),
            tiers=_tiers(int(supply.tiers[row])),
            place=(int(supply.latitude[row]), int(supply.longitude[row])),
            cap_per_request=_limit(int(supply.cap[row])),
            cases_free=_limit(int(supply.cases[row])),
            unreliability=int(supply.unreliability[row]),
        )
        for row in range(len(supply))
    ]


def _limit(value: int) -> int | None:
    return None if value >= NO_LIMIT else value


def _tiers(mask: int) -> tuple[int, ...]:
    return () if mask < 0 else tuple(tier for tier in range(TIER_MAX + 1) if mask >> tier & 1)
