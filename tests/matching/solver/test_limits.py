"""No plan, whatever its size, gives what may not be given."""

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.planner.instance import Instance
from services.matching.planner.plan import Plan, build_plan, compute_gap
from services.matching.solver.arrays import sum_by_row, sum_products
from services.matching.solver.model import build_model
from services.matching.solver.network import compute_shift
from services.matching.solver.solve import solve
from services.matching.solver.weights import Weights
from shared.errors import Invalid
from tests.bench.matching.instances import Shape, pool
from tests.matching.solver.instances import (
    SEEDS,
    input_hash,
    instances,
    random_instance,
    shuffled,
    solution_hash,
)
from tests.matching.solver.oracle import is_candidate
from tests.support.examples import count_examples


def check(instance: Instance, plan: Plan) -> None:
    requests = {request.id: request for request in instance.requests}
    offers = {offer.id: offer for offer in instance.offers}
    given_by: dict[str, int] = defaultdict(int)
    given_to: dict[str, int] = defaultdict(int)
    cases: dict[str, int] = defaultdict(int)
    seen = set()
    for row in plan.allocations:
        request, offer = requests[row.request], offers[row.offer]
        assert row.quantity > 0
        assert is_candidate(instance, request, offer)
        assert row.quantity <= (offer.cap_per_request or row.quantity)
        assert (row.request, row.offer) not in seen
        seen.add((row.request, row.offer))
        given_by[offer.id] += row.quantity
        given_to[request.id] += row.quantity
        cases[offer.id] += 1
    assert all(quantity <= offers[id_].quantity for id_, quantity in given_by.items())
    assert all(quantity <= requests[id_].need.quantity for id_, quantity in given_to.items())
    for id_, number in cases.items():
        limit = offers[id_].max_cases
        assert limit is None or number <= limit


@settings(max_examples=count_examples(50, 150), deadline=None)
@given(instances())
def test_small_plan_keeps_every_limit(instance: Instance) -> None:
    check(instance, build_plan(instance))


@pytest.mark.parametrize(
    ("requests", "offers"),
    [(200, 10), (1000, 50), pytest.param(4000, 120, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("cases", [False, True])
def test_large_plan_keeps_every_limit(requests: int, offers: int, cases: bool) -> None:
    instance = random_instance(requests, offers, seed=7, cases=cases)
    plan = build_plan(instance)
    check(instance, plan)
    assert len(plan.allocations) > requests // 4


@settings(max_examples=count_examples(20, 60), deadline=None)
@given(instances())
def test_parts_of_the_objective_are_those_of_the_allocations(instance: Instance) -> None:
    """Summed again from what was allocated: nothing is counted that was not given."""
    plan = build_plan(instance)
    given_to: dict[str, int] = defaultdict(int)
    for row in plan.allocations:
        given_to[row.request] += row.quantity
    for part in plan.parts:
        model, demand = part.solved.model, part.pool.demand
        left = [
            a - given_to[id_] for id_, a in zip(demand.ids, demand.amount.tolist(), strict=True)
        ]
        without = sum(left_ * w for left_, w in zip(left, model.worth.tolist(), strict=True))
        assert without == part.solved.objective.without
        by_offer = sum_by_row(model.arcs.offer, part.solved.quantities, len(model.offers))
        assert (model.fill_quarters(part.solved.quantities).sum(axis=1) == by_offer).all()
    assert plan.gap >= 0
    assert plan.bound <= plan.objective.total
    # Donors are counted by what is asked, and only between plans that give as much: they say
    # nothing against giving a little of much.
    assert plan.objective.total - plan.objective.donors <= plan.worth


@settings(max_examples=count_examples(33, 100), deadline=None)
@given(instances(), st.integers())
def test_shuffled_file_gives_the_same_plan(instance: Instance, seed: int) -> None:
    other = shuffled(instance, seed)
    assert input_hash(other) == input_hash(instance)
    assert solution_hash(build_plan(other)) == solution_hash(build_plan(instance))


@pytest.mark.parametrize(
    ("requests", "offers"),
    [
        (200, 12),
        pytest.param(600, 20, marks=pytest.mark.long),
        pytest.param(3000, 90, marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("cases", [False, True])
def test_shuffled_city_changes_no_request(requests: int, offers: int, cases: bool) -> None:
    instance = random_instance(requests, offers, seed=5, cases=cases)
    hashes = {solution_hash(build_plan(shuffled(instance, seed))) for seed in range(2)}
    assert hashes == {solution_hash(build_plan(instance))}


def test_another_need_gives_another_hash() -> None:
    one, two = (random_instance(50, 5, seed=seed) for seed in (1, 2))
    assert input_hash(one) != input_hash(two)
    assert solution_hash(build_plan(one)) != solution_hash(build_plan(two))


def test_costs_too_large_for_the_flow_are_refused_not_overflowed() -> None:
    assert compute_shift(1 << 20, 1 << 10) == 24
    assert 0 <= compute_shift(1 << 40, 1 << 17) < 24
    with pytest.raises(Invalid):
        compute_shift(1 << 50, 1 << 20)


@pytest.mark.parametrize("seed", SEEDS)
def test_gap_with_limits_on_cases_is_small_and_polish_does_not_harm(seed: int) -> None:
    """A city of the bench's kind: 30% of the offers limit their cases."""
    weights = Weights()
    model = build_model(pool(Shape(3000, 100, 12), seed, cases=True), weights)
    repaired, polished = solve(model, polish=False), solve(model)
    worth = sum_products(model.amount, model.worth)
    assert polished.objective.total < repaired.objective.total
    assert polished.bound == repaired.bound
    assert compute_gap(polished.objective.total, polished.bound, worth) <= 0.006
