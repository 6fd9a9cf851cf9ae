"""The claim menu over HTTP and by link: what is open, in what order, without anybody's name."""

from datetime import timedelta
from typing import Any

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
from services.matching.model.offer import Offer
from services.matching.solver.weights import Weights
from shared import mongo
from shared.security import Role
from tests.matching.decisions import NOW, person_id
from tests.matching.harness import MatchingHarness
from tests.matching.menus import (
    NAMES,
    NAMES_BY_ID,
    SHIJIE,
    SHILONG,
    library,
    menu,
    publish_requests,
)
from tests.support.stack_harness import StackHarness

PERSONAL = ("person", "village", "phone", "name", "matches")


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
