"""`guanjia matching replay`: what it asks for, and does not."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from typer.testing import CliRunner

from services.matching.cli.matching import app
from services.matching.solver.interface import hash_text
from tests.matching.stub_service import serve_answers

INPUTS = "{}"


def head(number: int) -> dict[str, Any]:
    """Of a solver that is not ours; the last is not solved yet."""
    return {
        "number": number,
        "kind": "batch",
        "needs": 1,
        "input_hash": hash_text(INPUTS),
        "solver": "another",
        "solver_version": "1",
        "solution_hash": "" if number == 5 else "0" * 64,
    }


@pytest.fixture
def fetched_rounds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The rounds that were asked for with their inputs."""
    fetched: list[str] = []

    def answer(path: str, _body: Any) -> Any:
        url = urlparse(path)
        if url.path == "/rounds":
            after = int(parse_qs(url.query)["after"][0])
            return {"rounds": [head(n) for n in range(after + 1, 6)], "next": None}
        fetched.append(path)
        return {"round": head(int(path.rsplit("/", 1)[1])), "inputs": INPUTS}

    with serve_answers(answer) as url:
        monkeypatch.setenv("GUANJIA_MATCHING_URL", url)
        monkeypatch.setenv("GUANJIA_TOKEN", "gj_operator_x")
        yield fetched


def test_replay_after_a_round_fetches_the_inputs_of_later_solved_ones_alone(
    fetched_rounds: list[str],
) -> None:
    result = CliRunner().invoke(app, ["replay", "--after", "2", "--json"])
    assert result.exit_code == 0, result.output
    assert [row["number"] for row in json.loads(result.stdout)] == [3, 4]
    assert fetched_rounds == ["/rounds/3", "/rounds/4"]
