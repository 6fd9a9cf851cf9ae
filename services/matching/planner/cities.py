"""A large pool by cities, each a solve of its own; what serves several is split beforehand.

An offer's budget and new cases are shared out by how much the cities' requests could take of it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.matching.solver.arcs import build_arcs
from services.matching.solver.arrays import (
    Flags,
    Ints,
    Rows,
    fill_in_order,
    sum_by_row,
    sum_products,
)
from services.matching.solver.columns import NO_LIMIT, Demand, Pool, Supply
from services.matching.solver.model import Model, split_into_quarters
from services.matching.solver.solve import PoolSolution
from services.matching.solver.weights import Weights


def split_by_city(pool: Pool, weights: Weights) -> list[Pool]:
    """In order of city; each with the offers that have something for it."""
    cities = np.unique(pool.demand.city)
    requests = [np.flatnonzero(pool.demand.city == city) for city in cities]
    if len(cities) < 2:
        return [pool]
    serves = _find_serving(pool, cities)
    budgets, cases = _share_supply(pool, weights, requests, serves)
    return [
        _build_part(pool, rows, budgets[number], cases[number])
        for number, rows in enumerate(requests)
    ]


def _find_serving(pool: Pool, cities: Ints) -> Flags:
    """(cities, offers)."""
    demand, supply = pool.demand, pool.supply
    of_town, of_village = (
        _find_cities(codes, demand, cities) for codes in (demand.town, demand.village)
    )
    result = np.zeros((len(cities), len(supply)), dtype=np.bool_)
    for offer, (towns, villages) in enumerate(zip(supply.towns, supply.villages, strict=True)):
        rows = {of_town[code] for code in towns if code in of_town}
        rows |= {of_village[code] for code in villages if code in of_village}
        result[list(rows) if towns or villages else slice(None), offer] = True
    return result


def _find_cities(codes: Ints, demand: Demand, cities: Ints) -> dict[int, int]:
    """The row of each town's or village's city."""
    places, first = np.unique(codes, return_index=True)
    rows = np.searchsorted(cities, demand.city[first])
    return dict(zip(places.tolist(), rows.tolist(), strict=True))


def _share_supply(
    pool: Pool, weights: Weights, requests: Sequence[Rows], serves: Flags
) -> tuple[Ints, Ints]:
    """(cities, offers): budgets and new cases."""
    supply = pool.supply
    budgets = np.where(serves, supply.budget, 0)
    cases = np.where(serves, supply.cases, 0)
    several = np.flatnonzero(serves.sum(axis=0) > 1)
    wanted = np.array([_sum_rooms(pool, weights, rows, several) for rows in requests])
    for column, offer in enumerate(several.tolist()):
        budgets[:, offer] = share_out(int(supply.budget[offer]), wanted[:, column])
        if supply.cases[offer] < NO_LIMIT:
            cases[:, offer] = share_out(int(supply.cases[offer]), wanted[:, column])
    return budgets, cases


def _sum_rooms(pool: Pool, weights: Weights, requests: Rows, offers: Rows) -> Ints:
    """What these requests could take of each of the offers."""
    arcs = build_arcs(pool.select_rows(requests, offers, pool.supply.select_rows(offers)), weights)
    return sum_by_row(arcs.offer, arcs.room, len(offers))


def share_out(whole: int, wanted: Ints) -> list[int]:
    """By largest remainders, the first of equals first; nothing where nothing is wanted."""
    total = int(wanted.sum())
    if not total:
        return [0] * len(wanted)
    parts = [divmod(whole * int(want), total) for want in wanted.tolist()]
    rest = whole - sum(part for part, _ in parts)
    order = sorted(range(len(parts)), key=lambda row: (-parts[row][1], row))
    return [parts[row][0] + (row in order[:rest]) for row in range(len(parts))]


def _build_part(pool: Pool, requests: Rows, budget: Ints, cases: Ints) -> Pool:
    offers = np.flatnonzero((budget > 0) & (cases > 0))
    supply = replace(pool.supply.select_rows(offers), budget=budget[offers], cases=cases[offers])
    return pool.select_rows(requests, offers, supply)


def compute_joint_bound(whole: Supply, cities: Sequence[tuple[Supply, PoolSolution]]) -> int:
    """Of the pool before it was split: the cities' own bounds hold only for their shares.

    At one price for each offer, the highest of its cities': at a lower one the
    dearest city would ask for more than there is.
    """
    if len(cities) == 1:
        return cities[0][1].bound
    rows = {id_: row for row, id_ in enumerate(whole.ids)}
    mine = [np.array([rows[id_] for id_ in supply.ids], dtype=np.intp) for supply, _ in cities]
    price, reach = _join_prices(whole, mine, cities)
    cost = sum(
        _compute_cost(solved.model, price[own])
        for own, (_, solved) in zip(mine, cities, strict=True)
    )
    load = cities[0][1].model.load
    return cost - _compute_revenue(fill_in_order(split_into_quarters(whole), reach), load, price)


def _join_prices(
    whole: Supply, mine: Sequence[Rows], cities: Sequence[tuple[Supply, PoolSolution]]
) -> tuple[Ints, Ints]:
    """Each offer's price, and what it can give at most by its open cases."""
    price, reach, served = (np.zeros(len(whole), dtype=np.int64) for _ in range(3))
    for own, (_, solved) in zip(mine, cities, strict=True):
        price[own] = np.maximum(price[own], solved.prices.offer)
        reach[own] += solved.model.limit_quarters().sum(axis=1)
        served[own] += 1
    return price, np.where(served == 1, reach, whole.budget)


# --- a bound of the pool before it was split ------------------------------------------------------


def _compute_cost(model: Model, price: Ints) -> int:
    """What the requests cost at these prices, each by itself."""
    arcs = model.arcs
    cost = arcs.cost + price[arcs.offer]
    order = np.lexsort((cost, arcs.request))
    order = order[cost[order] < model.worth[arcs.request[order]]]
    request, room = arcs.request[order], arcs.room[order]
    before = np.cumsum(room) - room
    starts = np.flatnonzero(np.diff(request, prepend=-1))
    lengths = np.diff(np.append(starts, len(order)))
    before -= np.repeat(before[starts], lengths)
    units = np.clip(model.amount[request] - before, 0, room)
    saved = model.worth[request] - cost[order]
    return sum_products(model.amount, model.worth) - sum_products(units, saved)


def _compute_revenue(quarters: Ints, load: Ints, price: Ints) -> int:
    """What the offers' units fetch at these prices."""
    gain = np.maximum(price[:, None] - load[None, :], 0)
    return sum_products(quarters.ravel(), gain.ravel())
