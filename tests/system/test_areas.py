"""Everybody sees his own: towns, channels, partners, links."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from services.matching.model.match import Match
from shared import mongo
from shared.contracts.links import DELIVERY, PROPOSAL
from shared.runtime import Runtime
from shared.security import Role
from tests.matching.decisions import NO_CAPACITY, make_opened, make_submitted
from tests.matching.harness import give_mandate, name_donor
from tests.support.eventually import eventually
from tests.support.services import start
from tests.support.stack_harness import StackHarness

Headers = dict[str, str]

BODIES = {"decline": {"reason": NO_CAPACITY}, "confirm": {"evidence": "visit"}}
CHASHAN, SHILONG = "441900103", "441900101"


class Intake:
    """Intake before its doors open: two towns, two channels."""

    http: httpx.AsyncClient

    def __init__(self, stack: StackHarness) -> None:
        self.here = stack.bearer("here", Role.COLLECTOR, area=CHASHAN)
        self.there = stack.bearer("there", Role.COLLECTOR, area=SHILONG)
        self.judge_there = stack.bearer("judge", Role.APPROVER_TOWN, area=SHILONG)
        self.one = stack.bearer("one", Role.CHANNEL, source="/channels/one")
        self.two = stack.bearer("two", Role.CHANNEL, source="/channels/two")

    async def submit(self, who: Headers, key: str, town_code: str = CHASHAN) -> httpx.Response:
        request = {
            "kind": "wish",
            "category": "supplies",
            "beneficiary_class": "elderly_alone",
            "channel": "grid_worker",
            "need": {"unit": "fen", "quantity": 100_000},
            "area": {"town_code": town_code},
            "applicant": {"name": "陈秀英", "phone": "+8613800138000"},
        }
        headers = who | {"Idempotency-Key": key}
        return await self.http.post("/requests", json=request, headers=headers)

    async def post(self, path: str, who: Headers, body: Any = None) -> int:
        headers = who | {"Idempotency-Key": path.replace("/", "-")}
        return (await self.http.post(path, json=body, headers=headers)).status_code


@pytest_asyncio.fixture(loop_scope="session")
async def intake(stack: StackHarness) -> AsyncIterator[Intake]:
    intake = Intake(stack)
    intake.http = (await start(stack, "intake")).http
    yield intake


async def test_collector_sees_and_touches_his_own_town_alone(intake: Intake) -> None:
    submitted = await intake.submit(intake.here, "1")
    assert submitted.status_code == 201, submitted.text
    path = f"/requests/{submitted.json()['request_id']}"
    assert (await intake.http.get(path, headers=intake.here)).status_code == 200
    hidden = await intake.http.get(path, headers=intake.there)
    assert hidden.status_code == 404
    assert "陈秀英" not in hidden.text
    listed = (await intake.http.get("/requests", headers=intake.there)).json()
    assert listed["requests"] == []
    assert await intake.post(f"{path}/withdraw", intake.there) in (403, 404)
    assert await intake.post(f"{path}/approve", intake.judge_there) in (403, 404)
    declined = {"reason": "already_recorded"}
    assert await intake.post(f"{path}/decline", intake.judge_there, declined) in (403, 404)
    assert (await intake.http.get(path, headers=intake.here)).json()["state"] == "recorded"


async def test_collector_files_nothing_in_another_town(intake: Intake) -> None:
    answer = await intake.submit(intake.here, "1", town_code=SHILONG)
    assert answer.status_code == 403
    assert (await intake.http.get("/requests", headers=intake.there)).json()["requests"] == []


async def test_channel_sees_and_withdraws_what_it_brought_alone(intake: Intake) -> None:
    submitted = await intake.submit(intake.one, "1")
    path = f"/requests/{submitted.json()['request_id']}"
    assert (await intake.http.get(path, headers=intake.two)).status_code == 404
    assert await intake.post(f"{path}/withdraw", intake.two) in (403, 404)
    assert (await intake.http.get(path, headers=intake.one)).json()["state"] == "recorded"


async def test_channel_lists_what_it_sent_a_page_at_a_time(intake: Intake) -> None:
    sent = [(await intake.submit(intake.one, key)).json()["request_id"] for key in "123"]
    foreign = (await intake.submit(intake.two, "1")).json()["request_id"]

    async def list_from(after: str, headers: dict[str, str]) -> httpx.Response:
        params = {"limit": "2", "after": after}
        return await intake.http.get("/requests", params=params, headers=headers)

    first = (await list_from("", intake.one)).json()
    second = (await list_from(first["next"], intake.one)).json()
    listed = [*first["requests"], *second["requests"]]
    assert [row["request_id"] for row in listed] == sent
    assert second["next"] is None
    assert all(row["person_id"].startswith("PT-") for row in listed)
    assert "陈秀英" not in str(listed)
    assert (await list_from(foreign, intake.one)).status_code == 404
    wanted = await intake.http.get("/requests?with_text=true", headers=intake.one)
    assert wanted.status_code == 403


async def test_same_key_of_two_channels_is_two_requests(intake: Intake) -> None:
    """Nobody can answer, or take, another's idempotency key."""
    first = await intake.submit(intake.one, "same")
    second = await intake.submit(intake.two, "same")
    assert first.json()["request_id"] != second.json()["request_id"]


class Proposal:
    """A running matching with a proposal for SHILONG, out of a partner's offer."""

    http: httpx.AsyncClient
    runtime: Runtime
    match: Match

    def __init__(self, stack: StackHarness) -> None:
        self.stack = stack
        self.partner = stack.bearer("partner", Role.DONOR_PARTNER, source="/partners/one")
        self.rival = stack.bearer("rival", Role.DONOR_PARTNER, source="/partners/two")
        self.insiders = {
            "partner": self.partner,
            "collector": stack.bearer("shilong", Role.COLLECTOR, area=SHILONG),
            "auditor": stack.bearer("auditor", Role.AUDITOR),
        }
        self.outsiders = {
            "rival": self.rival,
            "another town": stack.bearer("chashan", Role.COLLECTOR, area=CHASHAN),
            "another village": stack.bearer("village", Role.APPROVER_VILLAGE, area=f"{SHILONG}999"),
        }

    async def made(self) -> "Proposal":
        running = await start(self.stack, "matching", round_interval_ms=20)
        self.http, self.runtime = running.http, running.runtime
        submitted = make_submitted(quantity=100)
        await give_mandate(self.runtime.database, submitted)
        submitted = name_donor(self.stack, "/partners/one", submitted)
        offer = submitted.model_dump(mode="json", exclude_none=True)
        assert await self.post("/offers", self.partner, offer) == 201
        await self.stack.publish(self.stack.own("/intake", "R-1", 1, make_opened("r", 50)))
        [self.match] = await eventually(self.matches, bool)
        assert self.match.town_code == SHILONG
        return self

    async def matches(self) -> list[Match]:
        return await mongo.find(self.runtime.database, Match, {})

    async def link(self, purpose: str) -> str:
        later = await self.runtime.processor.now() + timedelta(days=1)
        return self.stack.keyring.make_link(purpose, self.match.id, later)

    async def post(self, path: str, who: Headers, body: Any = None) -> int:
        headers = who | {"Idempotency-Key": path.replace("/", "-")}
        return (await self.http.post(path, json=body, headers=headers)).status_code


@pytest_asyncio.fixture(loop_scope="session")
async def proposal(stack: StackHarness) -> Proposal:
    return await Proposal(stack).made()


async def test_match_is_seen_in_its_town_and_by_its_partner_alone(proposal: Proposal) -> None:
    path = f"/matches/{proposal.match.id}"
    for name, who in proposal.insiders.items():
        assert (await proposal.http.get(path, headers=who)).status_code == 200, name
        assert len((await proposal.http.get("/matches", headers=who)).json()["matches"]) == 1
    for name, who in proposal.outsiders.items():
        assert (await proposal.http.get(path, headers=who)).status_code == 404, name
        assert (await proposal.http.get("/matches", headers=who)).json()["matches"] == [], name
        for verb in ("accept", "decline", "deliver", "confirm"):
            status = await proposal.post(f"{path}/{verb}", who, BODIES.get(verb))
            assert status in (403, 404), (name, verb)
    assert [match.state for match in await proposal.matches()] == ["proposed"]


async def test_rival_partner_neither_sees_nor_withdraws_an_offer(proposal: Proposal) -> None:
    path = f"/offers/{proposal.match.offer_id}"
    assert (await proposal.http.get(path, headers=proposal.rival)).status_code == 404
    assert await proposal.post(f"{path}/withdraw", proposal.rival) in (403, 404)


async def test_link_of_one_purpose_opens_no_other(proposal: Proposal) -> None:
    """Who is asked to give cannot say that it arrived, and who receives cannot give."""
    opened_by = {PROPOSAL.purpose: "/d", DELIVERY.purpose: "/c"}
    for purpose in (PROPOSAL.purpose, DELIVERY.purpose, "request", ""):
        token = await proposal.link(purpose)
        for right, place in opened_by.items():
            status = (await proposal.http.get(f"{place}/{token}")).status_code
            assert status == (200 if purpose == right else 401), (purpose, place)
    donor = await proposal.link(PROPOSAL.purpose)
    assert (await proposal.http.post(f"/c/{donor}/confirm")).status_code == 401
    applicant = await proposal.link(DELIVERY.purpose)
    assert (await proposal.http.post(f"/d/{applicant}/accept")).status_code == 401
    assert [match.state for match in await proposal.matches()] == ["proposed"]
