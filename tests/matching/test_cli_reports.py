"""`guanjia matching selection` and `campaign`: what matching answers, as tables and as JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.matching.cli.matching import app
from tests.matching.stub_service import serve_answers

REPORT = {
    "campaign": {"id": "warm", "name": "暖“留”行动"},
    "days": {"total": 30, "passed": 12, "left": 18},
    "requests": {
        "total": 1000,
        "by_state": {"closed": 990, "open": 10},
        "by_class": {"migrant_worker": 1000},
        "by_class_zh": {"困难异地务工人员": 1000},
    },
    "donors": {"joined": 18, "pledged": 18, "giving": 17},
    "money": {
        "budget_fen": 20_450_000,
        "pledged_fen": 20_450_000,
        "reserved_fen": 1,
        "delivered_fen": 10,
        "confirmed_fen": 20_000_000,
        "reopened_fen": 0,
        "budget_left_fen": 449_989,
    },
    "goods": [
        {
            "item": "棉被",
            "unit": "床",
            "pledged": 1200,
            "reserved": 0,
            "delivered": 0,
            "confirmed": 7,
            "reopened": 0,
        }
    ],
}
WISH = {
    "rank": 1,
    "request_id": "R-0123456789abcdef0123",
    "category_zh": "助学",
    "beneficiary_class_zh": "困境儿童",
    "score": 9250,
    "terms": {"rating": 3600, "urgency": 2400, "waiting": 2000, "joint": 1250},
}


@pytest.fixture
def paths_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that were asked for."""
    paths: list[str] = []

    def answer(path: str, _body: Any) -> Any:
        paths.append(path)
        selected = {"year": 2026, "wish": [WISH], "project": []}
        return REPORT if path == "/campaigns/warm/report" else selected

    with serve_answers(answer) as url:
        monkeypatch.setenv("GUANJIA_MATCHING_URL", url)
        monkeypatch.setenv("GUANJIA_TOKEN", "gj_operator_x")
        monkeypatch.setenv("COLUMNS", "60")
        yield paths


def run(*words: str) -> Result:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result


def test_campaign_shows_its_requests_donors_and_every_amount_in_full(
    paths_asked: list[str],
) -> None:
    shown = run("campaign", "warm").output
    assert paths_asked == ["/campaigns/warm/report"]
    for text in (
        "暖“留”行动（warm）",
        "第 12 天，共 30 天",
        "closed 990",
        "困难异地务工人员 1,000",
    ):
        assert text in shown
    for text in ("204,500.00", "0.01", "200,000.00", "4,499.89", "1,200"):
        assert text in shown


def test_selection_shows_points_with_their_terms(paths_asked: list[str]) -> None:
    shown = run("selection", "--year", "2026", "--kind", "wish", "--top", "5").output
    assert paths_asked == ["/selection?year=2026&top=5&kind=wish"]
    for text in ("R-0123456789abcdef0123", "92.50", "36.00", "24.00", "20.00", "12.50"):
        assert text in shown


def test_both_are_told_to_machines_as_they_came(paths_asked: list[str]) -> None:
    assert json.loads(run("campaign", "warm", "--json").output) == REPORT
    assert json.loads(run("selection", "--year", "2026", "--json").output)["wish"] == [WISH]
    assert paths_asked[-1] == "/selection?year=2026&top=100"
