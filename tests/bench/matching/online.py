"""Decisions as requests arrive, against those of hindsight over the same arrivals.

Batches of 200 by the prices of the last whole solution. It is solved anew ten times: over what has
arrived so far and in the period before, as if the rest were alike, against what is left; the first
time over the period before alone.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from services.matching.solver.arcs import OfferIndex, build_arcs
from services.matching.solver.arrays import Ints, sum_by_row, sum_products
from services.matching.solver.columns import Demand, Pool, Supply
from services.matching.solver.model import Model, build_model
from services.matching.solver.solve import serve_at_prices, solve
from services.matching.solver.weights import Weights
from tests.bench.matching.instances import SHAPES, Shape, pool

BATCH = 200
WEIGHTS = Weights()
CITY = SHAPES[2]


class Counter:
    """The open offers of one resource, with their index, from one micro-batch to the next."""

    def __init__(self, supply: Supply, weights: Weights, price: Ints) -> None:
        self.supply = supply
        self.price = price
        self._weights = weights
        self._index = OfferIndex(supply)

    def decide(self, demand: Demand) -> tuple[Model, Ints]:
        """What each arc of the batch's model gives; that is taken from the offers."""
        pool = Pool("", "", demand, self.supply)
        model = build_model(pool, self._weights, build_arcs(pool, self._weights, self._index))
        quantities = serve_at_prices(model, self.price)
        quantity = sum_by_row(model.arcs.offer, quantities, len(self.supply))
        self.supply = self.supply.take_used(quantity, model.count_cases(quantities))
        return model, quantities


@dataclass(frozen=True, slots=True)
class Online:
    """Shares of what hindsight saves. solves: of the prices."""

    arrivals: int
    greedy: float
    fixed_prices: float
    repriced: float
    solves: int


def measure(shape: Shape, seed: int, solves: int = 10) -> Online:
    today, before = pool(shape, seed, cases=False), pool(shape, seed + 1, cases=False)
    hindsight = _saved(build_model(today, WEIGHTS), None)
    past = before.demand
    free = np.zeros(shape.offers, dtype=np.int64)
    prices = _prices(today, past, today.supply, 1.0)
    return Online(
        arrivals=shape.requests,
        greedy=_play(today, free, 0, past) / hindsight,
        fixed_prices=_play(today, prices, 0, past) / hindsight,
        repriced=_play(today, prices, solves, past) / hindsight,
        solves=solves,
    )


def _saved(model: Model, given: Ints | None) -> int:
    given = solve(model).quantities if given is None else given
    return sum_products(model.amount, model.worth) - model.compute_objective(given).total


def _prices(of: Pool, demand: Demand, supply: Supply, share: float) -> Ints:
    """share: of the budget that is for these requests."""
    scaled = replace(supply, budget=(supply.budget * share).astype(np.int64))
    return solve(build_model(replace(of, demand=demand, supply=scaled), WEIGHTS)).prices.offer


def _play(of: Pool, prices: Ints, solves: int, past: Demand) -> int:
    """What is saved in all; load is counted where the offers end."""
    counter = Counter(of.supply, WEIGHTS, prices)
    total, steps = len(of.demand), max(1, solves)
    saved = 0
    for step in range(steps):
        first, end = total * step // steps, total * (step + 1) // steps
        if step and solves:
            like = _joined(past, of.demand.select_rows(np.arange(first)))
            share = len(like) / (total - first)
            counter.price = _prices(of, like, counter.supply, share)
        for rows in _batches(first, end):
            model, given = counter.decide(of.demand.select_rows(rows))
            saved += int(given @ (model.worth[model.arcs.request] - model.arcs.cost))
    return saved - _load(of.supply, counter.supply)


def _joined(past: Demand, seen: Demand) -> Demand:
    columns = {
        f.name: np.concatenate([getattr(past, f.name), getattr(seen, f.name)])
        for f in fields(Demand)
        if f.name != "ids"
    }
    return Demand([*(f"past-{id_}" for id_ in past.ids), *seen.ids], **columns)


def _batches(first: int, end: int) -> Iterator[np.typing.NDArray[np.intp]]:
    return (np.arange(at, min(end, at + BATCH)) for at in range(first, end, BATCH))


def _load(before: Supply, after: Supply) -> int:
    edges = before.budget[:, None] * np.arange(4) // 4
    last = before.budget[:, None] * np.arange(1, 5) // 4
    filled = np.clip(after.used[:, None] - edges, 0, last - edges)
    return int((filled * np.array(WEIGHTS.load_points)).sum())


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds for a micro-batch, by the clock and of the processor."""

    offers: int
    batches: int
    p50_ms: float
    p99_ms: float
    cpu_p50_ms: float
    cpu_p99_ms: float


def latency(offers: int, batches: int, seed: int) -> Latency:
    """Cities enough that a request has its usual candidates, offers of the usual size."""
    shape = Shape(batches * BATCH, offers, CITY.candidates, max(1, offers // CITY.offers))
    of = pool(shape, seed, cases=False)
    usual = CITY.requests / CITY.offers / (shape.requests / offers)
    supply = replace(of.supply, budget=(of.supply.budget * usual).astype(np.int64))
    chance = np.random.default_rng(seed)
    counter = Counter(supply, WEIGHTS, chance.integers(0, 300_000, offers))
    seconds, busy = [], []
    for rows in _batches(0, shape.requests):
        batch = of.demand.select_rows(rows)
        started, begun = time.perf_counter(), time.process_time()
        counter.decide(batch)
        seconds.append(time.perf_counter() - started)
        busy.append(time.process_time() - begun)
    percentiles = [*np.percentile(seconds, (50, 99)), *np.percentile(busy, (50, 99))]
    return Latency(offers, batches, *(float(value) * 1000 for value in percentiles))
