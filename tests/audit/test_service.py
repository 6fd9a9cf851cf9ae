"""Audit as a service on the real broker and database: facts in, entries, files and sums out."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from services.audit.cli import compare
from services.audit.jobs import publish_committed
from services.audit.log.publisher import LogDirectory
from services.audit.main import SERVICE
from services.audit.settings import AuditSettings
from services.audit.store import read_head
from services.audit.verify.note import Checkpoint
from services.audit.verify.replay import replay
from services.audit.verify.source import open_source
from services.audit.verify.verifier import Report, verify_log
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import DonationReceived, MatchAccepted, MatchConfirmed, MatchReleased
from shared.security import Role
from tests.audit.deciding import BANK, FUND, MATCHING, match
from tests.support.eventually import eventually
from tests.support.house import House, Running


@dataclass
class Office:
    """A running audit with the people who may come in."""

    house: House
    audit: Running
    maker: dict[str, str]
    checker: dict[str, str]

    async def start_another(self, **given: Any) -> Running:
        return await self.house.start(SERVICE, settings(self.house, **given))

    async def post(self, path: str, who: dict[str, str], key: str, body: Any = None) -> Any:
        headers = who | {"Idempotency-Key": key}
        return await self.audit.http.post(path, json=body, headers=headers)

    async def get(self, path: str) -> Any:
        return (await self.audit.http.get(path, headers=self.maker)).json()

    async def open_fund(self, fund: str = FUND) -> None:
        body = {"fund_id": fund, "name": "暖“留”慈善基金"}
        assert (await self.post("/funds", self.maker, f"{fund}-1", body)).status_code == 202
        approved = await self.post(f"/funds/{fund}/approve", self.checker, f"{fund}-2")
        assert approved.status_code == 200

    async def published(self, size: int) -> dict[str, Any]:
        """The summary once so many entries are published and none is missing."""
        return await eventually(
            lambda: self.get("/summary"), lambda s: s["published"]["size"] == s["size"] == size
        )

    async def verified(self, said: dict[str, Any]) -> Report:
        report = await asyncio.to_thread(verify_log, said["log_dir"], said["vkey"])
        assert report.broken is None, str(report.broken)
        return report


def settings(house: House, **given: Any) -> AuditSettings:
    made: AuditSettings = house.settings(AuditSettings, log_origin="guanjia.test/log", **given)
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def office(house: House) -> AsyncIterator[Office]:
    maker = house.bearer("fin-maker", Role.FINANCE_MAKER)
    checker = house.bearer("fin-checker", Role.FINANCE_CHECKER)
    house.bearer("bank", Role.BANK, source=BANK)
    yield Office(house, await house.start(SERVICE, settings(house)), maker, checker)


def given(house: House, id_: str, amount_fen: int, fund: str = FUND) -> Any:
    fact = DonationReceived(
        donor_id="P-donor",
        fund_id=fund,
        amount_fen=amount_fen,
        received_at=datetime(2026, 1, 15, 8, tzinfo=UTC),
        bank_reference=f"ref-{id_}",
    )
    return house.foreign(BANK, id_, fact)


def lifecycle(house: House, id_: str, amount: int, *, falls: bool = False) -> list[Any]:
    said = match(amount)
    end = MatchReleased(reason="request_withdrawn", **said) if falls else MatchConfirmed(**said)
    facts = (MatchAccepted(**said), end)
    return [house.own(MATCHING, id_, number, fact) for number, fact in enumerate(facts, 1)]


async def test_a_gift_and_two_matches_end_in_verifiable_books(office: Office) -> None:
    await office.open_fund()
    house = office.house
    await house.publish(given(house, "g-1", 20_450_000))
    await office.published(2)
    kept = lifecycle(house, "M-1", 300_00)
    fallen = lifecycle(house, "M-2", 500_00, falls=True)
    await house.publish(*kept, *fallen)
    said = await office.published(6)
    assert said["received_fen"] == 20_450_000
    assert said["committed_fen"] == 800_00
    assert (said["disbursed_fen"], said["released_fen"]) == (300_00, 500_00)
    assert said["remaining_fen"] == 20_450_000 - 300_00
    report = await office.verified(said)
    assert report.entries == 6
    source = open_source(said["log_dir"])
    assert compare(source, await asyncio.to_thread(replay, source), said) == []


async def test_a_changed_balance_is_found_by_the_replay(office: Office) -> None:
    await office.open_fund()
    await office.house.publish(given(office.house, "g-1", 100))
    said = await office.published(2)
    said["funds"][0]["received_fen"] += 1
    source = open_source(said["log_dir"])
    (found,) = compare(source, replay(source), said)
    assert (found.what, found.log, found.service) == (f"{FUND} received_fen", "100", "101")


async def test_whatever_is_redelivered_and_reordered_the_books_are_the_same(
    office: Office,
) -> None:
    await office.open_fund()
    house = office.house
    gifts = [given(house, f"g-{n}", 1_000) for n in range(20)]
    await house.publish(*gifts, *gifts)
    await office.published(21)
    facts = [r for n in range(20) for r in lifecycle(house, f"M-{n}", 700, falls=n % 4 == 0)]
    shuffled = facts * 2
    random.Random(7).shuffle(shuffled)
    await house.publish(*shuffled)
    said = await office.published(21 + 40)
    assert said["received_fen"] == 20_000
    assert said["disbursed_fen"] == 15 * 700
    assert said["outstanding_fen"] == 0
    await office.verified(said)


async def test_a_used_id_with_other_content_is_on_the_log_and_not_in_the_fund(
    office: Office,
) -> None:
    await office.open_fund()
    house = office.house
    await house.publish(given(house, "g-1", 100), given(house, "g-1", 999))
    said = await office.published(3)
    assert said["received_fen"] == 100
    await office.verified(said)


async def test_every_entry_of_the_ledger_is_told(office: Office) -> None:
    await office.open_fund()
    house = office.house
    await house.publish(given(house, "g-1", 1_000), given(house, "g-2", 1, fund="UNKNOWN"))
    await office.published(3)
    await house.publish(*lifecycle(house, "M-1", 700), *lifecycle(house, "M-2", 700))
    await office.published(7)
    told = await eventually(lambda: house.read(topics.LEDGER), lambda found: len(found) >= 7)
    assert sorted(event["data"]["index"] for event in told) == list(range(7))
    by_subject = groupby(sorted(told, key=lambda e: (e["subject"], int(e["sequence"]))), _subject)
    kinds = {subject: [e["type"].split(".")[2] for e in events] for subject, events in by_subject}
    paid, other = sorted((kinds["M-1"], kinds["M-2"]))
    assert paid == ["committed", "disbursed"]
    assert other == ["refused", "refused"]
    assert kinds[FUND] == ["fund_opened"]
    assert sorted(kind for s, kind in kinds.items() if s.startswith("D-")) == [
        ["received"],
        ["refused"],
    ]


def _subject(event: dict[str, Any]) -> str:
    return str(event["subject"])


async def test_two_instances_append_to_one_log(office: Office) -> None:
    await office.open_fund()
    await office.start_another()
    house = office.house
    await house.publish(*(given(house, f"g-{n}", 10_000) for n in range(10)))
    await office.published(11)
    records = [r for n in range(60) for r in lifecycle(house, f"M-{n}", 100)]
    await house.publish(*records)
    said = await office.published(11 + 120)
    assert said["disbursed_fen"] == 60 * 100
    await office.verified(said)


async def test_a_publisher_overtaken_while_it_looks_sees_no_fork(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its look at the database and at the files, more is committed and published."""
    await office.audit.stop()
    first, second = [await office.start_another(publish_interval_ms=60_000) for _ in "ab"]
    office.audit = second
    await office.open_fund()
    loop, head = asyncio.get_running_loop(), await read_head(first.runtime.database)
    directory: LogDirectory = first.runtime.extras.directory(head.origin)
    look = directory.standing

    async def overtake() -> None:
        await office.open_fund("LATER")
        await publish_committed(second.runtime)

    def overtaken() -> Checkpoint:
        monkeypatch.setattr(directory, "standing", look)
        asyncio.run_coroutine_threadsafe(overtake(), loop).result(30)
        return look()

    monkeypatch.setattr(directory, "standing", overtaken)
    assert not await publish_committed(first.runtime)
    await office.open_fund("LAST")
    assert await publish_committed(first.runtime)
    report = await office.verified(await office.published(3))
    assert report.entries == 3


async def test_a_restarted_audit_goes_on_where_it_was(office: Office) -> None:
    await office.open_fund()
    await office.house.publish(given(office.house, "g-1", 1_000))
    before = await office.published(2)
    await office.audit.stop()
    office.audit = await office.start_another()
    await office.house.publish(given(office.house, "g-2", 1_000))
    after = await office.published(3)
    assert after["vkey"] == before["vkey"]
    assert after["received_fen"] == 2_000
    await office.verified(after)


async def test_the_log_is_served_to_everybody(office: Office) -> None:
    await office.open_fund()
    said = await office.published(1)
    http, path = office.audit.http, said["log_path"]
    checkpoint = await http.get(f"{path}/checkpoint")
    tile = await http.get(f"{path}/tile/entries/000.p/1")
    vkey = await http.get(f"{path}/vkey")
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    assert "immutable" in tile.headers["cache-control"]
    assert "immutable" not in checkpoint.headers["cache-control"]
    assert vkey.text.strip() == said["vkey"]


async def test_nothing_but_the_log_is_served(office: Office) -> None:
    for path in (
        "/log/2026/tile/..%2F..%2Fsecrets%2Froot.key",
        "/log/..%2Fsecrets/checkpoint",
        "/log/2026/tile/0/%2Fetc%2Fpasswd",
        "/log/2026/tile/99/000",
        "/log/1999/checkpoint",
        "/log/1999/vkey",
    ):
        assert (await office.audit.http.get(path)).status_code == 404, path


async def test_the_signing_key_is_readable_by_its_owner_alone(office: Office) -> None:
    (key,) = office.house.secrets_dir.glob("ledger-*.key")
    assert key.stat().st_mode & 0o777 == 0o600


async def test_books_are_for_finance_and_auditors_alone(office: Office) -> None:
    collector = office.house.bearer("collector", Role.COLLECTOR)
    body = {"fund_id": "X", "name": "x"}
    for method, path in (
        ("GET", "/funds"),
        ("GET", f"/funds/{FUND}"),
        ("GET", "/summary"),
        ("POST", "/funds"),
        ("POST", f"/funds/{FUND}/approve"),
        ("POST", f"/funds/{FUND}/decline"),
    ):
        for who, status in (({}, 401), (collector, 403)):
            headers = who | {"Idempotency-Key": "k"}
            answer = await office.audit.http.request(method, path, headers=headers, json=body)
            assert answer.status_code == status, (method, path)


async def test_one_person_cannot_open_a_fund_alone(office: Office) -> None:
    both = office.house.bearer("both", Role.FINANCE_MAKER, Role.FINANCE_CHECKER)
    await office.post("/funds", both, "k1", {"fund_id": FUND, "name": "独自一人"})
    refused = await office.post(f"/funds/{FUND}/approve", both, "k2")
    assert refused.status_code == 409
    assert refused.json()["problems"][0]["code"] == "second_person_needed"
    assert (await office.get(f"/funds/{FUND}"))["state"] == "proposed"


async def test_a_database_that_lost_entries_never_rewrites_the_log(office: Office) -> None:
    await office.open_fund()
    await office.house.publish(given(office.house, "g-1", 1_000))
    before = await office.published(2)
    await office.audit.stop()
    name = office.audit.runtime.database.name
    await mongo.connect(office.house.mongod.mongo_uri, name).client.drop_database(name)
    office.audit = await office.start_another()
    after = await eventually(lambda: office.get("/summary"), lambda s: s["publishing_stopped"])
    assert after["published"] == before["published"]


async def test_the_command_compares_the_log_with_the_running_service(office: Office) -> None:
    await office.open_fund()
    await office.house.publish(given(office.house, "g-1", 123_456))
    await office.published(2)
    async with served(office.audit.app) as url:
        token = office.maker["Authorization"].removeprefix("Bearer ")
        command = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from services.audit.cli import app; app()",
            "replay",
            "--json",
            env=os.environ | {"GUANJIA_AUDIT_URL": url, "GUANJIA_TOKEN": token},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await command.communicate()
    said = json.loads(out)
    assert (command.returncode, said["compared"], said["differences"]) == (0, True, [])
    assert said["replay"]["funds"][0]["received_fen"] == 123_456


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The running app on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error"))
    running = asyncio.create_task(server.serve())
    await eventually(lambda: _started(server), bool)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await running


async def _started(server: uvicorn.Server) -> bool:
    return server.started
