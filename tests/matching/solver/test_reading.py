"""What is wrong in a file is said with its path, Chinese first; what is right is read."""

import json
from typing import Any

import pytest

from services.matching.planner.instance import read_instance
from shared.errors import Invalid, Problem

NEED = {"unit": "fen", "quantity": 100}
REQUEST = {
    "id": "R-1",
    "tier": 0,
    "category": "meals",
    "town": "441900103",
    "lat": 23.1,
    "lon": 113.8,
    "created_at": "2026-01-01T08:00:00+08:00",
    "need": NEED,
    "excluded_offers": [],
}
OFFER = {
    "id": "O-1",
    "kind": "money",
    "categories": ["meals"],
    "towns": [],
    "lat": 23.1,
    "lon": 113.8,
    "radius_km": None,
    "unit": "fen",
    "quantity": 1000,
    "cap_per_request": None,
    "max_cases": None,
}
FILE: dict[str, Any] = {
    "now": "2026-02-01T00:00:00Z",
    "requests": [REQUEST],
    "offers": [OFFER],
    "weights": {},
}


def problems(raw: Any) -> dict[str, Problem]:
    content = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    with pytest.raises(Invalid) as refused:
        read_instance(content)
    return {problem.field: problem for problem in refused.value.problems}


def test_file_of_the_issue_is_read() -> None:
    instance = read_instance(json.dumps(FILE).encode())
    assert [request.id for request in instance.requests] == ["R-1"]
    assert instance.open_needs()[0].count_days_waited(instance.now_ms) == 31
    assert instance.open_offers()[0].free == 1000


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("$.now", {"now": "2026-02-01T00:00:00"}),
        ("$.now", {"now": "yesterday"}),
        ("$.requests", {"requests": {}}),
        ("$.requests[0].tier", {"requests": [REQUEST | {"tier": 5}]}),
        ("$.requests[0].tier", {"requests": [REQUEST | {"tier": "high"}]}),
        ("$.requests[0].lat", {"requests": [REQUEST | {"lat": 91}]}),
        ("$.requests[0]", {"requests": [REQUEST | {"lat": None}]}),
        ("$.requests[0].need.quantity", {"requests": [REQUEST | {"need": NEED | {"quantity": 0}}]}),
        (
            "$.requests[0].need.quantity",
            {"requests": [REQUEST | {"need": NEED | {"quantity": 1.5}}]},
        ),
        ("$.requests[0].need.unit", {"requests": [REQUEST | {"need": {"quantity": 1}}]}),
        ("$.requests[0].colour", {"requests": [REQUEST | {"colour": "red"}]}),
        ("$.requests[1].id", {"requests": [REQUEST, REQUEST]}),
        ("$.requests[0].created_at", {"requests": [REQUEST | {"created_at": "2026-13-01"}]}),
        ("$.offers[0].quantity", {"offers": [OFFER | {"quantity": -1}]}),
        ("$.offers[0].max_cases", {"offers": [OFFER | {"max_cases": "many"}]}),
        ("$.offers[0]", {"offers": [OFFER | {"radius_km": 3, "lat": None, "lon": None}]}),
        ("$.offers[1].id", {"offers": [OFFER, OFFER]}),
        ("$.weights.load_points[2]", {"weights": {"load_points": [0, 1]}}),
        ("$.weights.heart", {"weights": {"heart": 1}}),
        ("$.weights.order", {"weights": {"order": "any"}}),
    ],
)
def test_what_is_wrong_is_said_with_its_path(path: str, change: dict[str, Any]) -> None:
    found = problems(FILE | change)
    assert path in found
    assert found[path].zh
    assert found[path].en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in found[path].zh)


def test_every_problem_is_said_at_once() -> None:
    requests = [REQUEST | {"tier": 9}, REQUEST | {"id": "R-2", "tier": 9}]
    found = problems(FILE | {"requests": requests, "offers": [OFFER | {"quantity": "x"}]})
    assert set(found) == {"$.requests[0].tier", "$.requests[1].tier", "$.offers[0].quantity"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b"1", b"[" * 100_000, b'{"now": NaN}', "Ａ".encode()]
)
def test_what_is_no_instance_is_refused(content: bytes) -> None:
    found = problems(content)
    assert found
    assert all(path.startswith("$") for path in found)


def test_byte_order_mark_is_no_mistake() -> None:
    content = json.dumps(FILE).encode()
    assert read_instance(b"\xef\xbb\xbf" + content) == read_instance(content)
