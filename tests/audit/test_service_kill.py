"""Audits killed and paused while they append and publish: one log, complete, that verifies."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.verification import verify_log
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.keys import read_keys
from services.audit.tlog.reader import Directory, read_entries
from shared import mongo
from shared.security import Role
from tests.audit.facts import BANK, FUND
from tests.audit.harness import give_mandate, make_gift, make_lifecycle
from tests.audit.processes import Audits, audits
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

MATCHES = 150
ENTRIES = 2 + 2 * MATCHES
WRITERS, FUNDS_EACH = 5, 20
FUNDS = 1 + 2 * WRITERS * FUNDS_EACH
# A checkpoint every few entries, one right after the other: wherever it is hit, it is publishing.
BUSY = {"publish_interval_ms": 0, "publish_entries_max": 5}


class Load:
    """What comes by HTTP (funds) and by the broker (a gift, matches promised and paid)."""

    def __init__(self, stack: StackHarness, running: Audits) -> None:
        self._stack = stack
        self._running = running
        self._maker = stack.bearer("fin-maker", Role.FINANCE_MAKER)
        self._checker = stack.bearer("fin-checker", Role.FINANCE_CHECKER)
        stack.bearer("bank", Role.BANK, source=BANK)

    async def begin(self, name: str) -> None:
        await self.open_funds(name, [FUND])
        stack = self._stack
        await give_mandate(mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_audit"), FUND)
        await self._stack.publish(make_gift(self._stack, "g-1", 100 * MATCHES))
        await self.wait_reached(name, 2)

    async def open_funds(self, name: str, funds: Sequence[str]) -> None:
        """By two people, one fund after the other, however long the answers take."""
        async with httpx.AsyncClient(base_url=self._running.urls[name], timeout=100) as http:
            for fund in funds:
                body = {"fund_id": fund, "name": "暖“留”慈善基金"}
                await self._post(http, "/funds", self._maker, fund, body)
                await self._post(http, f"/funds/{fund}/approve", self._checker, fund)

    async def _post(
        self, http: httpx.AsyncClient, path: str, who: dict[str, str], key: str, body: Any = None
    ) -> None:
        answer = await http.post(path, json=body, headers=who | {"Idempotency-Key": key})
        assert answer.status_code < 300, answer.text

    async def promise_and_pay(self, numbers: Sequence[int]) -> None:
        for at in range(0, len(numbers), 25):
            part = numbers[at : at + 25]
            facts = [fact for n in part for fact in make_lifecycle(self._stack, f"M-{n}", 100)]
            await self._stack.publish(*facts)

    async def summary(self, name: str) -> dict[str, Any]:
        """The summary; empty while nobody answers."""
        try:
            async with httpx.AsyncClient(base_url=self._running.urls[name], timeout=100) as http:
                answer = await http.get("/summary", headers=self._maker)
                return dict(answer.json()) if answer.status_code == 200 else {}
        except httpx.HTTPError:
            return {}

    async def committed(self, name: str, size: int) -> dict[str, Any]:
        """In the database: publishing waits for one that was paused in the middle of it."""
        return await eventually(
            lambda: self.summary(name), lambda summary: summary and summary["size"] >= size, 120
        )

    async def wait_reached(self, name: str, size: int) -> dict[str, Any]:
        """Once so many entries are committed and published."""
        return await eventually(
            lambda: self.summary(name),
            lambda summary: summary and summary["published"]["size"] == summary["size"] >= size,
            120,
        )

    async def published_about(self, log: Path, size: int) -> bytes:
        """A checkpoint that covers so many entries, as an auditor keeps it."""

        async def standing() -> bytes:
            return (log / "checkpoint").read_bytes()

        return await eventually(standing, lambda note: size_of(note) >= size, 120)


def size_of(note: bytes) -> int:
    return Checkpoint.read_unverified(note).size


async def check_log(summary: dict[str, Any], checkpoints: list[bytes]) -> None:
    """Complete, each fact once, and every checkpoint kept is of this very history."""
    report = await asyncio.to_thread(
        verify_log, summary["log_dir"], summary["vkey"], since=checkpoints
    )
    assert report.ok, report.broken
    assert (report.entries, summary["size"]) == (ENTRIES, ENTRIES)
    assert (summary["obligated_fen"], summary["remaining_fen"]) == (100 * MATCHES, 0)


async def test_killed_while_it_publishes_the_log_goes_on_and_verifies(
    stack: StackHarness, tmp_path: Path
) -> None:
    async with audits(stack, tmp_path, "one", **BUSY) as running:
        load = Load(stack, running)
        await load.begin("one")
        log, checkpoints = Path((await load.summary("one"))["log_dir"]), []
        telling = asyncio.create_task(load.promise_and_pay(range(MATCHES)))
        for size in (30, 120, 210):
            checkpoints.append(await load.published_about(log, size))
            await running.supervisor.kill("one")
            await asyncio.to_thread(check_whole, log, checkpoints)
            await running.supervisor.restart("one")
        await telling
        await check_log(await load.wait_reached("one", ENTRIES), checkpoints)


def check_whole(log: Path, checkpoints: list[bytes]) -> None:
    """Nobody runs: what lies there is a good log already."""
    (key,) = (log.parents[1] / "secrets").glob("ledger-*.key")
    report = verify_log(log, str(read_keys(key)[0].vkey), since=checkpoints)
    assert report.ok, report.broken


async def test_of_two_writers_that_take_turns_to_sleep_only_one_appends_at_a_place(
    stack: StackHarness, tmp_path: Path
) -> None:
    """The paused one wakes with a head that is long past, and with entries decided on it."""
    async with audits(stack, tmp_path, "one", "two", **BUSY) as running:
        load = Load(stack, running)
        await load.open_funds("one", ["FIRST"])
        log, checkpoints = Path((await load.wait_reached("one", 1))["log_dir"]), []
        async with asyncio.TaskGroup() as opening:
            for name, writer in ((name, n) for name in ("one", "two") for n in range(WRITERS)):
                funds = [f"F-{name}-{writer}-{n}" for n in range(FUNDS_EACH)]
                opening.create_task(load.open_funds(name, funds))
            for size, sleeper, other in ((10, "one", "two"), (80, "two", "one")):
                awake = await load.committed(other, size)
                checkpoints.append((log / "checkpoint").read_bytes())
                await running.supervisor.pause(sleeper)
                await load.committed(other, awake["size"] + 15)
                await running.supervisor.resume(sleeper)
        summary = await load.wait_reached("two", FUNDS)
        assert summary["size"] == FUNDS
        assert (await load.wait_reached("one", FUNDS))["root"] == summary["root"]
        report = await asyncio.to_thread(verify_log, log, summary["vkey"], since=checkpoints)
        assert report.ok, report.broken
        assert subjects_of(log, FUNDS) == {fund["id"]: 1 for fund in summary["funds"]}


def subjects_of(log: Path, size: int) -> Counter[str]:
    return Counter(parse_entry(raw)["subject"] for raw in read_entries(Directory(log), size))
