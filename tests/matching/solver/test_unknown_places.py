"""Who did not say where he is, is not taken to be next door."""

import json
from typing import Any

import pytest

from services.matching.explaining.explanation import explain
from services.matching.planner.instance import read_instance
from services.matching.planner.plan import Plan, build_plan
from services.matching.solver.weights import Weights
from shared.towns import find_middle
from tests.matching.decisions import DecisionHarness, make_opened
from tests.matching.decisions import request_id as request_named

SHILONG, PARK = "441900102", "441900401"
HERE: dict[str, Any] = {"lat": 23.09, "lon": 113.86}  # the very middle of Shilong
NEAR: dict[str, Any] = {"lat": 23.092, "lon": 113.86}  # 220 m from it
IDS = [("R-1", "R-2"), ("R-2", "R-1")]


def make_request(id_: str, town: str = SHILONG, **more: Any) -> dict[str, Any]:
    fields = {"tier": 1, "category": "meals", "created_at": "2026-01-15T08:00:00+08:00"}
    return {"id": id_, "town": town, "need": {"unit": "fen", "quantity": 100}, **fields, **more}


def make_offer(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "kind": "money", "unit": "fen", "quantity": 100, **more}


def plan(requests: list[dict[str, Any]], offers: list[dict[str, Any]]) -> Plan:
    content = {"now": "2026-02-01T00:00:00+08:00", "requests": requests, "offers": offers}
    return build_plan(read_instance(json.dumps(content).encode()))


@pytest.mark.parametrize("unknown_town", [SHILONG, PARK])
@pytest.mark.parametrize(("neighbour", "unknown"), IDS)
def test_the_neighbour_is_served_before_a_request_of_unknown_place(
    neighbour: str, unknown: str, unknown_town: str
) -> None:
    requests = [make_request(neighbour, **NEAR), make_request(unknown, town=unknown_town)]
    [share] = plan(requests, [make_offer("O-1", **HERE)]).allocations
    assert share.request == neighbour


@pytest.mark.parametrize("area", [{}, {"towns": [SHILONG]}])
@pytest.mark.parametrize(("neighbour", "unknown"), [("O-1", "O-2"), ("O-2", "O-1")])
def test_the_neighbour_is_asked_before_an_offer_of_unknown_place(
    neighbour: str, unknown: str, area: dict[str, Any]
) -> None:
    offers = [make_offer(neighbour, **NEAR), make_offer(unknown, **area)]
    [share] = plan([make_request("R-1", **HERE)], offers).allocations
    assert share.offer == neighbour


@pytest.mark.parametrize(
    ("town", "points"),
    [(SHILONG, 50), ("441900119", 284), (PARK, 250)],
    ids=["its town's middle, but not nearer than half across it", "another town", "no town known"],
)
def test_an_explanation_counts_it_like_the_plan(town: str, points: int) -> None:
    solved = plan([make_request("R-1", town=town)], [make_offer("O-1", **HERE)])
    found = explain(solved, "R-1")
    assert found is not None
    [score] = found.givers
    assert score.distance == points


def test_the_service_knows_the_middle_of_a_towns_requests_and_offers() -> None:
    decisions = DecisionHarness()
    opened = make_opened("r", 50, area={"town_code": SHILONG})
    decisions.event(request_named("r"), opened)
    offer = decisions.offer(town_codes=(SHILONG,))
    id_ = decisions.propose(request_named("r"), offer, 50)
    need = decisions.need_of(id_).to_open(tier=0, related_funds=(), campaigns=())
    assert need.place is None
    assert need.middle == decisions.offer_of(id_).to_open().middle == find_middle(SHILONG)


def test_a_recorded_round_counts_as_it_did() -> None:
    recorded = Weights.from_json('{"version":"2026-01","metres_per_point":100}')
    assert (recorded.town_metres, recorded.unknown_metres) == (0, 0)
    assert Weights.from_json(Weights().model_dump_json()) == Weights()
