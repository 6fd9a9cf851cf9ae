"""Few donors for a request: never dearer, never less given, and near to the best there is."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching.explaining.details import format_details
from services.matching.explaining.explanation import explain
from services.matching.planner.instance import Instance
from services.matching.planner.plan import Plan, build_plan
from services.matching.solver.arrays import sum_by_row
from services.matching.solver.donors import gather_donors
from services.matching.solver.model import build_model
from services.matching.solver.network import find_cheapest_flow
from services.matching.solver.solve import serve_at_prices
from tests.matching.solver.instances import EXACT, NOW, instances, pools, random_instance
from tests.matching.solver.oracle import optimum
from tests.matching.solver.test_limits import check
from tests.support.examples import count_examples

NEARLY = 1e-6


def with_weights(instance: Instance, **weights: Any) -> Instance:
    return instance.model_copy(update={"weights": instance.weights.model_copy(update=weights)})


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(instances())
def test_gathering_is_never_dearer_and_takes_nothing_from_anybody(instance: Instance) -> None:
    for part in build_plan(with_weights(instance, **EXACT)).parts:
        model = build_model(part.pool, instance.weights)
        before, after = part.solved.quantities, gather_donors(model, part.solved.quantities)
        requests = len(model.amount)
        assert (
            sum_by_row(model.arcs.request, after, requests)
            == sum_by_row(model.arcs.request, before, requests)
        ).all()
        assert model.compute_objective(after).total <= model.compute_objective(before).total
        assert model.compute_objective(after).donors <= model.compute_objective(before).donors


@pytest.mark.parametrize("cases", [False, True])
def test_city_is_gathered_within_every_limit_above_its_bound(cases: bool) -> None:
    instance = random_instance(2000, 60, seed=9, cases=cases)
    exact, plan = build_plan(with_weights(instance, **EXACT)), build_plan(instance)
    check(instance, plan)
    assert extra(plan) < extra(exact)
    assert plan.objective.without <= exact.objective.without, "nobody gives less for it"
    assert plan.bound == exact.bound <= plan.objective.total


def extra(plan: Plan) -> int:
    """Donors beyond each request's first."""
    return len(plan.allocations) - len({row.request for row in plan.allocations})


@settings(max_examples=count_examples(15, 40), deadline=None)
@given(instances(cases=False, exact=True))
def test_plan_that_counts_no_donors_is_the_flow_itself(instance: Instance) -> None:
    for part in build_plan(instance).parts:
        model = part.solved.model
        assert np.array_equal(part.solved.quantities, find_cheapest_flow(model, model.quarters))
        assert part.solved.objective.donors == 0


@pytest.mark.parametrize("cases", [False, True])
def test_plan_is_near_the_best_of_those_that_give_everybody_as_much(
    cases: bool, record_property: Callable[[str, object], None]
) -> None:
    """HiGHS chooses donors by whole numbers; what is given to each request is settled."""
    ours = best = 0.0
    for seed in range(12):
        instance = random_instance(12, 5, seed, cases=cases)
        plan = build_plan(instance)
        found = optimum(
            instance,
            whole_cases=True,
            points_per_level=instance.weights.level_points,
            left=left(plan, instance),
        )
        assert found.bound <= plan.objective.total * (1 + NEARLY) + 1
        assert plan.bound <= found.objective * (1 + NEARLY) + 1, "a bound of these plans too"
        ours += plan.objective.total - plan.objective.without
        best += found.objective - plan.objective.without
    gap = ours / best - 1
    record_property("gap", gap)
    assert -NEARLY <= gap < 0.02


def left(plan: Plan, instance: Instance) -> Mapping[str, int]:
    given_to: Counter[str] = Counter()
    for row in plan.allocations:
        given_to[row.request] += row.quantity
    return {
        request.id: request.need.quantity - given_to[request.id] for request in instance.requests
    }


def town(*offers: tuple[str, int], asked: int = 60, **weights: Any) -> Instance:
    """One request, and offers (id, quantity) beside it."""
    place = {"town": "441900101", "category": "meals"}
    need = {"unit": "fen", "quantity": asked}
    request = {"id": "R-1", "tier": 1, "created_at": NOW, "need": need, **place}
    given_ = [{"id": id_, "kind": "money", "unit": "fen", "quantity": q} for id_, q in offers]
    return Instance.model_validate(
        {"now": NOW, "requests": [request], "offers": given_, "weights": weights}
    )


def shares(instance: Instance) -> dict[str, int]:
    return {row.offer: row.quantity for row in build_plan(instance).allocations}


def test_even_load_alone_splits_no_request() -> None:
    offers = ("O-1", 100), ("O-2", 100)
    assert len(shares(town(*offers, **EXACT))) == 2
    assert list(shares(town(*offers)).values()) == [60]


def test_request_is_split_where_it_saves_more_than_a_donor_costs() -> None:
    """By load: 10 units less at 300 points and 25 at 120, for 35 at 40 and less."""
    offers = ("O-1", 100), ("O-2", 100)
    assert len(shares(town(*offers, asked=100, donor_points=60))) == 2
    assert len(shares(town(*offers, asked=100, donor_points=120))) == 1


def test_two_donors_serve_what_none_can_alone_and_three_do_not() -> None:
    found = shares(town(("O-1", 40), ("O-2", 40), ("O-3", 40)))
    assert (len(found), sum(found.values())) == (2, 60)


def batch(instance: Instance, *price: int) -> dict[str, int]:
    [pool] = pools(instance)
    model = build_model(pool, instance.weights)
    found = serve_at_prices(model, np.array(price)).tolist()
    return {
        model.offers[at]: units
        for at, units in zip(model.arcs.offer.tolist(), found, strict=True)
        if units
    }


def test_batch_prefers_one_donor_while_prices_allow() -> None:
    offers = ("O-1", 40), ("O-2", 100)
    assert batch(town(*offers), 0, 90) == {"O-2": 60}, "though O-1's units are cheaper"
    assert len(batch(town(*offers, **EXACT), 0, 90)) == 2
    assert len(batch(town(*offers), 0, 5000)) == 2, "dearer by more than a donor costs"
    assert batch(town(*offers), 0, 10**9) == {"O-1": 40}, "dearer than its worth"


def test_explanation_names_the_number_of_donors() -> None:
    plan = build_plan(town(("O-1", 40), ("O-2", 40)))
    found = explain(plan, "R-1")
    assert found is not None
    assert (found.as_dict()["donors"], found.as_dict()["donors_total"]) == (2, 100)
    assert plan.objective.donors == 100 * 60
    text = "\n".join(format_details(found))
    assert "捐赠方个数 2：所需每单位计 100 点" in text
    assert "donors 2: 100 points" in text
