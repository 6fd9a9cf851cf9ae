"""A running audit over the turn of a year, and several foundations side by side."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.audit.ledger.verification import verify_log
from services.audit.model import Fund
from services.audit.years import close_and_bring_forward
from shared import mongo
from tests.audit.facts import GOODS, acceptance, confirmation, gift, goods
from tests.audit.harness import AuditHarness, start_harness
from tests.support.eventually import eventually
from tests.support.stack_harness import StackHarness

NEW_YEAR = datetime(2030, 12, 31, 16, tzinfo=UTC)
"""2031 begins in China."""


class Calendar:
    """mongod's clock, set so that it can be at the turn of a year."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        now = mongo.ServerClock.now

        async def read_moved_clock(clock: mongo.ServerClock) -> datetime:
            return await now(clock) + self.ahead

        monkeypatch.setattr(mongo.ServerClock, "now", read_moved_clock)

    def turn_to(self, moment: datetime) -> None:
        self.ahead += moment - (datetime.now(UTC) + self.ahead)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar(monkeypatch)
    calendar.turn_to(NEW_YEAR - timedelta(days=1))
    return calendar


async def busy(harness: AuditHarness, entered: int = 0) -> dict[str, Any]:
    """2030: 10,000 received, 3,000 promised; 30 quilts. entered: entries before."""
    await harness.open_fund()
    await harness.publish_in_order(gift(10_000), goods(30))
    await harness.wait_published(entered + 3)
    await harness.publish_in_order(acceptance("M-1", 3_000))
    return await harness.wait_published(entered + 4)


async def test_a_new_year_begins_with_what_the_old_one_left(
    calendar: Calendar, stack: StackHarness
) -> None:
    harness = await start_harness(stack)
    before = await busy(harness)
    assert before["log"].endswith("/2030")
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await close_and_bring_forward(harness.audit.runtime)
    summary = await harness.wait_published(3)
    assert summary["log"].endswith("/2031")
    assert summary["closed"] == [{"log": before["log"], "size": 4}]
    assert (summary["brought_forward_fen"], summary["received_fen"]) == (10_000, 0)
    assert (summary["outstanding_fen"], summary["remaining_fen"]) == (3_000, 7_000)
    await harness.publish_in_order(
        confirmation("M-1", 3_000), confirmation("M-2", 12, **GOODS), gift(1, "new")
    )
    summary = await harness.wait_published(6)
    assert (summary["obligated_fen"], summary["received_fen"]) == (3_000, 1)
    report = await harness.verify(summary)
    assert {book.outstanding_fen for book in report.books.commitments.values()} == {0}
    await frozen(harness, before)


async def test_the_first_entry_of_a_year_turns_the_log_by_itself(
    calendar: Calendar, stack: StackHarness
) -> None:
    harness = await start_harness(stack)
    before = await busy(harness)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await harness.publish_in_order(confirmation("M-1", 3_000))
    summary = await eventually(
        lambda: harness.get("/summary"), lambda s: s["obligated_fen"] == 3_000
    )
    assert summary["log"].endswith("/2031")
    await close_and_bring_forward(harness.audit.runtime)
    summary = await harness.wait_published(4)
    assert await _logs_of_funds(harness) == {summary["log"]}
    await harness.verify(summary)
    await frozen(harness, before)


async def test_a_year_slept_through_while_carrying_breaks_no_chain(
    calendar: Calendar, stack: StackHarness
) -> None:
    """2031 began with one fund; what the other had was carried only in 2032."""
    harness = await start_harness(stack)
    await harness.open_fund("TEA")
    await busy(harness, 1)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await harness.publish_in_order(confirmation("M-1", 3_000))
    await eventually(lambda: harness.get("/summary"), lambda s: s["obligated_fen"] == 3_000)
    calendar.turn_to(NEW_YEAR + timedelta(days=400))
    await close_and_bring_forward(harness.audit.runtime)
    summary = await harness.wait_published(3)
    origins = [*(each["log"] for each in summary["closed"]), summary["log"]]
    assert [origin[-5:] for origin in origins] == ["/2030", "/2031", "/2032"]
    before = None
    for origin in origins:
        logs = harness.audit.runtime.resources
        if origin != summary["log"]:
            await eventually(partial(_standing, harness, origin), lambda one: one.frozen)
        before = verify_log(
            logs.open_directory(origin).path, logs.list_vkeys(origin), previous=before
        )
        assert before.ok, before.broken
        assert before.not_carried == ()


async def test_instances_that_carry_at_once_carry_everything_once(
    calendar: Calendar, stack: StackHarness
) -> None:
    harness = await start_harness(stack)
    await busy(harness)
    another = await harness.start_another()
    await harness.publish_in_order(*(acceptance(f"M-{n}", 10) for n in range(2, 60)))
    await harness.wait_published(4 + 58)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    for running in (harness.audit, another, harness.audit):
        await close_and_bring_forward(running.runtime)
    summary = await harness.wait_published(1 + 59 + 1)
    assert summary["outstanding_fen"] == 3_000 + 580
    await harness.verify(summary)


async def test_nothing_happens_within_a_year(harness: AuditHarness) -> None:
    before = await busy(harness)
    await close_and_bring_forward(harness.audit.runtime)
    assert (await harness.get("/summary"))["root"] == before["root"]


async def test_each_foundation_has_a_log_of_its_own(stack: StackHarness) -> None:
    foundations = {"guanjia": "莞家", "chashan": "茶山镇慈善会"}
    harness = await start_harness(stack, foundations=foundations)
    await harness.open_fund()
    await harness.open_fund("TEA", foundation="chashan")
    await harness.publish_in_order(gift(100), gift(2_000, "gift-2", fund="TEA"))
    await harness.publish_in_order(gift(30, "gift-3", fund="NONE"))
    summary = await harness.wait_published(3)
    assert (summary["received_fen"], [fund["id"] for fund in summary["funds"]]) == (
        100,
        ["NEW-YEAR"],
    )
    tea = await eventually(lambda: _foundation(harness), lambda s: s["published"]["size"] == 2)
    assert (tea["name"], tea["received_fen"]) == ("茶山镇慈善会", 2_000)
    assert tea["log"] == summary["log"].replace("/log/", "/log/chashan/")
    report = verify_log(tea["log_dir"], tea["vkey"])
    assert report.ok, report.broken
    await harness.verify(summary)


async def frozen(harness: AuditHarness, before: dict[str, Any]) -> None:
    """The closed year's last checkpoint says so, and its files verify."""

    async def checkpoint() -> str:
        return str((await harness.audit.http.get(f"{before['log_path']}/checkpoint")).text)

    await eventually(checkpoint, lambda text: "log frozen" in text.split("\n"))
    report = verify_log(before["log_dir"], before["vkey"])
    assert report.ok, report.broken
    assert report.entries == before["size"]


async def _standing(harness: AuditHarness, origin: str) -> Any:
    return harness.audit.runtime.resources.find_checkpoint(origin)


async def _logs_of_funds(harness: AuditHarness) -> set[str]:
    return {fund.log for fund in await mongo.find(harness.audit.runtime.database, Fund, {})}


async def _foundation(harness: AuditHarness) -> Any:
    return (await harness.get("/summary"))["foundations"]["chashan"]
