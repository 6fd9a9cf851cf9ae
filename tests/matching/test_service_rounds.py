"""Rounds of a running service: whole and batches, on demand, explained, and replayed."""

import asyncio
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.matching.cli.matching import app
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.round import INPUTS, Round
from services.matching.rounds import store as round_store
from services.matching.rounds.runner import RoundRunner
from services.matching.settings import MatchingSettings
from services.matching.solver.process import SolverProcess
from shared import mongo
from shared.contracts.outlooks import OUTLOOK_PATH
from shared.security import Role, revoke
from tests.matching.decisions import NO_CAPACITY, make_opened, make_submitted, person_id, request_id
from tests.matching.harness import MatchingHarness, give_mandate, name_donor, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

TOWNS = ("441900101", "441900102", "441900103")


async def rounds(harness: MatchingHarness) -> list[Round]:
    """All that are done, and no other is left."""

    async def look() -> list[Round]:
        return await mongo.find(harness.database, Round, {}, sort=[("number", 1)])

    return await eventually(
        look, lambda found: all(rounds_held.state == "done" for rounds_held in found)
    )


async def whole_rounds(harness: MatchingHarness, count: int) -> list[Round]:
    async def look() -> list[Round]:
        query = {"kind": "whole", "state": "done"}
        return await mongo.find(harness.database, Round, query, sort=[("number", 1)])

    return await eventually(look, lambda found: len(found) >= count)


async def get(harness: MatchingHarness, path: str, who: dict[str, str] | None = None) -> Any:
    answer = await harness.http.get(path, headers=who or harness.operator)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_first_round_is_whole_and_batches_take_its_prices(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer(quantity=4000)
    for name in ("r1", "r2"):
        await harness.publish_requests(name)
        await harness.wait_for_matches(1 if name == "r1" else 2, "proposed")
    first, second = await rounds(harness)
    assert (first.kind, second.kind) == ("whole", "batch")
    assert first.prices
    assert first.bound is not None
    assert (second.priced_by, second.prices_hash) == (first.number, first.prices_hash)
    assert first.weights_hash == second.weights_hash
    match = await mongo.find(harness.database, Match, {"request_id": request_id("r2")})
    assert [record.round_number for record in match] == [second.number]


async def test_optimum_is_found_anew_on_schedule(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack, whole_round_interval_s=1))
    await harness.register_offer(quantity=4000)
    await harness.publish_requests("r1")
    first, second, *_ = await whole_rounds(harness, 3)
    assert second.closed_at - first.closed_at >= timedelta(seconds=1)


async def test_demand_of_a_whole_round_is_met_before_its_schedule(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer(quantity=4000)
    await harness.publish_requests("r1")
    [first] = await whole_rounds(harness, 1)
    answer = await harness.post("/rounds/whole", "now", who=harness.operator)
    assert answer.status_code == 202
    asked_at = datetime.fromisoformat(answer.json()["asked_at"])
    second = (await whole_rounds(harness, 2))[1]
    assert first.closed_at < asked_at <= second.closed_at
    latest = (await get(harness, "/rounds/latest?kind=whole"))["round"]
    assert latest["number"] == second.number


async def test_need_that_nobody_serves_causes_no_endless_rounds(stack: StackHarness) -> None:
    """Dear at the last prices: it waits for the next whole round, or for a new offer."""
    running = await start_matching(stack)
    harness = MatchingHarness(stack, running)
    await harness.register_offer("a", quantity=100, cap_per_request=10)
    await harness.publish_requests("r1")
    await harness.wait_for_matches(1, "proposed")
    settings = running.runtime.settings
    assert isinstance(settings, MatchingSettings)
    async with SolverProcess() as solver:
        # Another instance, which knows nothing yet of what the rounds before it left.
        other = RoundRunner(running.runtime, settings, solver)
        rounds_held = [await other.run() for _ in range(6)]
        assert sum(rounds_held) <= 1
        before = len(await rounds(harness))
        assert not any([await other.run() for _ in range(6)])
    assert len(await rounds(harness)) == before
    await harness.register_offer("b", quantity=400, donor_id="P-another")
    await harness.wait_for_matches(2, "proposed")


async def test_match_and_need_are_explained_to_staff_and_to_the_partner(
    stack: StackHarness,
) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    mine = stack.bearer("mine", Role.DONOR_PARTNER, source="/partners/mine")
    other = stack.bearer("other", Role.DONOR_PARTNER, source="/partners/other")
    house = stack.bearer("intake", Role.SERVICE)
    body = make_submitted(quantity=40, cap_per_request=20)
    await give_mandate(harness.database, body)
    body = name_donor(stack, "/partners/mine", body)
    await stack.publish(stack.foreign("/partners/mine", "offer-1", body))
    theirs = await harness.register_offer("b", quantity=90, categories=["supplies", "medical"])
    await harness.publish_requests("r", quantity=200)
    matches = await harness.wait_for_matches(2, "proposed")
    [match] = [record for record in matches if record.source == "/partners/mine"]
    found = await get(harness, f"/matches/{match.id}/explanation")
    assert found["round"]["number"] == match.round_number
    givers = {score["offer"]: score["given"] for score in found["explanation"]["givers"]}
    assert givers == {record.offer_id: record.quantity for record in matches}
    assert any("紧急程度" in line for line in found["details"])
    partners = await get(harness, f"/matches/{match.id}/explanation", mine)
    assert theirs not in json.dumps(partners)
    assert match.offer_id in json.dumps(partners)
    path = f"/matches/{match.id}/explanation"
    assert (await harness.http.get(path, headers=other)).status_code == 404
    waiting = await get(harness, f"/needs/{match.request_id}/explanation")
    need = await mongo.load(harness.database, Need, match.request_id)
    assert need is not None
    assert waiting["remaining"] == need.remaining == 90
    assert waiting["explanation"]["unmatched"] == 90
    assert any("还缺" in line for line in waiting["text"])
    for told in (found, waiting, partners):
        assert person_id("r") not in json.dumps(told)
    await harness.register_offer("c", quantity=20, unit="条", item="毛毯", fund_id=None)
    await harness.publish_requests("q", quantity=2, unit="床", item="棉被")
    await harness.wait_for_needs("q")
    instead = await get(harness, f"/needs/{request_id('q')}/explanation")
    assert instead["substitutes"] == [{"item": "毛毯", "unit": "条", "offers": 1, "free": 20}]
    assert "请先问过本人" in instead["text"][-1]
    assert "substitutes" not in await get(harness, f"/needs/{request_id('q')}/explanation", mine)
    opened = make_opened("z", 30, unit="条", item="毛毯")
    query = {"request_id": request_id("z"), "request": opened.model_dump(mode="json")}
    assert (await harness.http.post(OUTLOOK_PATH, json=query, headers=mine)).status_code == 403
    outlook = await harness.http.post(OUTLOOK_PATH, json=query, headers=house)
    assert outlook.status_code == 200, outlook.text
    assert [each["zh"] for each in outlook.json()["sentences"]] == [
        "同意 30 条：按现有资源可以对接 20 条，还缺 10 条，要等新的资源。",
        "其他爱心资源现有 20 条 可用；等候的诉求都对接后还剩 0 条（不同意这一件则剩 20 条）。",
        "没有别的诉求因此多等。",
    ]
    assert await mongo.load(harness.database, Need, request_id("z")) is None, "it is a look"

    revoke(stack.secrets_dir / "credentials.json", "giver")

    async def look() -> str:
        answer = await harness.http.post(OUTLOOK_PATH, json=query, headers=house)
        return str(answer.json()["sentences"][0]["zh"])

    await eventually(
        look, lambda line: line == "同意 30 条：按现有资源一时对接不上，要等新的资源。"
    )
    assert not (await get(harness, f"/needs/{request_id('q')}/explanation"))["substitutes"]


async def test_claimed_match_is_explained_by_its_donors_choice(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    offer = await harness.register_offer(quantity=400, mode="claim")
    await harness.publish_requests("r")

    async def needs() -> list[Need]:
        return await mongo.find(harness.database, Need, {})

    await eventually(needs, lambda found: len(found) == 1)
    claimed: dict[str, Any] = {"offer_id": offer, "quantity": 20}
    answer = await harness.post(f"/menu/{request_id('r')}/claim", "c", claimed)
    assert answer.status_code == 201
    [match] = await mongo.find(harness.database, Match, {})
    found = await get(harness, f"/matches/{match.id}/explanation")
    assert found["round"] is None
    assert "认领" in found["text"][0]


async def busy(stack: StackHarness) -> MatchingHarness:
    """Many kinds of needs and offers, answers of every kind, and whole rounds in between."""
    harness = MatchingHarness(
        stack, await start_matching(stack, whole_round_interval_s=1, proposal_lifetime_s=2.0)
    )
    for n in range(6):
        more: dict[str, Any] = {"cap_per_request": 60} if n % 2 else {"cases_max": 4}
        towns = [TOWNS[n % 3]] if n % 3 else []
        await harness.register_offer(
            f"o{n}", quantity=120 + 30 * n, donor_id=f"P-{n}", town_codes=towns, **more
        )
    for n in range(30):
        town = TOWNS[n % 3]
        area = {"town_code": town, "village_code": f"{town}001"}
        await harness.publish_requests(f"r{n}", quantity=10 + n, area=area)
        if n % 5 == 4:
            await _answer(harness, n)
    await harness.wait_for_matches(3, "expired")
    await rounds(harness)
    return harness


async def _answer(harness: MatchingHarness, n: int) -> None:
    first, second, *_ = await harness.wait_for_matches(2, "proposed")
    await harness.post(f"/matches/{first.id}/decline", f"d{n}", {"reason": NO_CAPACITY})
    await harness.post(f"/matches/{second.id}/accept", f"a{n}")


def write(file: Path, records: list[Any]) -> None:
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def read_lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


async def export_rounds(harness: MatchingHarness, file: Path) -> list[str]:
    """Writes the rounds as `guanjia matching rounds --out` does; their solution hashes."""
    rounds_held = (await get(harness, "/rounds?limit=500"))["rounds"]
    rounds_held = [record for record in rounds_held if record["state"] == "done"]
    records = [await get(harness, f"/rounds/{record['number']}") for record in rounds_held]
    write(file, records)
    return [record["round"]["solution_hash"] for record in records]


@pytest.mark.timeout(180)
async def test_recorded_rounds_are_replayed_bit_for_bit_elsewhere(
    stack: StackHarness, tmp_path: Path
) -> None:
    """In fresh processes with other hash seeds, and their rows shuffled."""
    harness = await busy(stack)
    file = tmp_path / "rounds.jsonl"
    expected = await export_rounds(harness, file)
    kinds = [rounds_held.kind for rounds_held in await rounds(harness)]
    assert {"batch", "whole"} == set(kinds)
    for seed in ("1", "987"):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.matching.shuffled_replay", str(file), seed),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())},
        )
        told, _ = await child.communicate()
        assert told.decode().split() == expected
    same = CliRunner().invoke(app, ["replay", "--file", str(file), "--json"])
    assert same.exit_code == 0, same.output
    assert {row["verdict"] for row in json.loads(same.stdout)} == {"same"}


async def test_replay_finds_a_round_that_was_changed_afterwards(
    stack: StackHarness, tmp_path: Path
) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer(quantity=400)
    await harness.publish_requests("r1", "r2")
    await harness.wait_for_matches(2, "proposed")
    await rounds(harness)
    file = tmp_path / "rounds.jsonl"
    await export_rounds(harness, file)
    untouched = read_lines(file)
    for name, verdict in (("solution_hash", "differs"), ("input_hash", "inputs_differ")):
        records = json.loads(json.dumps(untouched))
        records[0]["round"][name] = "0" * 64
        write(file, records)
        found = CliRunner().invoke(app, ["replay", "--file", str(file), "--json"])
        assert found.exit_code == 1
        assert json.loads(found.stdout)[0]["verdict"] == verdict


async def test_inputs_are_kept_once_a_round_and_packed(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer(quantity=4000)
    await harness.publish_requests(*(f"r{n}" for n in range(40)))
    await harness.wait_for_matches(40, "proposed")
    rounds_held = await rounds(harness)
    stored_before = await harness.database[INPUTS].find({}).to_list(None)
    assert sorted(row["number"] for row in stored_before) == [
        record.number for record in rounds_held
    ]
    largest = max(stored_before, key=lambda row: len(row["inputs"]))
    text = await round_store.load_inputs(harness.database, largest["number"])
    assert text is not None
    assert len(largest["inputs"]) < len(text) / 2


async def test_round_expires_with_its_inputs_and_is_then_explained_as_gone(
    stack: StackHarness,
) -> None:
    """mongod removes what has expired once a minute: nobody waits for that here."""
    harness = MatchingHarness(stack, await start_matching(stack, round_retention_days=30))
    await harness.register_offer(quantity=400)
    await harness.publish_requests("r")
    [match] = await harness.wait_for_matches(1, "proposed")
    [round_] = await rounds(harness)
    assert round_.expires_at == round_.closed_at + timedelta(days=30)
    for collection in (Round.COLLECTION, INPUTS):
        row = await harness.database[collection].find_one({"number": round_.number})
        assert row is not None
        assert row["expires_at"] == round_.expires_at
        indexes = await harness.database[collection].index_information()
        [expiry] = [index for index in indexes.values() if "expireAfterSeconds" in index]
        assert (expiry["key"], expiry["expireAfterSeconds"]) == ([("expires_at", 1)], 0)
    for collection in (INPUTS, Round.COLLECTION):
        await harness.database[collection].delete_one({"number": round_.number})
        gone = await get(harness, f"/matches/{match.id}/explanation")
        assert (gone["round"], "已过保存期限" in gone["text"][0]) == (None, True)
        answer = await harness.http.get(f"/rounds/{round_.number}", headers=harness.operator)
        assert answer.json()["problems"][0]["code"] == "round_unknown"
