"""The claim menu over HTTP and by link: what is open, without anybody's name; and taking it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from services.matching.menu import find_servable
from services.matching.model.campaign import Emergency
from services.matching.model.match import ClaimNeed, Match, Propose
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.weights import Weights
from shared import mongo
from shared.contracts.values import Value
from shared.messaging.decision import Command
from shared.security import Role
from tests.matching.decisions import FUND, NOW, make_opened, make_submitted, person_id, request_id
from tests.matching.harness import MatchingHarness, give_mandate, name_donor, start_matching
from tests.support.eventually import eventually
from tests.support.stack_harness import RunningService, StackHarness

SHIJIE, SHILONG = "441900101", "441900102"
NAMES = ("urgent", "old", "meals", "shilong", "rice", "ancient")
NAMES_BY_ID = {request_id(name): name for name in NAMES}
PERSONAL = ("person", "village", "phone", "name", "matches")


async def library(stack: StackHarness) -> MatchingHarness:
    """Five open requests, of which nothing is proposed: no offer is pushed."""
    return await publish_requests(stack, {})


async def publish_requests(
    stack: StackHarness, more_needs: dict[str, dict[str, Any]]
) -> MatchingHarness:
    harness = MatchingHarness(stack, await start_matching(stack))
    needs: dict[str, dict[str, Any]] = {
        "urgent": {"beneficiary_class": "extreme_poverty"},
        "old": {"recorded_at": (NOW - timedelta(days=9)).isoformat()},
        "meals": {"category": "meals", "quantity": 200},
        "shilong": {"area": {"town_code": SHILONG}, "kind": "project"},
        "rice": {"unit": "袋", "item": "大米", "quantity": 4},
        **more_needs,
    }
    facts = [make_opened(name, **({"quantity": 50} | more)) for name, more in needs.items()]
    own = [
        stack.own("/intake", request_id(name), 1, fact)
        for name, fact in zip(needs, facts, strict=True)
    ]
    await stack.publish(*own)
    await eventually(
        lambda: mongo.find(harness.database, Need, {}), lambda rows: len(rows) == len(needs)
    )
    return harness


async def menu(
    harness: MatchingHarness, who: dict[str, str] | None = None, **query: Any
) -> list[str]:
    """Names of the requests shown, in order."""
    answer = await harness.http.get("/menu", params=query, headers=who or harness.operator)
    assert answer.status_code == 200, answer.text
    return [NAMES_BY_ID[row["request_id"]] for row in answer.json()["requests"]]


async def test_what_waited_longer_than_its_tiers_stand_for_is_seen_first_page_by_page(
    stack: StackHarness,
) -> None:
    """The least urgent, after four tiers' waiting, comes before the most urgent of today."""
    waiting = {"beneficiary_class": "general", "quantity": 20}
    ancient = waiting | {"recorded_at": (NOW - timedelta(days=121)).isoformat()}
    harness = await publish_requests(stack, {"ancient": ancient})
    order = await menu(harness)
    assert order[:3] == ["ancient", "urgent", "old"]
    paged, after = [], ""
    while True:
        query = {"limit": 1} | ({"after": after} if after else {})
        answer = await harness.http.get("/menu", params=query, headers=harness.operator)
        paged += [NAMES_BY_ID[row["request_id"]] for row in answer.json()["requests"]]
        after = answer.json()["next"]
        if after is None:
            break
    assert paged == order


async def test_menu_is_in_order_of_urgency_and_filtered_by_what_is_asked(
    stack: StackHarness,
) -> None:
    in_shilong = stack.bearer("in-shilong", Role.APPROVER_TOWN, area=SHILONG)
    harness = await library(stack)
    assert (await menu(harness))[:2] == ["urgent", "old"]
    assert await menu(harness, area=SHILONG) == await menu(harness, kind="project") == ["shilong"]
    assert await menu(harness, category="meals") == ["meals"]
    assert await menu(harness, beneficiary_class="extreme_poverty") == ["urgent"]
    assert await menu(harness, unit="袋", item="大米") == ["rice"]
    assert await menu(harness, unit="fen", at_least=51) == ["meals"]
    assert set(await menu(harness, unit="fen", at_most=50)) == {"urgent", "old", "shilong"}
    refused = await harness.http.get("/menu", params={"at_least": 5}, headers=harness.operator)
    assert refused.json()["problems"][0]["code"] == "unit_missing"
    assert await menu(harness, in_shilong) == ["shilong"]
    assert await menu(harness, in_shilong, area=SHIJIE) == []


async def test_town_under_emergency_measures_comes_first_for_as_long(stack: StackHarness) -> None:
    harness = await library(stack)
    assert (await menu(harness))[0] == "urgent"
    for hours, town, lift in ((1, SHILONG, 2), (-1, SHIJIE, 4)):
        emergency = Emergency(
            id=f"E-{hours}",
            town_codes=(town,),
            lift=lift,
            starts_at=NOW - timedelta(days=365),
            ends_at=await harness.runtime.processor.now() + timedelta(hours=hours),
            reason="疫情封控",
            declared_by="city",
        )
        document = mongo.to_document(emergency) | {"_version": 1, "_emitted": 0}
        await harness.database[Emergency.COLLECTION].insert_one(document)
    shown = await tiers(harness)
    assert set(shown[:2]) == {(0, "shilong"), (0, "urgent")}
    assert shown[2] == (1, "old")
    assert [name for _, name in shown] == await menu(harness) == await read_pages(harness)


async def read_pages(harness: MatchingHarness) -> list[str]:
    """Names of the requests shown, two at a time."""
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        answer = await harness.http.get(
            "/menu", params={"limit": 2, "after": after}, headers=harness.operator
        )
        seen += [NAMES_BY_ID[row["request_id"]] for row in answer.json()["requests"]]
        after = answer.json()["next"]
    return seen


async def tiers(harness: MatchingHarness) -> list[tuple[int, str]]:
    answer = await harness.http.get("/menu", headers=harness.operator)
    return [(row["tier"], NAMES_BY_ID[row["request_id"]]) for row in answer.json()["requests"]]


async def test_menu_names_nobody_and_is_read_page_by_page(stack: StackHarness) -> None:
    harness = await library(stack)
    assert await read_pages(harness) == await menu(harness)
    answer = await harness.http.get("/menu", headers=harness.operator)
    for name in NAMES:
        assert person_id(name) not in answer.text
    for row in answer.json()["requests"]:
        assert not [key for key in row if any(word in key for word in PERSONAL)]
    for place in ("x", f"{2**70}.0.R", "0.99999999999999999999.R", "-1.0.R"):
        odd = await harness.http.get("/menu", params={"after": place}, headers=harness.operator)
        assert odd.status_code == 422, place
        assert odd.json()["problems"][0]["code"] == "place_unknown"


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


async def test_offers_of_a_donor_are_looked_at_together_each_by_its_own_terms(
    stack: StackHarness,
) -> None:
    """As many questions to the database for three offers as for one."""
    harness = await library(stack)
    terms: dict[str, dict[str, Any]] = {
        "meals": {"categories": ["meals"]},
        "rice": {"unit": "袋", "item": "大米"},
        "shilong": {"town_codes": [SHILONG]},
    }
    ids = {
        name: await harness.register_offer(
            name, donor_id="P-his", mode="claim", quantity=1000, **more
        )
        for name, more in terms.items()
    }
    offers = {id_: await mongo.load(harness.database, Offer, id_) for id_ in ids.values()}
    now = await harness.runtime.processor.now()
    asked: dict[int, list[str]] = {}
    for count in (1, 3):
        giving = [offer for offer in offers.values() if offer][:count]
        listener, database = listening(stack, harness)
        rows = await find_servable(database, giving, Weights(), now, 20)
        asked[count] = listener.commands
        database.client.close()
    assert asked[1] == asked[3] != []
    assert {name: [NAMES_BY_ID[need.id] for need in rows[id_]] for name, id_ in ids.items()} == {
        name: [name] for name in terms
    }


async def test_what_is_more_urgent_for_one_offer_hides_nothing_from_another(
    stack: StackHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = await library(stack)
    monkeypatch.setattr("services.matching.menu.LOOKED_AT_MAX", 1)
    money = await harness.register_offer("money", donor_id="P-his", mode="claim", quantity=1000)
    more: dict[str, Any] = {"unit": "袋", "item": "大米"}
    rice = await harness.register_offer(
        "rice", donor_id="P-his", mode="claim", quantity=1000, **more
    )
    offers = [await mongo.load(harness.database, Offer, id_) for id_ in (money, rice)]
    now = await harness.runtime.processor.now()
    rows = await find_servable(
        harness.database, [offer for offer in offers if offer], Weights(), now, 1
    )
    shown = {id_: [NAMES_BY_ID[need.id] for need in needs] for id_, needs in rows.items()}
    assert shown == {money: ["urgent"], rice: ["rice"]}


class Listener(CommandListener):
    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Of no interest."""


def listening(stack: StackHarness, harness: MatchingHarness) -> tuple[Listener, mongo.Database]:
    """The database by a connection that tells every question."""
    listener = Listener()
    client: mongo.Client = AsyncIOMotorClient(stack.mongod.mongo_uri, event_listeners=[listener])
    known = harness.database
    return listener, client.get_database(known.name, codec_options=known.codec_options)


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
