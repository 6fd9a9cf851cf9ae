"""`guanjia matching optimise, rounds, replay, explain` against a service in its own process."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from services.matching.cli.matching import app
from services.matching.model.match import Match
from services.matching.settings import MatchingSettings
from shared import mongo
from shared.security import Role
from shared.settings import SettingsError, load_settings
from tests.matching.decisions import make_opened, make_submitted, request_id
from tests.matching.harness import give_mandate, name_donor
from tests.matching.processes import matchings
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness


async def invoke(env: dict[str, str], *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)


async def run_json(env: dict[str, str], *words: str) -> Any:
    result = await invoke(env, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.timeout(180)
async def test_rounds_are_asked_for_listed_exported_replayed_and_explained(
    stack: StackHarness, tmp_path: Path
) -> None:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    stack.bearer("mine", Role.DONOR_PARTNER, source="/partners/mine")
    token = stack.bearer("op", Role.OPERATOR)["Authorization"].split()[1]
    async with matchings(stack, tmp_path, "one", round_interval_ms=20) as running:
        env = {"GUANJIA_MATCHING_URL": running.urls["one"], "GUANJIA_TOKEN": token}
        submitted = make_submitted(quantity=70)
        await give_mandate(database, submitted)
        submitted = name_donor(stack, "/partners/mine", submitted)
        await stack.publish(
            stack.foreign("/partners/mine", "offer-1", submitted),
            stack.own("/intake", request_id("r"), 1, make_opened("r", 100)),
        )

        async def find_proposed() -> list[Match]:
            return await mongo.find(database, Match, {"state": "proposed"})

        [match] = await eventually(find_proposed, lambda result: len(result) == 1, 60)
        whole = await run_json(env, "optimise")
        assert (whole["kind"], whole["state"]) == ("whole", "done")
        listed = await run_json(env, "rounds")
        assert [round_["number"] for round_ in listed] == list(range(1, len(listed) + 1))
        assert "全池 whole" in (await invoke(env, "rounds")).output
        file = tmp_path / "rounds.jsonl"
        assert (await invoke(env, "rounds", "--out", str(file))).exit_code == 0
        by_http, by_file = (
            await run_json(env, "replay"),
            await run_json({}, "replay", "--file", str(file)),
        )
        assert by_http == by_file
        assert {row["verdict"] for row in by_http} == {"same"}
        assert "一致 same" in (await invoke(env, "replay")).output
        why = await invoke(env, "explain", match.id)
        assert f"由 爱心人士 {match.offer_id[-4:].upper()} 提供 ¥0.70" in why.output
        why_not = await invoke(env, "explain", match.request_id)
        assert "还缺¥0.30" in why_not.output


def test_weights_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_WEIGHTS", '{"version": "2026-02", "tier_days": 45}')
    weights = load_settings(MatchingSettings).weights
    assert (weights.version, weights.tier_days, weights.level_points) == ("2026-02", 45, 1 << 17)


@pytest.mark.parametrize("wrong", ['{"tier_days": -1}', '{"tierdays": 3}', "[]", "{"])
def test_wrong_weights_are_refused_at_start(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("GUANJIA_WEIGHTS", wrong)
    with pytest.raises(SettingsError, match="GUANJIA_WEIGHTS"):
        load_settings(MatchingSettings)
