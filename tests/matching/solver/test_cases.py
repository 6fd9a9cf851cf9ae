"""Every offer limits its open cases: the plan is nearly the best, and the gap said nearly true."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from services.matching.cli.matching import app
from services.matching.planner.instance import Instance
from services.matching.planner.plan import build_plan, compute_gap
from services.matching.settings import MatchingSettings
from services.matching.solver.arrays import sum_products
from services.matching.solver.interface import (
    Inputs,
    hash_prices,
    hash_solution,
    hash_text,
    write_inputs,
)
from services.matching.solver.model import build_model
from services.matching.solver.replay import replay_round
from services.matching.solver.solve import VERSIONS, MinCostFlow, solve
from services.matching.solver.weights import (
    BEFORE_UNKNOWN_WAS_FAR,
    BEFORE_WAITING_COUNTED_ON,
    Weights,
)
from shared.settings import SettingsError, load_settings
from tests.bench.matching.instances import Shape, pool
from tests.matching.solver.instances import (
    EXACT,
    instances,
    random_instance,
    shuffled,
    solution_hash,
)
from tests.matching.solver.oracle import optimum
from tests.support.examples import count_examples

NEARLY = 1e-7  # HiGHS works in floats
LOSS_MAX = 0.006


def make_capped(requests: int, offers: int, cases: int, seed: int) -> Instance:
    instance = random_instance(requests, offers, seed, cases=True, weights=EXACT)
    rows = tuple(offer.model_copy(update={"max_cases": cases}) for offer in instance.offers)
    return instance.model_copy(update={"offers": rows})


def make_inputs(instance: Instance) -> Inputs:
    needs, offers = tuple(instance.open_needs()), tuple(instance.open_offers())
    return Inputs(needs, offers, instance.now_ms, instance.weights.model_dump_json())


def write_inputs_of_2026_01(instance: Instance) -> str:
    """Rows named neither the middle of a town nor the funds whose terms bar them."""
    content = json.loads(write_inputs(make_inputs_of_2026_01(instance)))
    for row in (*content["needs"], *content["offers"]):
        row.pop("middle", None)
        row.pop("barred_funds", None)
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def make_inputs_of_2026_01(instance: Instance) -> Inputs:
    """As a round recorded them before waiting counted on and an unknown place was far."""
    old = {"version": "2026-01"} | BEFORE_WAITING_COUNTED_ON | BEFORE_UNKNOWN_WAS_FAR
    later = {"waiting", *BEFORE_UNKNOWN_WAS_FAR}
    weights = instance.weights.model_copy(update=old).model_dump_json(exclude=later)
    return replace(make_inputs(instance), weights=weights)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("requests", "offers", "cases"), [(60, 8, 2), (100, 12, 3)])
def test_plan_and_gap_are_near_the_optimum(
    requests: int, offers: int, cases: int, seed: int
) -> None:
    instance = make_capped(requests, offers, cases, seed)
    plan = build_plan(instance)
    best = optimum(instance, whole_cases=True, points_per_level=Weights().level_points).objective
    loss = (plan.objective.total - best) / (plan.worth - best)
    assert -NEARLY <= loss <= LOSS_MAX
    assert plan.bound <= best * (1 + NEARLY)
    assert abs(plan.gap - loss) <= LOSS_MAX


@settings(max_examples=count_examples(15, 40), deadline=None)
@given(instances(cases=True, exact=True).filter(lambda i: i.weights.order == "fast"))
def test_any_small_plan_is_near_the_optimum(instance: Instance) -> None:
    points = instance.weights.level_points
    best = optimum(instance, whole_cases=True, points_per_level=points).objective
    plan = build_plan(instance)
    saved = plan.worth - best
    assert plan.objective.total - best <= LOSS_MAX * saved + NEARLY * best + 0.1
    assert plan.bound <= best * (1 + NEARLY) + 0.1


def test_shuffled_file_gives_the_same_plan_and_bound() -> None:
    instance = make_capped(100, 12, 3, seed=1)
    plan, other = build_plan(instance), build_plan(shuffled(instance, 5))
    assert solution_hash(other) == solution_hash(plan)
    assert other.bound == plan.bound


@pytest.mark.long
def test_bound_is_tight_where_not_every_arc_is_searched() -> None:
    whole = build_model(pool(Shape(600, 30, 6), 1, cases=True), Weights(donor_points=0))
    model = replace(whole, cases=np.full(len(whole.cases), 10))
    assert len(model.arcs) > 1000
    worth = sum_products(model.amount, model.worth)
    before, after = solve(model, search=False), solve(model)
    assert before.bound < after.bound <= after.objective.total < before.objective.total
    assert compute_gap(after.objective.total, after.bound, worth) <= 0.02


# --- rounds that were recorded before cases were searched -----------------------------------------

RECORDED = {
    "number": 7,
    "kind": "whole",
    "needs": 100,
    "solver": "min_cost_flow",
    "solver_version": "2",
    "input_hash": "5b6d7c62fcd0863b1871335bc81a97d11350e7e48fbdb6e4104983186bc6ae59",
    "solution_hash": "05164f9794db029641325386a556763f72c1fd2d28708b8e033355cc3e2fbeb3",
    "objective": "3407656564",
    "bound": "3139958100",
    "prices_hash": "c9d22a17f972343d329e6c20685a286e612d10f6cfa7c9019c8614c37a7844e8",
}


def test_round_of_an_older_version_is_replayed_by_that_version() -> None:
    """The hashes are those that version 2 recorded."""
    text = write_inputs_of_2026_01(make_capped(100, 12, 3, seed=2))
    solvers = [MinCostFlow(version) for version in VERSIONS]
    assert replay_round({"round": RECORDED, "inputs": text}, solvers).verdict == "same"
    other = RECORDED | {"solver_version": "3"}
    assert replay_round({"round": other, "inputs": text}, solvers).verdict == "differs"


def test_round_of_this_version_is_replayed() -> None:
    inputs = make_inputs(make_capped(100, 12, 3, seed=2))
    text, result = write_inputs(inputs), MinCostFlow().decide(inputs)
    recorded = RECORDED | {
        "solver_version": VERSIONS[-1],
        "input_hash": hash_text(text),
        "solution_hash": hash_solution(result.allocations),
        "objective": result.objective,
        "bound": result.bound,
        "prices_hash": hash_prices(result.prices),
    }
    solvers = [MinCostFlow(version) for version in VERSIONS]
    assert replay_round({"round": recorded, "inputs": text}, solvers).verdict == "same"


# --- weights whose product leaves the solver's range ----------------------------------------------


def test_weights_too_large_together_are_refused_with_the_range(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    raw = random_instance(5, 2, seed=1).model_dump(mode="json")
    raw["weights"] = {"level_points": 16777216, "level_max": 10000}
    file.write_text(json.dumps(raw), encoding="utf-8")
    result = CliRunner().invoke(app, ["solve", str(file)])
    assert result.exit_code == 2
    assert "权重过大" in result.output
    assert "4294967296" in result.output


def test_setting_of_weights_too_large_together_is_refused_in_chinese(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GUANJIA_WEIGHTS", '{"level_points": 16777216, "level_max": 10000}')
    with pytest.raises(SettingsError, match=r"权重过大.*4294967296"):
        load_settings(MatchingSettings)


def test_largest_weights_allowed_are_solved() -> None:
    weights = {"level_points": 1 << 24, "level_max": 255}
    plan = build_plan(random_instance(200, 10, seed=1, cases=True, weights=weights))
    assert plan.allocations
    assert plan.bound <= plan.objective.total
