"""`guanjia import offers`: one call for the givers of many rows, and what was refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.matching.cli.offers import app
from tests.matching.stub_service import serve_answers

REFUSED = "不收的公司"
PROBLEM = {"code": "phone_wrong", "field": "phone", "zh": "电话不正确", "en": "not a phone"}


class Services:
    """Intake and matching, and what they were asked."""

    def __init__(self) -> None:
        self.parties: list[list[dict[str, Any]]] = []
        self.offers: list[dict[str, Any]] = []

    def intake(self, path: str, body: Any) -> Any:
        assert path == "/parties/batch"
        self.parties.append(body)
        return {"answers": [self._party(row) for row in body]}

    def _party(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"idempotency_key": row["idempotency_key"]}
        if row["party"]["name"] == REFUSED:
            return told | {"status": 422, "problems": [PROBLEM]}
        return told | {"status": 201, "person_id": f"P-{row['party']['name']}"}

    def matching(self, path: str, body: Any) -> Any:
        assert path == "/offers/batch"
        self.offers += [row["offer"] for row in body]
        return {"answers": [{"status": 201, "offer_id": "O"} for _ in body]}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    services = Services()
    with serve_answers(services.intake) as intake, serve_answers(services.matching) as matching:
        monkeypatch.setenv("GUANJIA_INTAKE_URL", intake)
        monkeypatch.setenv("GUANJIA_MATCHING_URL", matching)
        monkeypatch.setenv("GUANJIA_TOKEN", "gj_operator_x")
        monkeypatch.setenv("COLUMNS", "200")
        yield services


def run_import(folder: Path, *names: str) -> Result:
    rows = "".join(f"{n},{name},元,{n + 1}\n" for n, name in enumerate(names))
    file = folder / "offers.csv"
    file.write_text("编号,名称,单位,数量\n" + rows, encoding="utf-8")
    return CliRunner().invoke(app, ["offers", str(file)])


def test_givers_of_many_rows_are_registered_in_one_call_and_each_once(
    services: Services, tmp_path: Path
) -> None:
    result = run_import(tmp_path, "甲", "乙", "甲", "丙")
    assert result.exit_code == 0, result.output
    [givers] = services.parties
    assert [row["party"]["name"] for row in givers] == ["甲", "乙", "丙"]
    assert len({row["idempotency_key"] for row in givers}) == 3
    assert [offer["donor_id"] for offer in services.offers] == ["P-甲", "P-乙", "P-甲", "P-丙"]


def test_giver_of_an_earlier_batch_is_not_registered_again(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.cli.offers.BATCH_ROWS", 2)
    assert run_import(tmp_path, "甲", "乙", "乙", "丙", "甲").exit_code == 0
    assert [[row["party"]["name"] for row in givers] for givers in services.parties] == [
        ["甲", "乙"],
        ["丙"],
    ]
    assert len(services.offers) == 5


def test_row_whose_giver_is_refused_is_refused_alone(services: Services, tmp_path: Path) -> None:
    result = run_import(tmp_path, "甲", REFUSED, "乙")
    assert result.exit_code == 1
    assert [offer["donor_id"] for offer in services.offers] == ["P-甲", "P-乙"]
    assert "已导入 imported: 2；被拒绝 refused: 1" in result.output
    assert "电话不正确" in result.output
