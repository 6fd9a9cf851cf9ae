"""The plan is the best there is: as good as HiGHS finds for the same model written separately."""

from itertools import pairwise

import pytest
from hypothesis import given, settings

from services.matching.planner.instance import Instance
from services.matching.planner.plan import build_plan
from tests.matching.solver.instances import EXACT, SEEDS, instances, random_instance
from tests.matching.solver.oracle import optimum, pairs
from tests.support.examples import count_examples

# HiGHS works in floats, with sums of 10^9 points.
NEARLY = 1e-7


SIZES = [
    (1, 1),
    (10, 3),
    (60, 10),
    (200, 18),
    (400, 50),
    *(pytest.param(1000, offers, marks=pytest.mark.long) for offers in (18, 50)),
]


@pytest.mark.parametrize(("requests", "offers"), SIZES)
def test_plan_without_limits_on_cases_is_optimal(requests: int, offers: int) -> None:
    instance = random_instance(requests, offers, seed=requests + offers, weights=EXACT)
    plan = build_plan(instance)
    best = optimum(instance, whole_cases=False, points_per_level=instance.weights.level_points)
    assert plan.objective.total == pytest.approx(best.objective, rel=NEARLY)
    assert plan.bound == plan.objective.total
    assert plan.gap == 0


@settings(max_examples=count_examples(20, 60), deadline=None)
@given(instances(cases=False, exact=True).filter(lambda i: i.weights.order == "fast"))
def test_any_small_plan_without_limits_on_cases_is_optimal(instance: Instance) -> None:
    points = instance.weights.level_points
    best = optimum(instance, whole_cases=False, points_per_level=points)
    assert build_plan(instance).objective.total == pytest.approx(
        best.objective, rel=NEARLY, abs=0.1
    )


@settings(max_examples=count_examples(20, 60), deadline=None)
@given(instances(cases=True, exact=True).filter(lambda i: i.weights.order == "fast"))
def test_bound_is_below_the_best_plan_with_limits_on_cases(instance: Instance) -> None:
    """And the best plan below ours: the gap said is never smaller than the real one."""
    points = instance.weights.level_points
    best = optimum(instance, whole_cases=True, points_per_level=points)
    plan = build_plan(instance)
    assert plan.bound <= best.objective * (1 + NEARLY) + 0.1
    assert best.bound <= plan.objective.total * (1 + NEARLY) + 0.1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("requests", [100, pytest.param(300, marks=pytest.mark.long)])
def test_bound_with_limits_on_cases_is_no_worse_than_the_linear_relaxation(
    seed: int, requests: int
) -> None:
    instance = random_instance(requests, 15, seed, cases=True, weights=EXACT)
    relaxed = optimum(instance, whole_cases=False, points_per_level=instance.weights.level_points)
    plan = build_plan(instance)
    assert relaxed.objective * (1 - NEARLY) <= plan.bound <= plan.objective.total
    assert plan.objective.total >= relaxed.objective * (1 - NEARLY)


def test_instances_of_these_tests_have_something_to_decide() -> None:
    """Else the comparisons above would be of nothing."""
    instance = random_instance(200, 18, seed=1)
    plan = build_plan(instance)
    assert len(pairs(instance)) > 600
    assert 0.3 < 1 - plan.objective.without / plan.worth < 0.99
    served = sorted(row.request for row in plan.allocations)
    assert any(a == b for a, b in pairwise(served)), "somebody is served by several"
