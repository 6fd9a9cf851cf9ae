"""A giver takes from his menu: what his offers may serve, filtered, alone or together."""

import re
from datetime import UTC, datetime, timedelta

from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.donor_menu import Choice
from shared import mongo
from shared.contracts.links import PROPOSALS
from tests.matching.decisions import FUND, person_id, request_id
from tests.matching.harness import MatchingHarness
from tests.matching.menus import NAMES, NAMES_BY_ID, SHIJIE, SHILONG, publish_requests
from tests.support.stack_harness import StackHarness

HTML = {"Accept": "text/html"}


async def make_menu_path(harness: MatchingHarness, offer_id: str) -> str:
    """His page, by the link to his proposals."""
    offer = await mongo.load(harness.database, Offer, offer_id)
    assert offer is not None
    now = await harness.runtime.processor.now()
    token = harness.stack.keyring.make_link(
        PROPOSALS.purpose, offer.donor_id, now + timedelta(days=1), now, holder=offer.donor_id
    )
    return PROPOSALS.path(token, "menu")


async def list_names(harness: MatchingHarness, path: str, **query: str) -> list[str]:
    """Which requests stand on the page, in order."""
    page = await harness.http.get(path, params=query, headers=HTML)
    assert page.status_code == 200, page.text
    assert not any(person_id(name) in page.text for name in NAMES)
    ids = re.findall(r'name="request_id" value="([^"]*)"', page.text)
    return [NAMES_BY_ID[id_] for id_ in ids]


async def test_a_giver_filters_his_menu_and_gives_to_one_request_with_others(
    stack: StackHarness,
) -> None:
    today = {"beneficiary_class": "general", "recorded_at": datetime.now(UTC).isoformat()}
    harness = await publish_requests(stack, {"ancient": today | {"category": "medical"}})
    money = await harness.register_offer(mode="claim", quantity=100_000, fund_id=FUND)
    rice = await harness.register_offer("r", mode="claim", unit="袋", item="大米", quantity=3)
    path = await make_menu_path(harness, money)
    names = await list_names(harness, path)
    assert (names[:2], names[-1]) == (["urgent", "old"], "ancient")
    assert set(names[2:-1]) == {"meals", "rice", "shilong"}
    assert await list_names(harness, path, town="石龙镇") == ["shilong"]
    assert await list_names(harness, path, category="meals") == ["meals"]
    assert "meals" not in await list_names(harness, path, at_most="0.50")
    for urgency in ("urgent", "waiting"):
        assert await list_names(harness, path, urgency=urgency) == names[:-1]
    unread = await harness.http.get(path, params={"at_most": "many"}, headers=HTML)
    assert unread.status_code == 422
    page = (await harness.http.get(path, headers=HTML)).text
    assert "town=%E7%9F%B3%E9%BE%99%E9%95%87" in page, "the map leads to a town"
    assert not re.search(rf"{SHIJIE}|{SHILONG}", page)

    form = {"offer_id": rice, "request_id": request_id("rice"), "amount": "1", "seen": "0"}
    for _ in range(2):
        claimed = await harness.http.post(f"{path}/claim", data=form, headers=HTML)
        assert "已认领" in claimed.text, "a button pressed twice is one claim"
    other = await harness.register_offer(
        "o", mode="claim", unit="袋", item="大米", quantity=9, donor_id="P-other"
    )
    theirs = await make_menu_path(harness, other)
    seen = await harness.http.get(theirs, headers=HTML)
    assert ("大米 3 袋" in seen.text, "大米 1 袋" in seen.text) == (True, True)
    rest = form | {"offer_id": other, "amount": "3", "seen": "1"}
    assert (await harness.http.post(f"{theirs}/claim", data=rest)).status_code == 201
    need = await mongo.load(harness.database, Need, request_id("rice"))
    assert need is not None
    assert sorted(need.matches.values()) == [1, 3]
    late = await harness.http.post(f"{path}/claim", data=form | {"seen": "2"}, headers=HTML)
    assert (late.status_code, "已认领" in late.text) == (422, False)
    stolen = await harness.http.post(f"{path}/claim", data=form | {"offer_id": other})
    assert stolen.json()["problems"][0]["code"] == "pair_unknown"

    pushed = await harness.register_offer("p", unit="袋", item="面粉", quantity=3, donor_id="P-p")
    await check_proposed_alone(harness, await make_menu_path(harness, pushed))


async def check_proposed_alone(harness: MatchingHarness, path: str) -> None:
    """Who gives by proposal alone is told so."""
    assert await list_names(harness, path) == []
    assert "没有开放自己挑选" in (await harness.http.get(path, headers=HTML)).text


def test_a_filter_goes_along_from_page_to_page() -> None:
    choice = Choice("meals", "茶山镇", "", "urgent")
    assert choice.as_query(after="1.2.R") == (
        "category=meals&town=%E8%8C%B6%E5%B1%B1%E9%95%87&urgency=urgent&after=1.2.R"
    )
    assert Choice().as_query() == ""
