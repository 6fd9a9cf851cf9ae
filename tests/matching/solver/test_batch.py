"""Micro-batches: the same limits, the prices obeyed, near to hindsight."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.planner.instance import Instance
from services.matching.solver.arrays import sum_by_row, sum_products
from services.matching.solver.columns import NO_LIMIT
from services.matching.solver.model import build_model
from services.matching.solver.solve import serve_at_prices, solve
from services.matching.solver.weights import Weights
from tests.bench.matching.instances import Shape, pool
from tests.bench.matching.online import Counter, measure
from tests.matching.solver.instances import instances, pools
from tests.support.examples import count_examples

WEIGHTS = Weights()


@settings(max_examples=count_examples(26, 80), deadline=None)
@given(instances(), st.integers(0, 600_000))
def test_batch_keeps_every_limit_and_pays_no_more_than_the_worth(
    instance: Instance, price: int
) -> None:
    for one in pools(instance):
        model = build_model(one, instance.weights)
        given_ = serve_at_prices(model, np.full(len(model.offers), price))
        arcs = model.arcs
        assert ((given_ >= 0) & (given_ <= arcs.room)).all()
        assert (sum_by_row(arcs.request, given_, len(model.amount)) <= model.amount).all()
        assert (sum_by_row(arcs.offer, given_, len(model.offers)) <= model.budget).all()
        opened = np.bincount(arcs.offer[given_ > 0], minlength=len(model.offers))
        assert (opened <= model.cases).all()
        used = given_ > 0
        assert (arcs.cost[used] + price <= model.worth[arcs.request[used]]).all()


def test_counter_gives_no_offer_away_twice() -> None:
    of = pool(Shape(2000, 30, 8), seed=3, cases=True)
    counter = Counter(of.supply, WEIGHTS, np.zeros(30, dtype=np.int64))
    total, cases = np.zeros(30, dtype=np.int64), np.zeros(30, dtype=np.int64)
    for first in range(0, 2000, 100):
        model, given_ = counter.decide(of.demand.select_rows(np.arange(first, first + 100)))
        total += sum_by_row(model.arcs.offer, given_, 30)
        cases += np.bincount(model.arcs.offer[given_ > 0], minlength=30)
    assert (total <= of.supply.budget).all()
    assert (cases <= of.supply.cases).all()
    assert (counter.supply.budget == of.supply.budget - total).all()
    limited = of.supply.cases < NO_LIMIT
    assert (counter.supply.cases[limited] == (of.supply.cases - cases)[limited]).all()


def test_price_keeps_an_offer_for_who_needs_it_more() -> None:
    """At the whole solution's prices a batch of the pool's least urgent takes nothing of theirs."""
    of = pool(Shape(1000, 18, 6), seed=1, cases=False)
    solved = solve(build_model(of, WEIGHTS))
    last = np.flatnonzero(of.demand.level >= 100)
    model, given_ = Counter(of.supply, WEIGHTS, solved.prices.offer).decide(
        of.demand.select_rows(last)
    )
    free = Counter(of.supply, WEIGHTS, np.zeros(18, dtype=np.int64))
    careless = free.decide(of.demand.select_rows(last))[1]
    whole = sum_by_row(solved.model.arcs.request, solved.quantities, 1000)[last].sum()
    assert given_.sum() < careless.sum() / 2
    assert given_.sum() == pytest.approx(whole, rel=0.2)
    assert len(model.arcs)


def test_prices_beat_the_greedy_and_reach_nearly_all_of_hindsight() -> None:
    found = measure(Shape(6000, 60, 10), seed=5, solves=6)
    assert found.greedy < found.repriced
    assert found.repriced > 0.95


def test_batch_of_everything_saves_less_than_the_whole_solution() -> None:
    of = pool(Shape(1000, 18, 6), seed=2, cases=False)
    model = build_model(of, WEIGHTS)
    solved = solve(model)
    worth = sum_products(model.amount, model.worth)
    batch = worth - model.compute_objective(serve_at_prices(model, solved.prices.offer)).total
    assert 0.9 * (worth - solved.objective.total) < batch <= worth - solved.objective.total
