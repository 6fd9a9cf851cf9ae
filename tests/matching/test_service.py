"""The service on a real broker and database: rounds, links, partners, races."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.matching.main import create_app
from services.matching.model.match import Match, Propose
from services.matching.model.match_id import match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.round import Round
from services.matching.settings import MatchingSettings
from services.matching.solver.interface import Inputs, digest, read, solution_digest, written
from services.matching.solver.priority import PriorityOrder
from services.matching.store import open_need, open_offer
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import LedgerCommitted, LedgerRefused, ReplyUnderstood
from shared.messaging.decision import Answer, Command
from shared.security import Role
from tests.matching.deciding import (
    FUND,
    NOW,
    Desk,
    ledger,
    opened,
    person_id,
    request_id,
    submitted_offer,
)
from tests.support.eventually import eventually
from tests.support.house import House, Running

SECOND = timedelta(seconds=1)


async def started(house: House, **given: Any) -> Running:
    settings = house.settings(MatchingSettings, round_interval_ms=20, due_poll_ms=50, **given)
    return await house.start_app(create_app(settings))


class Office:
    """Staff, a partner and the other services, as matching hears of them."""

    def __init__(self, house: House, running: Running) -> None:
        self.house = house
        self.http = running.http
        self.database = running.runtime.database
        self.operator = house.bearer("op", Role.OPERATOR)
        self.sequences: dict[str, int] = {}

    async def offer(self, key: str = "a", **more: Any) -> str:
        body = submitted_offer(**more).model_dump(mode="json", exclude_none=True)
        answer = await self.post("/offers", key, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["offer_id"])

    async def post(self, path: str, key: str, body: Any = None) -> httpx.Response:
        return await self.http.post(
            path, json=body, headers=self.operator | {"Idempotency-Key": key}
        )

    async def opens(self, *names: str, quantity: int = 50, **more: Any) -> None:
        await self.house.publish(
            *(
                self.house.own("/intake", request_id(name), 1, opened(name, quantity, **more))
                for name in names
            )
        )

    async def audit_says(self, match: str, fact: LedgerCommitted | LedgerRefused) -> None:
        await self.house.publish(self.house.own("/audit", match, 1, fact))

    async def matches(self, count: int, state: str) -> list[Match]:
        async def look() -> list[Match]:
            return await mongo.find(self.database, Match, {"state": state})

        return await eventually(look, lambda found: len(found) >= count)

    async def loaded(self, id_: str, state: str) -> Match:
        async def look() -> Match | None:
            return await mongo.load(self.database, Match, id_)

        found = await eventually(look, lambda match: match is not None and match.state == state)
        assert found is not None
        return found


async def test_money_goes_from_need_to_confirmed(house: House) -> None:
    office = Office(house, await started(house))
    await office.offer(fund_id=FUND)
    await office.opens("r")
    [proposal] = await office.matches(1, "proposed")
    assert (proposal.quantity, proposal.correlation_id) == (50, "C-1")
    path = f"/matches/{proposal.id}"
    assert (await office.post(f"{path}/accept", "1")).json()["state"] == "accepted"
    await office.audit_says(proposal.id, ledger(LedgerCommitted, 50))
    await office.loaded(proposal.id, "committed")
    assert (await office.post("/matches/deliver", "2", {"match_ids": [proposal.id]})).json()[
        "answers"
    ] == [
        {
            "match_id": proposal.id,
            "status": 200,
            "state": "delivered",
            "unit": "fen",
            "quantity": 50,
            "item": "",
        }
    ]
    reply = ReplyUnderstood(person_id=person_id("r"), meaning="received", match_id=proposal.id)
    await house.publish(house.own("/intake", "reply-1", 1, reply))
    await office.loaded(proposal.id, "confirmed")
    told = await eventually(lambda: house.read(topics.MATCHES), lambda events: len(events) >= 5)
    told.sort(key=lambda event: int(event["sequence"]))
    assert [event["type"].split(".")[2] for event in told] == [
        "proposed",
        "accepted",
        "committed",
        "delivered",
        "confirmed",
    ]
    summary = (await office.http.get("/summary", headers=office.operator)).json()
    assert summary["matches"]["by_state"] == {"confirmed": 1}
    assert summary["offers"]["by_unit"]["fen"]["open"] == {
        "count": 1,
        "quantity": 100,
        "reserved": 0,
        "delivered": 50,
        "free": 50,
    }


async def test_declined_and_expired_go_to_others_and_never_back(house: House) -> None:
    office = Office(house, await started(house, proposal_lifetime_s=0.5))
    offers = {await office.offer(name) for name in ("a", "b")}
    await office.opens("r")
    [first] = await office.matches(1, "proposed")
    await office.post(f"/matches/{first.id}/decline", "1", {"reason": "没有余力"})
    [second] = await office.matches(1, "expired")
    assert {first.offer_id, second.offer_id} == offers
    need = await mongo.load(office.database, Need, request_id("r"))
    assert need is not None
    assert (need.remaining, set(need.excluded_offers)) == (50, offers)


async def test_refused_by_the_fund_looks_again_elsewhere(house: House) -> None:
    office = Office(house, await started(house))
    for name in ("a", "b"):
        await office.offer(name, fund_id=FUND)
    await office.opens("r")
    [first] = await office.matches(1, "proposed")
    await office.post(f"/matches/{first.id}/accept", "1")
    await office.audit_says(first.id, ledger(LedgerRefused, 50))
    [second] = await office.matches(1, "proposed")
    assert second.offer_id != first.offer_id


async def test_withdrawn_offer_releases_its_proposals(house: House) -> None:
    office = Office(house, await started(house))
    offer = await office.offer()
    await office.opens("r")
    [match] = await office.matches(1, "proposed")
    await office.post(f"/offers/{offer}/withdraw", "w")
    released = await office.loaded(match.id, "released")
    assert released.reason == "offer_withdrawn"


async def test_recorded_round_is_solved_again_to_the_same_solution(house: House) -> None:
    office = Office(house, await started(house))
    await office.offer()
    await office.opens("r1", "r2")
    await office.matches(2, "proposed")

    async def look() -> list[Round]:
        return await mongo.find(office.database, Round, {"state": {"$ne": "done"}})

    await eventually(look, lambda undone: not undone)
    for held in await mongo.find(office.database, Round, {}):
        assert digest(held.inputs) == held.input_hash
        again = PriorityOrder().solve(read(held.inputs))
        assert again == held.allocations
        assert solution_digest(again) == held.solution_hash


async def test_round_of_a_dead_instance_is_taken_over(house: House) -> None:
    database = mongo.connect(house.mongod.mongo_uri, f"{house.prefix}_matching")
    desk = Desk()
    offer, need = desk.get(Offer, desk.offer()), desk.get(Need, desk.need())
    inputs = written(Inputs((open_need(need),), (open_offer(offer),)))
    left = Round(
        id="city-1", pool="city", number=1, closed_at=NOW, inputs=inputs, input_hash=digest(inputs)
    )
    for state in (offer, need, left):
        document = mongo.to_document(state) | {"_version": 1, "_emitted": 0}
        await database[state.COLLECTION].insert_one(document)
    office = Office(house, await started(house))
    [match] = await office.matches(1, "proposed")
    assert (match.offer_id, match.quantity) == (offer.id, 50)
    held = await mongo.load(database, Round, "city-1")
    assert held is not None
    assert held.state == "done"
    assert held.solver == "priority_order"


async def test_links_answer_for_donor_and_applicant_and_show_nobody(house: House) -> None:
    running = await started(house)
    office = Office(house, running)
    await office.offer(unit="袋", item="大米", quantity=3)
    await office.opens("r", quantity=2, unit="袋", item="大米")
    [match] = await office.matches(1, "proposed")
    expires_at = await running.runtime.processor.now() + 60 * SECOND
    link = house.keyring.make_link("match.donor", match.id, expires_at)
    page = await office.http.get(f"/d/{link}")
    assert page.status_code == 200
    assert "大米 2 袋" in page.text
    assert match.person_id not in page.text
    for _ in range(2):
        accepted = await office.http.post(f"/d/{link}/accept")
        assert (accepted.status_code, accepted.json()["state"]) == (200, "committed")
    browser = await office.http.post(
        f"/d/{link}/decline", data={"reason": "不需要"}, headers={"Accept": "text/html"}
    )
    assert browser.status_code == 409
    await office.post(f"/matches/{match.id}/deliver", "1")
    assert (await office.http.post(f"/c/{link}/confirm")).status_code == 401
    own = house.keyring.make_link("match.applicant", match.id, expires_at)
    assert "确认收到" in (await office.http.get(f"/c/{own}")).text
    confirmed = await office.http.post(f"/c/{own}/confirm", headers={"Accept": "text/html"})
    assert "已确认收到" in confirmed.text
    assert "链接无效" in (await office.http.get("/d/x", headers={"Accept": "text/html"})).text
    odd = await office.post("/matches/not%20an%20id/accept", "odd")
    assert odd.status_code == 422
    late = house.keyring.make_link("match.donor", match.id, expires_at - 61 * SECOND)
    assert (await office.http.get(f"/d/{late}")).status_code == 401


async def test_partner_sees_and_answers_for_his_own_offers_only(house: House) -> None:
    office = Office(house, await started(house))
    mine = house.bearer("mine", Role.DONOR_PARTNER, source="/partners/mine")
    other = house.bearer("other", Role.DONOR_PARTNER, source="/partners/other")
    await house.publish(house.foreign("/partners/mine", "offer-1", submitted_offer()))
    await office.opens("r")
    [match] = await office.matches(1, "proposed")
    path = f"/matches/{match.id}"
    assert (await office.http.get(path, headers=other)).status_code == 404
    assert (await office.http.get("/matches", headers=other)).json()["matches"] == []
    assert (await office.http.get(f"/offers/{match.offer_id}", headers=other)).status_code == 404
    refused = await office.http.post(f"{path}/accept", headers=other | {"Idempotency-Key": "1"})
    assert refused.status_code == 404
    accepted = await office.http.post(f"{path}/accept", headers=mine | {"Idempotency-Key": "1"})
    assert accepted.json()["state"] == "accepted"
    confirmed = await office.http.post(f"{path}/confirm", headers=mine | {"Idempotency-Key": "2"})
    assert confirmed.status_code == 403


async def test_batch_of_offers_says_row_by_row_what_is_wrong(house: House) -> None:
    office = Office(house, await started(house))
    good = submitted_offer().model_dump(mode="json", exclude_none=True)
    rows = [
        {"idempotency_key": "1", "offer": good},
        {"idempotency_key": "2", "offer": good | {"quantity": 0}},
        {"idempotency_key": "3", "offer": good | {"valid_until": "2020-01-01T00:00:00Z"}},
        {"idempotency_key": "1", "offer": good},
    ]
    answer = await office.http.post("/offers/batch", json=rows, headers=office.operator)
    results = answer.json()["answers"]
    assert [r["status"] for r in results] == [201, 422, 422, 201]
    assert [r["problems"][0]["field"] for r in results[1:3]] == ["quantity", "valid_until"]
    assert results[0]["offer_id"] == results[3]["offer_id"]


async def test_nobody_comes_in_without_a_credential(house: House) -> None:
    office = Office(house, await started(house))
    for path in ("/offers/O-1", "/matches", "/matches/M-1", "/summary"):
        assert (await office.http.get(path)).status_code == 401
    for path in ("/offers", "/offers/batch", "/matches/M-1/accept", "/matches/deliver"):
        assert (await office.http.post(path, json={})).status_code == 401
    assert (await office.http.get("/d/nonsense")).status_code == 401


@pytest.mark.timeout(180)
async def test_two_instances_racing_for_one_offer_never_overcommit(house: House) -> None:
    """Sixty proposals of 5 race for an offer of 100 through two instances at once."""
    one, two = [await started(house), await started(house)]
    office = Office(house, one)
    names = [f"r{n}" for n in range(60)]
    await office.opens(*names, quantity=5)
    waiting = await eventually(
        lambda: mongo.find(office.database, Need, {}), lambda found: len(found) == len(names)
    )
    offer = await office.offer()

    async def race(running: Running, needs: list[Need]) -> list[Answer | Exception]:
        return await running.runtime.processor.execute_many(
            [
                Command(
                    Propose(request_id=need.id, offer_id=offer, number=1, quantity=5, lifetime_s=60)
                )
                for need in needs
            ]
        )

    await asyncio.gather(
        *(race(one, waiting[n : n + 6]) for n in range(0, 60, 6)),
        *(race(two, waiting[n : n + 6]) for n in range(0, 60, 6)),
    )
    matches = await office.matches(20, "proposed")
    assert sum(match.quantity for match in matches) == 100
    found = await mongo.load(office.database, Offer, offer)
    assert found is not None
    assert (found.reserved, found.free) == (100, 0)
    needs = await mongo.find(office.database, Need, {})
    reserved = {id_ for need in needs for id_ in need.matches}
    assert reserved == {match.id for match in matches}
    assert all(match.id == match_id(match.request_id, offer, 1) for match in matches)


async def test_two_instances_hold_rounds_without_proposing_twice(house: House) -> None:
    instances = [await started(house), await started(house)]
    office = Office(house, instances[0])
    for name in ("a", "b", "c"):
        await office.offer(name, quantity=1000)
    await office.opens(*(f"r{n}" for n in range(40)), quantity=50)
    matches = await office.matches(40, "proposed")
    assert len(matches) == 40
    assert len({match.request_id for match in matches}) == 40
    rounds = await mongo.find(office.database, Round, {}, sort=[("number", 1)])
    assert [held.number for held in rounds] == list(range(1, len(rounds) + 1))
    spread = [offer.reserved for offer in await mongo.find(office.database, Offer, {})]
    assert max(spread) - min(spread) <= 50
