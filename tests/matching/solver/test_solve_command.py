"""`guanjia matching solve`: a file in, a plan out, no service running."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.matching.cli.matching import app
from services.matching.planner.instance import Instance
from services.matching.planner.plan import build_plan
from tests.matching.solver.instances import random_instance

runner = CliRunner()


@pytest.fixture(scope="module")
def instance() -> Instance:
    return random_instance(60, 8, seed=4, cases=True)


@pytest.fixture
def file(tmp_path: Path, instance: Instance) -> Path:
    path = tmp_path / "instance.json"
    path.write_text(instance.model_dump_json(), encoding="utf-8")
    return path


def test_plan_is_printed_as_json_where_nobody_looks(file: Path, instance: Instance) -> None:
    result = runner.invoke(app, ["solve", str(file)])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert set(said) == {"allocations", "objective", "bound", "gap", "seconds"}
    plan = build_plan(instance)
    assert said["allocations"] == [
        {"request": row.request, "offer": row.offer, "quantity": row.quantity}
        for row in plan.allocations
    ]
    objective = said["objective"]
    terms = ("without", "pairs", "load", "donors")
    assert objective["total"] == sum(objective[term] for term in terms)
    assert said["bound"] <= objective["total"] <= objective["worth"]


def test_plan_is_written_and_summed_up(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    result = runner.invoke(app, ["solve", str(file), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert json.loads(out.read_text(encoding="utf-8"))["allocations"]
    assert "fen" in result.stdout
    assert "hours" in result.stdout


def test_request_is_explained(file: Path, instance: Instance) -> None:
    id_ = instance.requests[0].id
    result = runner.invoke(app, ["solve", str(file), "--explain", id_])
    assert result.exit_code == 0, result.output
    assert "住房修缮，需要¥0.11，等了28天" in result.stdout
    assert "还缺¥0.11" in result.stdout


def test_unknown_request_is_refused(file: Path) -> None:
    result = runner.invoke(app, ["solve", str(file), "--explain", "R-nobody"])
    assert result.exit_code == 2
    assert "没有诉求" in result.output


def test_wrong_file_is_refused_with_the_path_in_it(tmp_path: Path, instance: Instance) -> None:
    raw = instance.model_dump(mode="json")
    raw["requests"][3]["need"]["quantity"] = "many"
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    result = runner.invoke(app, ["solve", str(path)])
    assert result.exit_code == 2
    assert "$.requests[3].need.quantity" in result.output


def test_empty_instance_has_an_empty_plan(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text('{"now": "2026-01-01T00:00:00Z", "requests": [], "offers": []}')
    said = json.loads(runner.invoke(app, ["solve", str(path)]).stdout)
    assert (said["allocations"], said["gap"], said["bound"]) == ([], 0.0, 0)
