"""A large pool by cities, each a solve of its own; what serves several is split beforehand.

An offer's budget and new cases are shared out by how much the cities' requests could take of it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.matching.solver.arcs import build_arcs
from services.matching.solver.columns import NO_LIMIT, Demand, Ints, Pool, Supply
from services.matching.solver.flow.bound import asked_at, paid_back
from services.matching.solver.flow.cases import cut, within
from services.matching.solver.flow.model import quarters_of
from services.matching.solver.flow.objective import sums
from services.matching.solver.flow.solve import Solved
from services.matching.solver.weights import Weights

Rows = NDArray[np.intp]


def by_city(pool: Pool, weights: Weights) -> list[Pool]:
    """In order of city; each with the offers that have something for it."""
    cities = np.unique(pool.demand.city)
    requests = [np.flatnonzero(pool.demand.city == city) for city in cities]
    if len(cities) < 2:
        return [pool]
    serves = _serves(pool, cities)
    budgets, cases = _shares(pool, weights, requests, serves)
    return [
        _part(pool, rows, budgets[number], cases[number]) for number, rows in enumerate(requests)
    ]


def _serves(pool: Pool, cities: Ints) -> NDArray[np.bool_]:
    """(cities, offers)."""
    demand, supply = pool.demand, pool.supply
    of_town, of_village = (
        _city_of(codes, demand, cities) for codes in (demand.town, demand.village)
    )
    result = np.zeros((len(cities), len(supply)), dtype=np.bool_)
    for offer, (towns, villages) in enumerate(zip(supply.towns, supply.villages, strict=True)):
        rows = {of_town[code] for code in towns if code in of_town}
        rows |= {of_village[code] for code in villages if code in of_village}
        result[list(rows) if towns or villages else slice(None), offer] = True
    return result


def _city_of(codes: Ints, demand: Demand, cities: Ints) -> dict[int, int]:
    """The row of each town's or village's city."""
    places, first = np.unique(codes, return_index=True)
    rows = np.searchsorted(cities, demand.city[first])
    return dict(zip(places.tolist(), rows.tolist(), strict=True))


def _shares(
    pool: Pool, weights: Weights, requests: Sequence[Rows], serves: NDArray[np.bool_]
) -> tuple[Ints, Ints]:
    """(cities, offers): budgets and new cases."""
    supply = pool.supply
    budgets = np.where(serves, supply.budget, 0)
    cases = np.where(serves, supply.cases, 0)
    several = np.flatnonzero(serves.sum(axis=0) > 1)
    wanted = np.array([_wanted(pool, weights, rows, several) for rows in requests])
    for column, offer in enumerate(several.tolist()):
        budgets[:, offer] = shared_out(int(supply.budget[offer]), wanted[:, column])
        if supply.cases[offer] < NO_LIMIT:
            cases[:, offer] = shared_out(int(supply.cases[offer]), wanted[:, column])
    return budgets, cases


def _wanted(pool: Pool, weights: Weights, requests: Rows, offers: Rows) -> Ints:
    """What these requests could take of each of the offers."""
    arcs = build_arcs(pool.rows(requests, offers, pool.supply.rows(offers)), weights)
    return sums(arcs.offer, arcs.room, len(offers))


def shared_out(whole: int, wanted: Ints) -> list[int]:
    """By largest remainders, the first of equals first; nothing where nothing is wanted."""
    total = int(wanted.sum())
    if not total:
        return [0] * len(wanted)
    parts = [divmod(whole * int(want), total) for want in wanted.tolist()]
    rest = whole - sum(part for part, _ in parts)
    order = sorted(range(len(parts)), key=lambda row: (-parts[row][1], row))
    return [parts[row][0] + (row in order[:rest]) for row in range(len(parts))]


def _part(pool: Pool, requests: Rows, budget: Ints, cases: Ints) -> Pool:
    offers = np.flatnonzero((budget > 0) & (cases > 0))
    supply = replace(pool.supply.rows(offers), budget=budget[offers], cases=cases[offers])
    return pool.rows(requests, offers, supply)


def joint_bound(whole: Supply, cities: Sequence[tuple[Supply, Solved]]) -> int:
    """Of the pool before it was split: the cities' own bounds hold only for their shares.

    At one price for each offer, the highest of its cities' (see bound.py): at a lower one the
    dearest city would ask for more than there is.
    """
    if len(cities) == 1:
        return cities[0][1].bound
    rows = {id_: row for row, id_ in enumerate(whole.ids)}
    mine = [np.array([rows[id_] for id_ in supply.ids], dtype=np.intp) for supply, _ in cities]
    price, reach = _joint(whole, mine, cities)
    asked = sum(
        asked_at(solved.model, price[own]) for own, (_, solved) in zip(mine, cities, strict=True)
    )
    load = cities[0][1].model.load
    return asked - paid_back(within(quarters_of(whole), reach), load, price)


def _joint(
    whole: Supply, mine: Sequence[Rows], cities: Sequence[tuple[Supply, Solved]]
) -> tuple[Ints, Ints]:
    """Each offer's price, and what it can give at most by its open cases."""
    price, reach, served = (np.zeros(len(whole), dtype=np.int64) for _ in range(3))
    for own, (_, solved) in zip(mine, cities, strict=True):
        price[own] = np.maximum(price[own], solved.prices.offer)
        reach[own] += cut(solved.model).sum(axis=1)
        served[own] += 1
    return price, np.where(served == 1, reach, whole.budget)
