"""The service on a real broker and database: links, partners, races."""

import asyncio
import json
from collections.abc import Collection
from typing import Any

import httpx
import pytest

from services.matching.model.labels import REOPEN_REASONS
from services.matching.model.match import Match, Propose
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts import topics
from shared.contracts.events import LedgerCommitted, LedgerRefused, ReplyUnderstood
from shared.messaging.decision import Answer, Command
from shared.persons_client import PersonsClient
from shared.security import Role
from tests.matching.decisions import (
    FUND,
    NO_CAPACITY,
    make_ledger_answer,
    make_submitted,
    person_id,
    request_id,
)
from tests.matching.harness import (
    SECOND,
    MatchingHarness,
    give_mandate,
    name_donor,
    start_matching,
)
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness


class KnownDonors(PersonsClient):
    """Intake's answer to who is registered."""

    def __init__(self, *person_ids: str) -> None:
        self._known = frozenset(person_ids)

    async def find_unknown(self, person_ids: Collection[str]) -> frozenset[str]:
        return frozenset(person_ids) - self._known


async def test_money_goes_from_need_to_confirmed(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await harness.register_offer(fund_id=FUND)
    await harness.publish_requests("r")
    [proposal] = await harness.wait_for_matches(1, "proposed")
    assert (proposal.quantity, proposal.correlation_id) == (50, "C-1")
    path = f"/matches/{proposal.id}"
    assert (await harness.post(f"{path}/accept", "1")).json()["state"] == "accepted"
    await harness.publish_ledger_answer(proposal.id, make_ledger_answer(LedgerCommitted, 50))
    await harness.wait_for_match(proposal.id, "committed")
    assert (await harness.post("/matches/deliver", "2", {"match_ids": [proposal.id]})).json()[
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
    await stack.publish(stack.own("/intake", "reply-1", 1, reply))
    await harness.wait_for_match(proposal.id, "confirmed")
    told = await eventually(lambda: stack.read(topics.MATCHES), lambda events: len(events) >= 5)
    told.sort(key=lambda event: int(event["sequence"]))
    assert [event["type"].split(".")[2] for event in told] == [
        "proposed",
        "accepted",
        "committed",
        "delivered",
        "confirmed",
    ]
    summary = (await harness.http.get("/summary", headers=harness.operator)).json()
    assert summary["matches"]["by_state"] == {"confirmed": 1}
    assert summary["offers"]["by_unit"]["fen"]["open"] == {
        "count": 1,
        "quantity": 100,
        "reserved": 0,
        "delivered": 50,
        "free": 50,
    }


async def test_declined_never_comes_back_and_silence_is_asked_again_after_others(
    stack: StackHarness,
) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    offers = {await harness.register_offer(name, donor_id=f"P-{name}") for name in ("a", "b")}
    await harness.publish_requests("r")
    [first] = await harness.wait_for_matches(1, "proposed")
    await harness.post(f"/matches/{first.id}/decline", "1", {"reason": NO_CAPACITY})
    [second] = await harness.wait_for_matches(1, "proposed")
    await harness.pass_deadline(second)
    await harness.wait_for_match(second.id, "expired")
    assert {first.offer_id, second.offer_id} == offers
    need = await mongo.load(harness.database, Need, request_id("r"))
    assert need is not None
    assert need.excluded_donors == (first.donor_id,)
    [third] = await harness.wait_for_matches(1, "proposed")
    assert third.offer_id == second.offer_id, "nobody else can serve it"


async def test_donor_of_two_offers_who_declined_is_asked_no_more(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    for name in ("a", "b"):
        await harness.register_offer(name)
    await harness.publish_requests("r")
    [first] = await harness.wait_for_matches(1, "proposed")
    await harness.post(f"/matches/{first.id}/decline", "1", {"reason": NO_CAPACITY})
    await harness.register_offer("c", donor_id="P-other")
    [second] = await harness.wait_for_matches(1, "proposed")
    assert second.donor_id == "P-other"


async def test_refused_by_the_fund_looks_again_elsewhere(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    for name in ("a", "b"):
        await harness.register_offer(name, fund_id=FUND, donor_id=f"P-{name}")
    await harness.publish_requests("r")
    [first] = await harness.wait_for_matches(1, "proposed")
    await harness.post(f"/matches/{first.id}/accept", "1")
    await harness.publish_ledger_answer(first.id, make_ledger_answer(LedgerRefused, 50))
    await harness.wait_for_match(first.id, "released")
    other = await harness.register_offer("c", fund_id="fund-2")
    [second] = await harness.wait_for_matches(1, "proposed")
    assert second.offer_id == other, "not the other offer of the fund that cannot pay"


async def test_withdrawn_offer_releases_its_proposals(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    offer = await harness.register_offer()
    await harness.publish_requests("r")
    [match] = await harness.wait_for_matches(1, "proposed")
    await harness.post(f"/offers/{offer}/withdraw", "w")
    released = await harness.wait_for_match(match.id, "released")
    assert released.reason == "offer_withdrawn"


async def test_links_answer_for_donor_and_applicant_and_show_nobody(stack: StackHarness) -> None:
    running = await start_matching(stack)
    harness = MatchingHarness(stack, running)
    await harness.register_offer(unit="袋", item="大米", quantity=3)
    await harness.publish_requests("r", quantity=2, unit="袋", item="大米")
    [match] = await harness.wait_for_matches(1, "proposed")
    expires_at = await running.runtime.processor.now() + 60 * SECOND
    link = stack.keyring.make_link("match.donor", match.id, expires_at)
    page = await harness.http.get(f"/d/{link}")
    assert page.status_code == 200
    written = await harness.http.post(f"/d/{link}/decline", json={"reason": "张三家不需要"})
    assert (written.status_code, written.json()["problems"][0]["code"]) == (422, "reason_unknown")
    assert NO_CAPACITY in page.text
    assert "大米 2 袋" in page.text
    assert match.person_id not in page.text
    for _ in range(2):
        accepted = await harness.http.post(f"/d/{link}/accept")
        assert (accepted.status_code, accepted.json()["state"]) == (200, "committed")
    browser = await harness.http.post(
        f"/d/{link}/decline", data={"reason": NO_CAPACITY}, headers={"Accept": "text/html"}
    )
    assert browser.status_code == 409
    await harness.post(f"/matches/{match.id}/deliver", "1")
    assert (await harness.http.post(f"/c/{link}/confirm")).status_code == 401
    own = stack.keyring.make_link("match.applicant", match.id, expires_at)
    assert "确认收到" in (await harness.http.get(f"/c/{own}")).text
    confirmed = await harness.http.post(f"/c/{own}/confirm", headers={"Accept": "text/html"})
    assert "已确认收到" in confirmed.text
    assert "链接无效" in (await harness.http.get("/d/x", headers={"Accept": "text/html"})).text
    odd = await harness.post("/matches/not%20an%20id/accept", "odd")
    assert odd.status_code == 422
    late = stack.keyring.make_link("match.donor", match.id, expires_at - 61 * SECOND)
    assert (await harness.http.get(f"/d/{late}")).status_code == 401


async def test_partner_sees_and_answers_for_his_own_offers_only(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    mine = stack.bearer("mine", Role.DONOR_PARTNER, source="/partners/mine")
    other = stack.bearer("other", Role.DONOR_PARTNER, source="/partners/other")
    own_id = stack.partner_id("/partners/mine", "P-donor")
    submitted = make_submitted(mandate_id="A-mine")
    await give_mandate(harness.database, submitted)
    submitted = name_donor(stack, "/partners/mine", submitted)
    await stack.publish(stack.foreign("/partners/mine", "offer-1", submitted))
    await harness.publish_requests("r")
    [match] = await harness.wait_for_matches(1, "proposed")
    assert match.donor_id == "P-donor", "behind the edge there are the house's ids alone"
    path = f"/matches/{match.id}"
    await check_partners_view(harness, match, mine, own_id)
    body = submitted.model_dump(mode="json", exclude_none=True)
    rows = [{"idempotency_key": "b", "offer": body}]
    for who, ids in ((other, (own_id, "P-donor")), (mine, ("P-donor", "P-nobody"))):
        for id_ in ids:
            rows[0]["offer"] = body | {"donor_id": id_}
            answers = await harness.http.post("/offers/batch", json=rows, headers=who)
            (refused,) = answers.json()["answers"]
            assert refused["problems"][0]["code"] == "donor_foreign"
    assert (await harness.http.get(path, headers=other)).status_code == 404
    assert (await harness.http.get("/matches", headers=other)).json()["matches"] == []
    assert (await harness.http.get(f"/offers/{match.offer_id}", headers=other)).status_code == 404
    refused = await harness.http.post(f"{path}/accept", headers=other | {"Idempotency-Key": "1"})
    assert refused.status_code == 404
    accepted = await harness.http.post(f"{path}/accept", headers=mine | {"Idempotency-Key": "1"})
    assert accepted.json()["state"] == "accepted"
    confirmed = await harness.http.post(f"{path}/confirm", headers=mine | {"Idempotency-Key": "2"})
    assert confirmed.status_code == 403


async def check_partners_view(
    harness: MatchingHarness, match: Match, who: dict[str, str], own_id: str
) -> None:
    """He knows the donor by an id of his own, and never learns whom he helps."""
    paths = (f"/offers/{match.offer_id}", f"/matches/{match.id}", "/matches")
    for path in paths:
        body = (await harness.http.get(path, headers=who)).json()
        (seen,) = body.get("matches", [body])
        assert seen["donor_id"] == own_id, path
        assert "person_id" not in seen, path
        assert "accepted_by" not in seen, "it may be a staff number"
        assert match.person_id not in json.dumps(body), path
        assert match.donor_id not in json.dumps(body), path
    seen = (await harness.http.get(paths[1], headers=harness.operator)).json()
    assert (seen["donor_id"], seen["person_id"]) == (match.donor_id, match.person_id)


async def test_collector_neither_answers_for_a_donor_nor_withdraws_his_offer(
    stack: StackHarness,
) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    collector = stack.bearer("collector", Role.COLLECTOR)
    both = stack.bearer("both", Role.COLLECTOR, Role.DONOR_PARTNER, source="/partners/both")
    offer = await harness.register_offer()
    await harness.publish_requests("r")
    [match] = await harness.wait_for_matches(1, "proposed")

    async def post(path: str, who: dict[str, str], body: Any = None) -> httpx.Response:
        headers = who | {"Idempotency-Key": path}
        return await harness.http.post(path, json=body, headers=headers)

    path, many = f"/matches/{match.id}", {"match_ids": [match.id]}
    for verb in ("accept", "decline"):
        for who, status in ((collector, 403), (both, 404)):
            answer = await post(f"{path}/{verb}", who, {"reason": NO_CAPACITY})
            assert answer.status_code == status
    assert (await post("/matches/accept", collector, many)).status_code == 403
    answers = (await post("/matches/accept", both, many)).json()["answers"]
    assert [answer["status"] for answer in answers] == [404]
    for who in (collector, both):
        assert (await post(f"/offers/{offer}/withdraw", who)).status_code == 404
    assert (await harness.wait_for_match(match.id, "proposed")).accepted_by == ""
    body = make_submitted().model_dump(mode="json", exclude_none=True)
    unknown = await post("/offers", collector, body)
    assert unknown.status_code == 503, "intake is asked, and is not there"
    harness.runtime.resources.persons = KnownDonors(body["donor_id"])
    refused = await post("/offers", collector, body | {"donor_id": "P-nobody"})
    assert refused.json()["problems"][0]["code"] == "donor_unknown"
    own = (await post("/offers", collector, body)).json()["offer_id"]
    assert (await post(f"/offers/{own}/withdraw", collector)).status_code == 200


async def test_operator_does_nothing_in_a_donors_name(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    operator = stack.bearer("it", Role.OPERATOR)
    offer = await harness.register_offer(mode="both")
    await harness.publish_requests("r")
    [match] = await harness.wait_for_matches(1, "proposed")
    claim = {"offer_id": offer, "quantity": 1}
    for path, body in (
        ("/offers", make_submitted().model_dump(mode="json", exclude_none=True)),
        (f"/offers/{offer}/withdraw", None),
        (f"/offers/{offer}/menu-link", {"days": 1}),
        (f"/menu/{request_id('r')}/claim", claim),
        (f"/matches/{match.id}/accept", None),
        (f"/matches/{match.id}/decline", {"reason": NO_CAPACITY}),
        (f"/matches/{match.id}/deliver", None),
        ("/matches/accept", {"match_ids": [match.id]}),
        ("/matches/deliver", {"match_ids": [match.id]}),
        (f"/matches/{match.id}/give-up", None),
        (f"/matches/{match.id}/reopen", {"reason": REOPEN_REASONS[0]}),
        ("/campaigns/warm/donors", {"donor_ids": ["P-other"]}),
        ("/campaigns/warm/requests", {"request_ids": [request_id("r")]}),
    ):
        headers = operator | {"Idempotency-Key": "1"}
        answer = await harness.http.post(path, json=body, headers=headers)
        assert answer.status_code == 403, path
    assert (await harness.wait_for_match(match.id, "proposed")).accepted_by == ""


async def test_summary_counts_the_callers_area_only(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    expected = {"441900101": 1, "441900101001": 1, "441900102": 0}
    within = {area: stack.bearer(f"in-{area}", Role.COLLECTOR, area=area) for area in expected}
    await harness.register_offer()
    await harness.publish_requests("r")
    await harness.wait_for_matches(1, "proposed")
    for area, count in expected.items():
        seen = (await harness.http.get("/summary", headers=within[area])).json()
        assert sum(seen["matches"]["by_state"].values()) == count, area
        assert sum(seen["needs"]["by_state"].values()) == count, area
        assert "offers" not in seen
    whole = (await harness.http.get("/summary", headers=harness.operator)).json()
    assert whole["offers"]["by_state"] == {"open": 1}


async def test_batch_of_offers_says_row_by_row_what_is_wrong(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    await give_mandate(harness.database, make_submitted())
    good = name_donor(stack, harness.giver_source, make_submitted()).model_dump(
        mode="json", exclude_none=True
    )
    rows = [
        {"idempotency_key": "1", "offer": good},
        {"idempotency_key": "2", "offer": good | {"quantity": 0}},
        {"idempotency_key": "3", "offer": good | {"valid_until": "2020-01-01T00:00:00Z"}},
        {"idempotency_key": "1", "offer": good},
    ]
    answer = await harness.http.post("/offers/batch", json=rows, headers=harness.giver)
    results = answer.json()["answers"]
    assert [r["status"] for r in results] == [201, 422, 422, 201]
    assert [r["problems"][0]["field"] for r in results[1:3]] == ["quantity", "valid_until"]
    assert results[0]["offer_id"] == results[3]["offer_id"]


async def test_nobody_comes_in_without_a_credential(stack: StackHarness) -> None:
    harness = MatchingHarness(stack, await start_matching(stack))
    for path in ("/offers/O-1", "/matches", "/matches/M-1", "/summary"):
        assert (await harness.http.get(path)).status_code == 401
    for path in ("/offers", "/offers/batch", "/matches/M-1/accept", "/matches/deliver"):
        assert (await harness.http.post(path, json={})).status_code == 401
    assert (await harness.http.get("/d/nonsense")).status_code == 401


@pytest.mark.timeout(180)
async def test_two_instances_racing_for_one_offer_never_overcommit(stack: StackHarness) -> None:
    """Sixty proposals of 5 race for an offer of 100 through two instances at once."""
    one, two = [await start_matching(stack), await start_matching(stack)]
    harness = MatchingHarness(stack, one)
    names = [f"r{n}" for n in range(60)]
    await harness.publish_requests(*names, quantity=5)
    waiting = await eventually(
        lambda: mongo.find(harness.database, Need, {}), lambda found: len(found) == len(names)
    )
    offer = await harness.register_offer()

    async def race(running: RunningService, needs: list[Need]) -> list[Answer | Exception]:
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
    matches = await harness.wait_for_matches(20, "proposed")
    assert sum(match.quantity for match in matches) == 100
    found = await mongo.load(harness.database, Offer, offer)
    assert found is not None
    assert (found.reserved, found.free) == (100, 0)
    needs = await mongo.find(harness.database, Need, {})
    reserved = {id_ for need in needs for id_ in need.matches}
    assert reserved == {match.id for match in matches}
    assert all(match.id == build_match_id(match.request_id, offer, 1) for match in matches)
