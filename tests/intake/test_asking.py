"""Asking on the web page: what is typed becomes a request, or is said beside its field."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.intake.model import Request, RequestState
from services.intake.pages.applicant import find_progress_step
from services.intake.pages.ask import FIELDS, SOMEWHERE, TOLD_MAX, read_ask
from services.intake.vault.needs import UNSAID
from shared.contracts.values import BeneficiaryClass, Category, Channel, Kind
from shared.security import Role
from shared.web.pages import format_quantity
from tests.support.browser import HIDDEN, Browser
from tests.support.services import start
from tests.support.stack_harness import RunningService, StackHarness

WORDS = "家里老人瘫痪，求一辆轮椅"


def typed(**changed: str) -> dict[str, str]:
    values = {"text": WORDS, "town": "茶山镇", "name": "张三", "phone": "138 0013 8000"}
    return dict.fromkeys(FIELDS, "") | values | {"consent": "yes", "whose": "own"} | changed


@pytest.mark.parametrize(
    ("village", "code"), [("增埗", "441900103206"), ("石龙某村", None), ("", None)]
)
def test_a_village_that_is_clear_is_the_villages_own(village: str, code: str | None) -> None:
    request, _ = read_ask(typed(village=village))
    assert request is not None
    assert request.area.village_code == code
    assert village in request.text


def test_plain_words_are_enough() -> None:
    request, problems = read_ask(typed())
    assert not problems
    assert request is not None
    assert request.text.startswith(WORDS)
    assert (request.channel, request.kind) == (Channel.WEB, Kind.WISH)
    assert request.category is Category.OTHER
    assert request.beneficiary_class is BeneficiaryClass.GENERAL
    assert (request.need.unit, request.need.quantity) == ("项", 1)
    assert request.area.town_code == "441900103"
    assert request.applicant.phone == "+8613800138000"


def test_suggestions_are_taken_and_nonsense_is_no_suggestion() -> None:
    request, _ = read_ask(typed(category="meals", circumstances="subsistence", amount="300元"))
    assert request is not None
    assert (request.category, request.need.quantity) == (Category.MEALS, 30_000)
    odd, problems = read_ask(typed(category="<b>", circumstances="王", kind="x", whose="staff"))
    assert not problems
    assert odd is not None
    assert odd.category is Category.OTHER


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", ""),
        ("text", "\u200b \n"),
        ("text", "米" * 10_000),
        ("town", ""),
        ("town", "441900103"),
        ("town", "杭州市"),
        ("name", "\u202e \u200b"),
        ("phone", ""),
        ("phone", "1380013"),
        ("phone", "0769-22830000"),
        ("amount", "很多"),
        ("consent", ""),
        ("consent", "on"),
    ],
)
def test_what_is_wrong_is_said_of_its_field_alone(name: str, value: str) -> None:
    request, problems = read_ask(typed(**{name: value}))
    assert request is None
    assert set(problems) == {name}


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        "\u202eפתח\u202c مرحبا",
        "👨‍👩‍👧‍👦🍚 求助",
        "' OR 1=1 --",
        "米" * 3_800,
    ],
)
def test_hostile_words_are_kept_as_words(words: str) -> None:
    request, problems = read_ask(typed(text=words, village=words[:50], name=words[:50]))
    assert not problems
    assert request is not None
    assert len(request.text) <= 4_000


def test_who_knows_no_town_is_taken_too() -> None:
    request, _ = read_ask(typed(town=SOMEWHERE))
    assert request is not None
    assert request.area.town_code == "441900000"


@pytest.mark.parametrize(
    ("state", "step"), [("recorded", 2), ("open", 3), ("closed", 6), ("withdrawn", 0)]
)
def test_the_page_knows_how_far_it_is(state: str, step: int) -> None:
    fields: dict[str, Any] = {"state": RequestState(state), "matches": {}}
    assert find_progress_step(Request.model_construct(**fields)) == step


def hide_numbers(page: str) -> str:
    """Without the link and the reference, which are each request's own."""
    return re.sub(r"/r/[\w-]+|\b[A-Z0-9]{4}(-[A-Z0-9]{4})+\b|R-[0-9a-f]+", "", page)


# --- with a service -------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session")
async def intake(stack: StackHarness) -> AsyncIterator[RunningService]:
    yield await start(stack, "intake", asks_per_minute=20)


async def test_a_stranger_asks_and_waits_for_a_call(
    stack: StackHarness, intake: RunningService
) -> None:
    """Two steps without a script; a small wish for money that would open by itself elsewhere."""
    browser = Browser(intake.http)
    await browser.get("/ask")
    first = {"text": WORDS, "town": "茶山镇", "category": "meals", "amount": "100", "kind": "wish"}
    step = await browser.post("/ask", step="1", **first)
    assert step.status_code == 200
    assert WORDS in step.text
    forgot = await browser.post("/ask", step="2", name="张三", phone="1380013", consent="")
    assert forgot.status_code == 422
    assert "1380013" in forgot.text, "what was typed stays"
    last = {"name": "张三", "phone": "13800138000", "consent": "yes", "whose": "own"}
    last |= {"history": "yes"}
    once = dict(HIDDEN.findall(browser.page))["once"]
    done = await browser.post("/ask", step="2", **last)
    assert done.status_code == 303, done.text
    assert done.headers["location"].startswith("/r/")
    page = await browser.get(done.headers["location"])
    assert "已经收到您的求助" in page.text
    assert "先打电话核实" in page.text
    for personal in ("张三", "13800138000", WORDS):
        assert personal not in page.text
    # Whoever knows a name and a phone has such a link: it tells nothing of the person, and ends
    # nothing of his.
    assert 'id="consents"' not in page.text
    link = f"{done.headers['location'].partition('?')[0]}/consents"
    assert (await browser.http.post(link, data={"purpose": "no"})).status_code == 422
    for purpose, word in (("history", "end"), ("publicity", "give")):
        said = await browser.http.post(link, data={"purpose": purpose, "word": word})
        assert said.status_code == 403
    (person,) = await intake.runtime.database["persons"].find().to_list(None)
    assert person["consents"] == {}, "not proven his"
    (asked,) = await intake.runtime.database["requests"].find().to_list(None)
    assert set(asked["typed_consents"]) == {"handling", "history"}, "what he ticked"
    assert {each["way"] for each in asked["typed_consents"].values()} == {"typed"}

    approver = stack.bearer("s-2001", Role.APPROVER_TOWN, area="441900103")
    listed = await intake.http.get("/requests", headers=approver)
    [request] = [r for r in listed.json()["requests"] if r["channel"] == "web"]
    assert request["state"] == "recorded"
    assert "phone_unproven" in [reason["code"] for reason in request["waits_for"]]
    read = await intake.http.get(f"/requests/{request['request_id']}", headers=approver)
    assert WORDS in read.json()["text"]

    # Pressed again it is the same request; a program that fills everything in is nobody.
    again = await browser.http.post("/ask", data={})
    assert again.status_code == 422
    await browser.get("/ask")
    other = first | last | {"once": once, "name": "李四"}
    assert (await browser.post("/ask", step="2", **other)).status_code == 422
    # However often somebody asked for the same phone, the next is answered as the first was.
    for number in range(TOLD_MAX):
        await browser.get("/ask")
        await browser.post("/ask", step="1", **first | {"text": f"{WORDS}{number}"})
        answer = await browser.post("/ask", step="2", **last)
        assert answer.status_code == 303
        later = await browser.get(answer.headers["location"])
        assert hide_numbers(later.text) == hide_numbers(page.text)
    rows = await intake.runtime.database["requests"].find().sort("recorded_at").to_list(None)
    assert [row["quiet"] for row in rows] == [False] * TOLD_MAX + [True], "the phone is not told"
    await browser.get("/ask")
    trapped = await browser.post("/ask", step="1", website="http://x", **first)
    assert trapped.status_code == 422


async def test_who_names_danger_reads_whom_to_call(intake: RunningService) -> None:
    """On the page that answers him; no word of it is on the page, which others may see too."""
    browser = Browser(intake.http)
    await browser.get("/ask")
    first = {"text": "我不想活了，没有人管我", "town": "茶山镇", "kind": "wish"}
    await browser.post("/ask", step="1", **first)
    last = {"name": "李四", "phone": "13800138001", "consent": "yes", "whose": "own"}
    done = await browser.post("/ask", step="2", **last)
    page = await browser.get(done.headers["location"])
    for number in ("110", "120", "119", intake.runtime.settings.crisis_hotline):
        assert f'href="tel:{number}"' in page.text
    assert "个工作日内联系您" not in page.text
    assert "不想活" not in page.text
    assert "人身危险" not in page.text
    (row,) = await intake.runtime.database["requests"].find({"danger": True}).to_list(None)
    assert row["urgent"]


def test_own_words_get_no_item_beside_them() -> None:
    """What exactly is needed is not said by “求助”, so it is not written above his words."""
    request, _ = read_ask(typed())
    assert request is not None
    assert request.need.item == UNSAID
    assert format_quantity("zh", 1, "项", "其他") == "需求待核实"
    assert format_quantity("zh", 2, "项", "帐篷") == "帐篷 2 项"
