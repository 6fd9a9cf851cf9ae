"""How many offers a rule kept from a request, each counted at the first rule it fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.solver.pool.arcs import within
from services.matching.solver.pool.columns import Flags, Ints, Pairs, Pool
from services.matching.solver.pool.distance import metres


@dataclass(frozen=True, slots=True)
class RuledOut:
    """budget: nothing is left of it. open_cases: it takes no new one. cap: it gives all it may."""

    category: int = 0
    area: int = 0
    restriction: int = 0
    declined: int = 0
    budget: int = 0
    open_cases: int = 0
    cap: int = 0


def ruled_out(pool: Pool, request: int) -> RuledOut:
    """Of the offers of the request's resource; the rest are its candidates."""
    left = np.ones(len(pool.supply), dtype=np.bool_)
    counts: dict[str, int] = {}
    for rule, passes in _rules(pool, request).items():
        counts[rule] = int((left & ~passes).sum())
        left &= passes
    return RuledOut(**counts)


def _rules(pool: Pool, request: int) -> dict[str, Flags]:
    demand, supply = pool.demand, pool.supply
    shares = _of(pool.shares, request, len(supply))
    held = shares > 0
    return {
        "category": _named(supply.categories, int(demand.category[request])),
        "area": _named(supply.towns, int(demand.town[request])) & _near(pool, request),
        "restriction": _unrestricted(pool, request),
        "declined": ~np.isin(np.arange(len(supply)), _partners(pool.excluded, request)),
        "budget": supply.budget > 0,
        "open_cases": held | (supply.cases > 0),
        "cap": supply.cap > shares,
    }


def _named(rows: Sequence[Sequence[int]], code: int) -> Flags:
    return np.array([not codes or code in codes for codes in rows], dtype=np.bool_)


def _near(pool: Pool, request: int) -> Flags:
    demand, supply = pool.demand, pool.supply
    here = np.full(len(supply), request)
    latitude, longitude = demand.latitude[here], demand.longitude[here]
    away = metres(latitude, longitude, supply.latitude, supply.longitude)
    return within(supply.radius_m, away, latitude)


def _unrestricted(pool: Pool, request: int) -> Flags:
    demand, supply = pool.demand, pool.supply
    tiers = supply.tiers >> demand.tier[request] & 1
    classes = supply.beneficiary_classes >> demand.beneficiary_class[request] & 1
    return np.asarray((tiers & classes).astype(np.bool_))


def _partners(pairs: Pairs, request: int) -> Ints:
    partners: Ints = pairs.offer[pairs.request == request]
    return partners


def _of(pairs: Pairs, request: int, offers: int) -> Ints:
    quantities = np.zeros(offers, dtype=np.int64)
    quantities[_partners(pairs, request)] = pairs.quantity[pairs.request == request]
    return quantities
