"""A what-if file knows what the service knows: villages, funds, related parties, campaigns."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.matching.cli.matching import app
from services.matching.explaining.explanation import explain
from services.matching.planner.instance import read_instance
from services.matching.planner.plan import build_plan
from shared.errors import Invalid

ROOT = Path(__file__).parents[3]
VILLAGE = "441900101001"
REQUEST: Mapping[str, Any] = {
    "id": "R-1",
    "tier": 0,
    "category": "meals",
    "beneficiary_class": "elderly_alone",
    "town": "441900101",
    "village": VILLAGE,
    "person": "H-1",
    "created_at": "2026-01-15T08:00:00+08:00",
    "need": {"unit": "fen", "quantity": 100},
}
OFFER: Mapping[str, Any] = {"id": "O-1", "kind": "money", "unit": "fen", "quantity": 1000}
CAMPAIGN: Mapping[str, Any] = {
    "id": "warm",
    "starts_at": "2026-01-01T00:00:00+08:00",
    "ends_at": "2026-03-01T00:00:00+08:00",
}


def file(request: Mapping[str, Any], offer: Mapping[str, Any], **tables: Any) -> bytes:
    raw = {
        "now": "2026-02-01T00:00:00+08:00",
        "requests": [{**REQUEST, **request}],
        "offers": [{**OFFER, **offer}],
        **tables,
    }
    return json.dumps(raw).encode()


def solve_pair(request: Mapping[str, Any], offer: Mapping[str, Any], **tables: Any) -> int:
    plan = build_plan(read_instance(file(request, offer, **tables)))
    return sum(share.quantity for share in plan.allocations)


@pytest.mark.parametrize(
    ("request_", "offer", "served"),
    [
        ({}, {"villages": [VILLAGE]}, True),
        ({}, {"villages": ["441900101002"]}, False),
        ({"village": None}, {"villages": [VILLAGE]}, False),
        ({}, {"villages": ["441900101002"], "towns": ["441900101"]}, True),
        ({}, {"villages": [VILLAGE], "towns": ["441900102"]}, True),
        ({"excluded_donors": ["P-1"]}, {"donor": "P-1"}, False),
        ({"excluded_donors": ["P-1"]}, {"donor": "P-2"}, True),
        ({"excluded_funds": ["F-1"]}, {"fund": "F-1"}, False),
    ],
)
def test_villages_donors_and_funds_decide(
    request_: Mapping[str, Any], offer: Mapping[str, Any], served: bool
) -> None:
    assert solve_pair(request_, offer) == (100 if served else 0)


def test_related_party_receives_nothing_from_the_fund() -> None:
    funds = [{"id": "F-1", "related_parties": ["H-1"]}, {"id": "F-2"}]
    assert solve_pair({}, {"fund": "F-1"}, funds=funds) == 0
    assert solve_pair({}, {"fund": "F-2"}, funds=funds) == 100
    assert solve_pair({"person": "H-2"}, {"fund": "F-1"}, funds=funds) == 100
    plan = build_plan(read_instance(file({}, {"fund": "F-1"}, funds=funds)))
    found = explain(plan, "R-1")
    assert found is not None
    assert found.ruled_out["restriction"] == 1


@pytest.mark.parametrize(
    ("request_", "campaign", "units"),
    [
        ({"campaigns": ["warm"]}, {}, 100),
        ({}, {}, 0),
        ({}, {"criteria": {}}, 100),
        ({}, {"criteria": {"towns": ["441900102"]}}, 0),
        ({"created_at": "2025-12-01T00:00:00+08:00"}, {"criteria": {}}, 0),
        ({"campaigns": ["warm"]}, {"ends_at": "2026-01-20T00:00:00+08:00"}, 0),
        ({"campaigns": ["warm"]}, {"donors": ["P-1"]}, 100),
        ({"campaigns": ["warm"]}, {"donors": ["P-2"]}, 0),
        ({"campaigns": ["warm"]}, {"budget": 40}, 40),
        ({"campaigns": ["warm"]}, {"budget": 0}, 0),
    ],
)
def test_offer_of_a_campaign_serves_its_requests_within_its_terms(
    request_: Mapping[str, Any], campaign: Mapping[str, Any], units: int
) -> None:
    offer = {"campaign": "warm", "donor": "P-1"}
    assert solve_pair(request_, offer, campaigns=[{**CAMPAIGN, **campaign}]) == units


@pytest.mark.parametrize(
    ("request_", "offer", "path"),
    [
        ({}, {"campaign": "cold"}, "$.offers[0].campaign"),
        ({"campaigns": ["warm", "cold"]}, {}, "$.requests[0].campaigns[1]"),
    ],
)
def test_campaign_that_is_not_listed_is_refused(
    request_: Mapping[str, Any], offer: Mapping[str, Any], path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read_instance(file(request_, offer, campaigns=[CAMPAIGN]))
    assert [problem.field for problem in refused.value.problems] == [path]


def test_example_is_printed_solved_and_stands_in_the_handbook(tmp_path: Path) -> None:
    runner = CliRunner()
    printed = runner.invoke(app, ["solve", "--example"])
    assert printed.exit_code == 0, printed.output
    path = tmp_path / "example.json"
    path.write_text(printed.stdout, encoding="utf-8")
    solved = runner.invoke(app, ["solve", str(path)])
    assert solved.exit_code == 0, solved.output
    shares = {
        (row["request"], row["offer"]): row["quantity"]
        for row in json.loads(solved.stdout)["allocations"]
    }
    assert ("R-1", "O-1") not in shares, "a related party of the fund"
    assert {request for request, _ in shares} == {"R-1", "R-2", "R-3"}
    assert printed.stdout in (ROOT / "docs" / "matching.md").read_text(encoding="utf-8")
