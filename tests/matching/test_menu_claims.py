"""Taking from the claim menu: who may, with which offers, and never more than there is."""

import asyncio
from typing import Any

import httpx
import pytest

from services.matching.model.match import ClaimNeed, Match, Propose
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts.values import Value
from shared.messaging.decision import Command
from shared.security import Role
from tests.matching.decisions import FUND, make_submitted, person_id, request_id
from tests.matching.harness import MatchingHarness, give_mandate, name_donor, start_matching
from tests.matching.menus import SHIJIE, library, menu
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness


async def test_partner_claims_with_his_own_offers_and_a_request_is_shared(
    stack: StackHarness,
) -> None:
    harness = await library(stack)
    mine = stack.bearer("mine", Role.DONOR_PARTNER, source="/partners/mine")
    other = stack.bearer("other", Role.DONOR_PARTNER, source="/partners/other")

    async def post(path: str, who: dict[str, str], body: Any, key: str) -> httpx.Response:
        return await harness.http.post(path, json=body, headers=who | {"Idempotency-Key": key})

    async def offer_money(name: str, quantity: int, who: dict[str, str]) -> str:
        submitted = make_submitted(quantity, donor_id=f"P-{name}", mode="claim", fund_id=FUND)
        await give_mandate(harness.database, submitted)
        submitted = name_donor(stack, f"/partners/{name}", submitted)
        body = submitted.model_dump(mode="json", exclude_none=True)
        return str((await post("/offers", who, body, "o")).json()["offer_id"])

    offer = await offer_money("mine", 30, mine)
    path, asked = f"/menu/{request_id('old')}/claim", {"offer_id": offer, "quantity": 30}
    stolen = await post(path, other, asked, "c")
    assert stolen.status_code == 404
    for _ in range(2):
        claimed = await post(path, mine, asked, "c")
        assert (claimed.status_code, claimed.json()["state"]) == (201, "accepted")
    second = await offer_money("other", 100, other)
    rest = {"offer_id": second, "quantity": 21}
    assert (await post(path, other, rest, "c1")).json()["problems"][0]["code"] == "need_exceeded"
    assert (await post(path, other, rest | {"quantity": 20}, "c2")).status_code == 201
    assert "old" not in await menu(harness)
    need = await mongo.load(harness.database, Need, request_id("old"))
    assert need is not None
    assert sorted(need.matches.values()) == [20, 30]


async def test_donor_claims_by_his_link_and_sees_what_his_offers_may_serve(
    stack: StackHarness,
) -> None:
    harness = await library(stack)
    offer = await harness.register_offer(
        donor_id="P-his", mode="claim", quantity=100_000, fund_id=FUND, town_codes=[SHIJIE]
    )
    link = (await harness.post(f"/offers/{offer}/menu-link", "l", {})).json()["path"]
    browser = {"Accept": "text/html"}
    shown = (await harness.http.get(link)).text
    assert "石碣镇" in shown
    assert request_id("meals") in shown
    for hidden in (request_id("shilong"), request_id("rice"), person_id("meals")):
        assert hidden not in shown
    form = {"offer_id": offer, "request_id": request_id("meals"), "amount": "1.50", "seen": "0"}
    for _ in range(2):
        done = await harness.http.post(f"{link}/claim", data=form, headers=browser)
        assert done.status_code == 201
        assert "已认领 人民币 1.50 元" in done.text
    match = (await harness.wait_for_matches(1, "accepted"))[0]
    assert (match.quantity, match.accepted_by) == (150, "link:offer.menu")
    assert len(await harness.wait_for_matches(1, "accepted")) == 1, (
        "a button pressed twice is one claim"
    )
    again = form | {"seen": "1"}
    too_much = await harness.http.post(f"{link}/claim", data=again, headers=browser)
    assert (too_much.status_code, "超过诉求尚需的数量" in too_much.text) == (409, True)
    for wrong in ({"amount": "many"}, {"amount": "0.001"}, {"request_id": "no id"}):
        answer = await harness.http.post(f"{link}/claim", data=again | wrong)
        assert answer.status_code == 422, wrong
    foreign = await harness.register_offer(
        "foreign", donor_id="P-another", mode="claim", quantity=10
    )
    stolen = await harness.http.post(f"{link}/claim", data=again | {"offer_id": foreign})
    assert stolen.status_code == 401


async def test_related_party_is_on_the_menu_of_other_funds_alone(stack: StackHarness) -> None:
    harness = await library(stack)
    maker = stack.bearer("maker", Role.FINANCE_MAKER)
    checker = stack.bearer("checker", Role.FINANCE_CHECKER)
    path, person = f"/funds/{FUND}/relations", person_id("meals")

    async def post(path: str, who: dict[str, str], body: Any) -> httpx.Response:
        return await harness.http.post(path, json=body, headers=who | {"Idempotency-Key": path})

    tie = {"person_id": person, "tie": "relative"}
    assert (await post(path, checker, tie)).status_code == 403
    assert (await post(path, maker, tie)).status_code == 201
    verdict = {"person_id": person, "approve": True}
    assert (await post(f"{path}/check", maker, verdict)).status_code == 403
    assert (await post(f"{path}/check", checker, verdict)).json()["state"] == "in_force"
    told = (await harness.http.get(path, headers=checker)).json()
    assert [(r["person_id"], r["state"]) for r in told["relations"]] == [(person, "in_force")]
    offer = await harness.register_offer(
        mode="both", quantity=1000, fund_id=FUND, categories=["meals"]
    )
    link = (await harness.post(f"/offers/{offer}/menu-link", "l", {})).json()["path"]
    assert request_id("meals") not in (await harness.http.get(link)).text
    claim = {"offer_id": offer, "quantity": 10}
    answer = await harness.post(f"/menu/{request_id('meals')}/claim", "c", claim)
    assert answer.json()["problems"][0]["code"] == "related_party"
    await harness.register_offer(
        "b", mode="push", quantity=1000, fund_id="fund-2", categories=["meals"]
    )
    [match] = await harness.wait_for_matches(1, "proposed")
    assert (match.fund_id, match.request_id) == ("fund-2", request_id("meals"))


async def test_offer_is_changed_paused_and_resumed_over_http(stack: StackHarness) -> None:
    foreign = stack.bearer("foreign", Role.DONOR_PARTNER, source="/partners/foreign")
    harness = MatchingHarness(stack, await start_matching(stack))
    offer = await harness.register_offer(mode="claim", cap_per_request=5)
    headers = harness.giver | {"Idempotency-Key": "change"}
    terms = {"quantity": 500, "cap_per_request": None, "mode": "push"}
    changed = await harness.http.patch(f"/offers/{offer}", json=terms, headers=headers)
    assert changed.status_code == 200, changed.text
    assert (await harness.post(f"/offers/{offer}/pause", "p")).json()["state"] == "paused"
    await harness.publish_requests("r")
    await eventually(lambda: mongo.load(harness.database, Need, request_id("r")), bool)
    assert (await harness.post(f"/offers/{offer}/resume", "r")).json()["state"] == "open"
    [match] = await harness.wait_for_matches(1, "proposed")
    assert (match.offer_id, match.quantity) == (offer, 50)
    load_offer = await mongo.load(harness.database, Offer, offer)
    assert load_offer is not None
    assert (load_offer.quantity, load_offer.cap_per_request, load_offer.open_cases) == (
        500,
        None,
        1,
    )
    answer = await harness.http.patch(f"/offers/{offer}", json=terms, headers=headers | foreign)
    assert answer.status_code == 404


@pytest.mark.timeout(180)
async def test_claims_and_proposals_racing_through_two_instances_never_overcommit(
    stack: StackHarness,
) -> None:
    """Forty claims of 5 and forty proposals of 5, for an offer of 100 and requests of 10."""
    one, two = await start_matching(stack), await start_matching(stack)
    harness = MatchingHarness(stack, one)
    names = [f"r{n}" for n in range(20)]
    await harness.publish_requests(*names, quantity=10)
    await eventually(
        lambda: mongo.find(harness.database, Need, {}), lambda rows: len(rows) == len(names)
    )
    offer = await harness.register_offer(mode="both", cases_max=15)
    ids = [request_id(name) for name in names]
    asked: list[Value] = []
    for id_ in ids:
        asked += [ClaimNeed(request_id=id_, offer_id=offer, quantity=5)] * 2
        asked += [
            Propose(request_id=id_, offer_id=offer, number=n, quantity=5, lifetime_s=60)
            for n in (1, 2)
        ]

    async def race(running: RunningService, part: list[Value]) -> None:
        await running.runtime.processor.execute_many([Command(data) for data in part])

    await asyncio.gather(
        *(race((one, two)[n % 2], asked[8 * n : 8 * n + 8]) for n in range(10)),
        *(race((two, one)[n % 2], asked[8 * n : 8 * n + 8]) for n in range(10)),
    )

    async def load_offer() -> Offer | None:
        return await mongo.load(harness.database, Offer, offer)

    rows = await eventually(load_offer, lambda o: o is not None and o.open_cases == 15)
    assert rows is not None
    matches = await mongo.find(harness.database, Match, {})
    assert sum(m.quantity for m in matches) == rows.reserved <= 100
    assert len(matches) == rows.open_cases
    for need in await mongo.find(harness.database, Need, {}):
        given = {m.id: m.quantity for m in matches if m.request_id == need.id}
        assert given == dict(need.matches)
        assert need.remaining >= 0
