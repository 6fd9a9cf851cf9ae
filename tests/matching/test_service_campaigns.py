"""Campaigns, emergencies and the year's selection, as the city's staff read them."""

import asyncio
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest

from services.matching.cli.reports import format_campaign
from services.matching.model.campaign import Campaign, Emergency
from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import Match, Propose
from services.matching.model.need import Need
from services.matching.rounds.pool import OpenPool
from services.matching.solver.weights import Weights
from shared import mongo
from shared.contracts.events import (
    EmergencyDeclared,
    LedgerCommitted,
    RequestClosed,
    RequestOpened,
)
from shared.contracts.values import CHINA, Category
from shared.messaging.decision import Command
from shared.security import Role
from tests.matching.decisions import (
    FUND,
    NO_CAPACITY,
    NOW,
    DecisionHarness,
    is_nobody_gone,
    make_ledger_answer,
    make_opened,
    person_id,
    request_id,
)
from tests.matching.harness import MatchingHarness, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness

DAY = timedelta(days=1)
TOWNS = {"r1": "441900101", "r2": "441900102", "r3": "441900103"}


class City(MatchingHarness):
    """The city's approver beside the operator; a town's, who may less."""

    def __init__(self, stack: StackHarness, running: RunningService) -> None:
        super().__init__(stack, running)
        self.city = stack.bearer("city", Role.APPROVER_CITY)
        self.town = stack.bearer("town", Role.APPROVER_CITY, area="441900101")
        self.collector = stack.bearer("collector", Role.COLLECTOR)

    async def now(self) -> datetime:
        return await self.runtime.processor.now()

    async def says(
        self, path: str, body: Any = None, key: str = "1", who: dict[str, str] | None = None
    ) -> httpx.Response:
        headers = (who or self.city) | {"Idempotency-Key": f"{path}-{key}"}
        return await self.http.post(path, json=body, headers=headers)

    async def campaign(self, **changed: Any) -> httpx.Response:
        now = await self.now()
        body: dict[str, Any] = {
            "campaign_id": "warm",
            "name": "暖“留”行动",
            "starts_at": (now - DAY).isoformat(),
            "ends_at": (now + 10 * DAY).isoformat(),
            "budget_fen": 120,
            "criteria": {"beneficiary_classes": ["subsistence"]},
            "donor_ids": ["P-donor"],
        }
        return await self.says("/campaigns", body | changed)

    async def opens_now(self, *names: str, quantity: int = 50) -> None:
        """In towns of their own, recorded now."""
        now = await self.now()
        facts = [
            (request_id(name), _make_opened_in(name, quantity, TOWNS[name], now)) for name in names
        ]
        await self.stack.publish(*(self.stack.own("/intake", id_, 1, f) for id_, f in facts))

    async def complete_match(self, match: Match) -> None:
        """To the end: paid, delivered, confirmed, the request closed."""
        await self.post(f"/matches/{match.id}/accept", f"accept-{match.id}")
        await self.publish_ledger_answer(
            match.id, make_ledger_answer(LedgerCommitted, match.quantity)
        )
        await self.wait_for_match(match.id, "committed")
        await self.post(f"/matches/{match.id}/deliver", f"deliver-{match.id}")
        await self.says(f"/matches/{match.id}/confirm", {"evidence": "visit"}, who=self.collector)
        closed = RequestClosed(person_id=match.person_id)
        await self.stack.publish(self.stack.own("/intake", match.request_id, 2, closed))

        async def look() -> Need | None:
            return await mongo.load(self.database, Need, match.request_id)

        await eventually(look, lambda need: need is not None and need.state == "closed")

    async def read(self, path: str) -> Any:
        answer = await self.http.get(path, headers=self.city)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def download(self, path: str) -> list[tuple[object, ...]]:
        """The rows of the first sheet."""
        answer = await self.http.get(path, headers=self.city)
        assert answer.status_code == 200, answer.text
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
        return [tuple(cell.value for cell in row if cell.value is not None) for row in sheet.rows]


def _make_opened_in(name: str, quantity: int, town: str, now: datetime) -> RequestOpened:
    changed = {"area": {"town_code": town}, "recorded_at": now}
    fields = make_opened(name, quantity).model_dump(mode="json")
    return RequestOpened.model_validate(fields | changed)


async def test_campaign_gives_within_its_budget_and_reports_it(stack: StackHarness) -> None:
    city = City(stack, await start_matching(stack))
    created = await city.campaign()
    assert created.status_code == 201, created.text
    await city.register_offer(fund_id=FUND, campaign_id="warm", quantity=500)
    await city.opens_now("r1", "r2", "r3")
    first, second, third = sorted(
        await city.wait_for_matches(3, "proposed"), key=lambda m: -m.quantity
    )
    assert [first.quantity, second.quantity, third.quantity] == [50, 50, 20]
    await city.complete_match(first)
    told = await city.read("/campaigns/warm/report")
    assert told["requests"]["by_state"] == {"closed": 1, "open": 2}
    assert told["requests"]["by_class"] == {"subsistence": 3}
    assert told["donors"] == {"joined": 1, "pledged": 1, "giving": 1}
    assert told["days"] == {"total": 11, "passed": 2, "left": 9}
    assert told["money"] == {
        "budget_fen": 120,
        "budget_left_fen": 0,
        "pledged_fen": 500,
        "reserved_fen": 70,
        "delivered_fen": 0,
        "confirmed_fen": 50,
        "reopened_fen": 0,
    }
    sheet = await city.download("/campaigns/warm/report.xlsx")
    assert (("预算（元）", 1.2) in sheet, ("资金：已确认收到（元）", 0.5) in sheet) == (True, True)
    ends_at = datetime.fromisoformat(told["campaign"]["ends_at"]) - timedelta(microseconds=1)
    last_day = datetime.combine(ends_at.astimezone(CHINA), datetime.min.time())
    assert ("结束", last_day) in sheet, "a cell of a day, no text"
    assert "诉求 requests 3: 已完结 closed 1 · 对接中 open 2" in format_campaign(told)
    [listed] = (await city.read("/campaigns"))["campaigns"]
    assert (listed["id"], listed["on"], listed["budget_left_fen"]) == ("warm", True, 0)
    assert listed["fund_ids"] == [FUND]
    await city.post(f"/matches/{second.id}/decline", "no", {"reason": NO_CAPACITY})

    async def read_budget_left() -> int:
        return int((await city.read("/campaigns/warm/report"))["money"]["budget_left_fen"])

    # what was declined goes to the one that got too little, once its first part is answered
    await city.post(f"/matches/{third.id}/accept", "yes")
    await eventually(read_budget_left, lambda fen: fen == 20)
    await city.says(
        f"/matches/{first.id}/reopen", {"reason": REOPEN_REASONS[0]}, who=city.collector
    )
    decisions = await city.read(f"/matches/{first.id}")
    assert (decisions["state_zh"], "冲正" in decisions["finance"]["zh"]) == (
        "未到位，重新对接",
        True,
    )
    told = await city.read("/campaigns/warm/report")
    assert (told["money"]["reopened_fen"], told["money"]["budget_left_fen"]) == (50, 20)


async def test_campaign_is_the_citys_and_others_join_what_it_made(stack: StackHarness) -> None:
    city = City(stack, await start_matching(stack))
    assert (await city.says("/campaigns", {}, who=city.operator)).status_code == 403
    assert (await city.says("/campaigns", {"campaign_id": "warm"})).status_code == 422
    await city.campaign(criteria=None)
    donors = {"donor_ids": ["P-other"]}
    assert (await city.says("/campaigns/warm/donors", donors, who=city.town)).status_code == 403
    joined = await city.says("/campaigns/warm/donors", donors)
    assert joined.json()["donors"] == 2
    await city.opens_now("r1")
    await city.register_offer(fund_id=FUND, campaign_id="warm", donor_id="P-other")

    async def join() -> httpx.Response:
        ids = {"request_ids": [request_id("r1")]}
        return await city.says("/campaigns/warm/requests", ids, key=uuid4().hex)

    await eventually(join, lambda answer: answer.status_code == 200)
    [match] = await city.wait_for_matches(1, "proposed")
    assert match.campaign_id == "warm"
    assert (await city.says("/campaigns/warm/end")).status_code == 200
    assert (await city.says("/campaigns/none/end")).status_code == 404
    unknown = await city.http.get("/campaigns/none/report", headers=city.city)
    assert unknown.status_code == 404
    await check_earlier_emergency(city)


async def check_earlier_emergency(city: City) -> None:
    """Of a release before: two of the whole city end it, and a partner reads no staff number."""
    now = await city.now()
    earlier = Emergency(
        id="E-old",
        town_codes=(TOWNS["r1"],),
        lift=1,
        starts_at=now - DAY,
        ends_at=now + DAY,
        reason="台风后抢修",
        declared_by="s-declarer",
    )
    await city.database["emergencies"].insert_one(
        mongo.to_document(earlier) | {"_version": 1, "_emitted": 0}
    )
    second = city.stack.bearer("second", Role.APPROVER_CITY)
    same = city.stack.bearer("city-again", Role.APPROVER_CITY, holder="city")
    path = "/emergencies/E-old"
    assert (await city.says(f"{path}/ending", who=city.town)).status_code == 403
    assert (await city.says(f"{path}/ending")).status_code == 202

    async def end_by_the_same() -> int:
        return (await city.says(f"{path}/end", key=uuid4().hex, who=same)).status_code

    assert await eventually(end_by_the_same, lambda status: status != 401) == 409
    assert (await city.says(f"{path}/end")).status_code == 409
    assert (await city.says(f"{path}/end", who=second)).json()["state"] == "ended"
    by_partner = (await city.http.get("/emergencies", headers=city.giver)).text
    by_staff = (await city.http.get("/emergencies", headers=city.city)).text
    for words in ("s-declarer", '"ended_by":"second"', "台风后抢修"):
        assert (words in by_partner, words in by_staff) == (False, True), words


@pytest.mark.timeout(180)
async def test_two_instances_racing_for_one_budget_never_exceed_it(stack: StackHarness) -> None:
    """Two offers of plenty, forty proposals of 5 fen, a budget of 100 fen."""
    one, two = await start_matching(stack), await start_matching(stack)
    city = City(stack, one)
    await city.campaign(budget_fen=100, donor_ids=["P-a", "P-b"])
    names = [f"r{n}" for n in range(40)]
    now = await city.now()
    facts = [_make_opened_in(name, 5, TOWNS["r1"], now) for name in names]
    await stack.publish(
        *(
            stack.own("/intake", request_id(n), 1, fact)
            for n, fact in zip(names, facts, strict=True)
        )
    )

    async def needs() -> list[Need]:
        return await mongo.find(city.database, Need, {})

    waiting = await eventually(needs, lambda found: len(found) == len(names))
    offers = [
        await city.register_offer(
            donor, donor_id=f"P-{donor}", fund_id=FUND, campaign_id="warm", quantity=1000
        )
        for donor in "ab"
    ]

    async def race(running: RunningService, part: list[Need], offer: str) -> None:
        await running.runtime.processor.execute_many(
            [
                Command(
                    Propose(request_id=n.id, offer_id=offer, number=1, quantity=5, lifetime_s=60)
                )
                for n in part
            ]
        )

    await asyncio.gather(
        *(race(one, waiting[n : n + 4], offers[0]) for n in range(0, 40, 4)),
        *(race(two, waiting[n : n + 4], offers[1]) for n in range(0, 40, 4)),
    )

    async def read_held() -> int:
        campaign = await mongo.load(city.database, Campaign, "warm")
        return campaign.held_fen if campaign else 0

    await eventually(read_held, lambda fen: fen == 100)
    matches = await mongo.find(city.database, Match, {"state": "proposed"})
    assert sum(match.quantity for match in matches) == 100


async def test_needs_of_an_emergency_area_come_first_while_it_is_on(stack: StackHarness) -> None:
    database = mongo.connect(stack.mongod.mongo_uri, f"{stack.prefix}_matching")
    decisions = DecisionHarness()
    decisions.offer(quantity=500)
    for hour, name in enumerate(TOWNS):
        opened = _make_opened_in(name, 50, TOWNS[name], NOW + timedelta(hours=hour))
        decisions.event(request_id(name), opened)
    fact = EmergencyDeclared(
        area_codes=(TOWNS["r3"],),
        cause="epidemic",
        lift=1,
        starts_at=NOW,
        ends_at=NOW + DAY,
        proposed_by="c-1",
        confirmed_by="c-2",
    )
    decisions.event("E-1", fact)
    others = {"area_codes": (TOWNS["r1"],), "categories": (Category.STREET_RESCUE,), "lift": 2}
    decisions.event("E-2", fact.model_copy(update=others))
    for state in decisions.states.values():
        document = mongo.to_document(state) | {"_version": 1, "_emitted": 0}
        await database[state.COLLECTION].insert_one(document)

    async def first(now: datetime, count: int) -> list[tuple[str, int]]:
        pool = await OpenPool(database, Weights(), timedelta(days=7), is_nobody_gone).read_whole(
            now, count
        )
        return [(need.id, need.tier) for need in pool.needs]

    r1, r2, r3 = (request_id(name) for name in TOWNS)
    assert await first(NOW, 1) == [(r3, 0)]
    assert await first(NOW, 3) == [(r3, 0), (r1, 1), (r2, 1)]
    assert await first(NOW + DAY, 2) == [(r1, 1), (r2, 1)]


async def test_years_selection_ranks_what_was_completed_in_it(stack: StackHarness) -> None:
    city = City(stack, await start_matching(stack))
    await city.register_offer(fund_id=FUND, quantity=500)
    await city.opens_now("r1", "r2", "r3")
    matches = {match.request_id: match for match in await city.wait_for_matches(3, "proposed")}
    for name in ("r1", "r2"):
        await city.complete_match(matches[request_id(name)])
    rated = matches[request_id("r2")]
    await city.says(f"/matches/{rated.id}/rate", {"stars": 5}, who=city.collector)
    year = (await city.now() + timedelta(hours=8)).year
    found = await city.read(f"/selection?year={year}")
    assert [row["request_id"] for row in found["wish"]] == [request_id("r2"), request_id("r1")]
    assert [row["score"] for row in found["wish"]] == [6400, 4800]
    assert found["project"] == []
    rows = await city.download(f"/selection.xlsx?year={year}")
    assert [row[5] for row in rows[1:]] == [64, 48]
    assert person_id("r1") not in str(found)
    assert (await city.read(f"/selection?year={year - 1}"))["wish"] == []
    best = await city.read(f"/selection?year={year}&kind=wish&top=1")
    assert [row["rank"] for row in best["wish"]] == [1]
    assert "project" not in best
