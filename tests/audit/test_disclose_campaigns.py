"""Campaigns are matching's, where nobody names them by a file."""

import asyncio
import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from services.audit.cli import app
from tests.audit.log_builder import FUND, build_year
from tests.support.serving import serve_app


@pytest.fixture
def year(tmp_path: Path) -> Path:
    return build_year().publish(tmp_path / "log")


MATCHINGS = {
    "id": "warm",
    "name": "暖留",
    "starts_at": "2025-12-31T16:00:00Z",
    "ends_at": "2026-12-20T16:00:00Z",
    "fund_ids": [FUND],
}
"""As matching describes a campaign: from 1 January to 20 December in China."""


async def test_matchings_campaigns_are_read_without_a_file(year: Path) -> None:
    matching = FastAPI()

    @matching.get("/campaigns")
    async def list_campaigns() -> dict[str, object]:
        return {"campaigns": [MATCHINGS]}

    options = ["disclose", "--period", "2026", "--dir", str(year), "--json"]
    async with serve_app(matching) as server:
        env = {"GUANJIA_MATCHING_URL": server.url, "GUANJIA_TOKEN": "t"}
        result = await asyncio.to_thread(CliRunner().invoke, app, options, env=env)
    stated = json.loads(result.stdout)
    [campaign] = stated["campaigns"]
    assert (campaign["start"], campaign["end"]) == ("2026-01-01", "2026-12-20")
    assert campaign["received_fen"] == stated["received"]["restricted_fen"]
    progress = [duty["due"] for duty in stated["duties"] if duty["subject"] == "progress"]
    assert progress == ["2026-04-01", "2026-07-01", "2026-10-01"]


async def test_visits_and_services_stand_beside_the_money_and_off_the_books(year: Path) -> None:
    intake, asked = FastAPI(), list[tuple[str, str]]()

    @intake.get("/works/figures")
    async def read_figures(since: str, until: str) -> dict[str, object]:
        asked.append((since, until))
        hours = {"kind": "plan", "kind_zh": "服务计划", "item": "陪护", "unit": "小时"}
        return {"works": [{**hours, "visits": 3, "quantity": 12}]}

    options = ["disclose", "--period", "2026Q1", "--dir", str(year)]
    async with serve_app(intake) as server:
        env = {"GUANJIA_INTAKE_URL": server.url, "GUANJIA_TOKEN": "t"}
        shown = await asyncio.to_thread(CliRunner().invoke, app, options, env=env)
        stated = await asyncio.to_thread(CliRunner().invoke, app, [*options, "--json"], env=env)
    assert asked == [("2026-01-01", "2026-04-01")] * 2
    assert "| 服务计划 plan | 陪护 | 3 | 12 小时 |" in shown.stdout
    assert json.loads(stated.stdout)["off_book"][0]["quantity"] == 12


def test_that_no_campaigns_were_read_is_told(year: Path, tmp_path: Path) -> None:
    options = ["disclose", "--period", "2026", "--dir", str(year), "--json"]
    env = {"GUANJIA_DATA_DIR": str(tmp_path), "GUANJIA_TOKEN": "t"}
    result = CliRunner().invoke(app, options, env=env)
    assert (result.exit_code, json.loads(result.stdout)["campaigns"]) == (0, [])
    assert "未能读取专项行动" in result.stderr
    assert "没有读到走访和服务的数字" in result.stderr
