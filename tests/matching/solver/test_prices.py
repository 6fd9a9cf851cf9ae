"""Prices are duals of the flow: complementary slackness, and what a unit more would cost."""

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching.planner.instance import Instance
from services.matching.planner.plan import build_plan
from services.matching.solver.arrays import sum_by_row
from services.matching.solver.solve import PoolSolution
from tests.matching.solver.instances import EXACT, instances, random_instance
from tests.support.examples import count_examples


def check(solved: PoolSolution) -> None:
    model, quantities, prices = solved.model, solved.quantities, solved.prices
    arcs = model.arcs
    reduced = arcs.cost + prices.offer[arcs.offer] - prices.request[arcs.request]
    assert (reduced[quantities < arcs.room] >= 0).all(), "what has room is not too cheap"
    assert (reduced[quantities > 0] <= 0).all(), "what is given is not too dear"
    left = model.amount - sum_by_row(arcs.request, quantities, len(model.amount))
    assert (prices.request <= model.worth).all()
    assert (prices.request[left > 0] == model.worth[left > 0]).all()
    full = model.fill_quarters(quantities)
    load = np.broadcast_to(model.load, full.shape)
    price = np.broadcast_to(prices.offer[:, None], full.shape)
    assert (price[full > 0] >= load[full > 0]).all()
    assert (price[full < model.quarters] <= load[full < model.quarters]).all()


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(instances(cases=False, exact=True))
def test_prices_and_flow_are_complementary(instance: Instance) -> None:
    for part in build_plan(instance).parts:
        check(part.solved)


@pytest.mark.parametrize("seed", range(3))
def test_prices_of_a_city_are_complementary(seed: int) -> None:
    for part in build_plan(random_instance(2000, 60, seed, weights=EXACT)).parts:
        check(part.solved)
        assert part.solved.prices.passes <= 60


def test_price_is_what_one_unit_more_asked_of_the_offer_costs() -> None:
    """Seen by asking for it: the offer loses a unit, and the objective grows by its price."""
    instance = random_instance(300, 12, seed=3, weights=EXACT)
    plan = build_plan(instance)
    seen = 0
    for part in plan.parts:
        full = part.solved.prices.offer > part.solved.model.load[-1]
        for row in np.flatnonzero(full)[:4]:
            id_ = part.pool.supply.ids[row]
            offers = tuple(
                o.model_copy(update={"quantity": o.quantity - 1}) if o.id == id_ else o
                for o in instance.offers
            )
            less = build_plan(instance.model_copy(update={"offers": offers}))
            dearer = less.objective.total - plan.objective.total
            # The quarters of a quantity one smaller end elsewhere, by a few units.
            assert dearer == pytest.approx(int(part.solved.prices.offer[row]), abs=4 * 300)
            seen += 1
    assert seen >= 2
