"""A running audit over the turn of a year, and several foundations side by side."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.audit.ledger.verification import verify_log
from services.audit.model import Fund
from services.audit.years import close_and_carry
from shared import mongo
from tests.audit.deciding import GOODS, accepted, confirmed, gift, goods
from tests.audit.office import Office, open_office
from tests.support.eventually import eventually
from tests.support.house import House

NEW_YEAR = datetime(2030, 12, 31, 16, tzinfo=UTC)
"""2031 begins in China."""


class Calendar:
    """mongod's clock, set so that it can be at the turn of a year."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        now = mongo.ServerClock.now

        async def moved(clock: mongo.ServerClock) -> datetime:
            return await now(clock) + self.ahead

        monkeypatch.setattr(mongo.ServerClock, "now", moved)

    def turn_to(self, moment: datetime) -> None:
        self.ahead += moment - (datetime.now(UTC) + self.ahead)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    calendar = Calendar(monkeypatch)
    calendar.turn_to(NEW_YEAR - timedelta(days=1))
    return calendar


async def busy(office: Office, entered: int = 0) -> dict[str, Any]:
    """2030: 10,000 received, 3,000 promised; 30 quilts. entered: entries before."""
    await office.open_fund()
    await office.hears(gift(10_000), goods(30))
    await office.published(entered + 3)
    await office.hears(accepted("M-1", 3_000))
    return await office.published(entered + 4)


async def test_a_new_year_begins_with_what_the_old_one_left(
    calendar: Calendar, house: House
) -> None:
    office = await open_office(house)
    before = await busy(office)
    assert before["log"].endswith("/2030")
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await close_and_carry(office.audit.runtime)
    said = await office.published(3)
    assert said["log"].endswith("/2031")
    assert said["closed"] == [{"log": before["log"], "size": 4}]
    assert (said["brought_forward_fen"], said["received_fen"]) == (10_000, 0)
    assert (said["outstanding_fen"], said["remaining_fen"]) == (3_000, 7_000)
    await office.hears(confirmed("M-1", 3_000), confirmed("M-2", 12, **GOODS), gift(1, "new"))
    said = await office.published(6)
    assert (said["disbursed_fen"], said["received_fen"]) == (3_000, 1)
    report = await office.verified(said)
    assert {book.outstanding_fen for book in report.books.commitments.values()} == {0}
    await frozen(office, before)


async def test_the_first_entry_of_a_year_turns_the_log_by_itself(
    calendar: Calendar, house: House
) -> None:
    office = await open_office(house)
    before = await busy(office)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await office.hears(confirmed("M-1", 3_000))
    said = await eventually(lambda: office.get("/summary"), lambda s: s["disbursed_fen"] == 3_000)
    assert said["log"].endswith("/2031")
    await close_and_carry(office.audit.runtime)
    said = await office.published(4)
    assert await _logs_of_funds(office) == {said["log"]}
    await office.verified(said)
    await frozen(office, before)


async def test_a_year_slept_through_while_carrying_breaks_no_chain(
    calendar: Calendar, house: House
) -> None:
    """2031 began with one fund; what the other had was carried only in 2032."""
    office = await open_office(house)
    await office.open_fund("TEA")
    await busy(office, 1)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    await office.hears(confirmed("M-1", 3_000))
    await eventually(lambda: office.get("/summary"), lambda s: s["disbursed_fen"] == 3_000)
    calendar.turn_to(NEW_YEAR + timedelta(days=400))
    await close_and_carry(office.audit.runtime)
    said = await office.published(3)
    origins = [*(each["log"] for each in said["closed"]), said["log"]]
    assert [origin[-5:] for origin in origins] == ["/2030", "/2031", "/2032"]
    before = None
    for origin in origins:
        logs = office.audit.runtime.extras
        if origin != said["log"]:
            await eventually(partial(_standing, office, origin), lambda one: one.frozen)
        before = verify_log(logs.directory(origin).path, logs.vkeys(origin), previous=before)
        assert before.ok, before.broken
        assert before.not_carried == ()


async def test_instances_that_carry_at_once_carry_everything_once(
    calendar: Calendar, house: House
) -> None:
    office = await open_office(house)
    await busy(office)
    another = await office.start_another()
    await office.hears(*(accepted(f"M-{n}", 10) for n in range(2, 60)))
    await office.published(4 + 58)
    calendar.turn_to(NEW_YEAR + timedelta(hours=1))
    for running in (office.audit, another, office.audit):
        await close_and_carry(running.runtime)
    said = await office.published(1 + 59 + 1)
    assert said["outstanding_fen"] == 3_000 + 580
    await office.verified(said)


async def test_nothing_happens_within_a_year(office: Office) -> None:
    before = await busy(office)
    await close_and_carry(office.audit.runtime)
    assert (await office.get("/summary"))["root"] == before["root"]


async def test_each_foundation_has_a_log_of_its_own(house: House) -> None:
    foundations = {"guanjia": "莞家", "chashan": "茶山镇慈善会"}
    office = await open_office(house, foundations=foundations)
    await office.open_fund()
    await office.open_fund("TEA", foundation="chashan")
    await office.hears(gift(100), gift(2_000, "gift-2", fund="TEA"))
    await office.hears(gift(30, "gift-3", fund="NONE"))
    said = await office.published(3)
    assert (said["received_fen"], [fund["id"] for fund in said["funds"]]) == (100, ["NEW-YEAR"])
    tea = await eventually(lambda: _foundation(office), lambda s: s["published"]["size"] == 2)
    assert (tea["name"], tea["received_fen"]) == ("茶山镇慈善会", 2_000)
    assert tea["log"] == said["log"].replace("/log/", "/log/chashan/")
    report = verify_log(tea["log_dir"], tea["vkey"])
    assert report.ok, report.broken
    await office.verified(said)


async def frozen(office: Office, before: dict[str, Any]) -> None:
    """The closed year's last checkpoint says so, and its files verify."""

    async def checkpoint() -> str:
        return str((await office.audit.http.get(f"{before['log_path']}/checkpoint")).text)

    await eventually(checkpoint, lambda text: "log frozen" in text.split("\n"))
    report = verify_log(before["log_dir"], before["vkey"])
    assert report.ok, report.broken
    assert report.entries == before["size"]


async def _standing(office: Office, origin: str) -> Any:
    return office.audit.runtime.extras.standing(origin)


async def _logs_of_funds(office: Office) -> set[str]:
    return {fund.log for fund in await mongo.find(office.audit.runtime.database, Fund, {})}


async def _foundation(office: Office) -> Any:
    return (await office.get("/summary"))["foundations"]["chashan"]
