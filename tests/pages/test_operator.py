"""What an operator watches and mends: the flow as it is, and a record that nobody can read."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio
from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, Page, Route

from deploy.demo.campaign import Enterprise
from deploy.demo.clients import Client, open_clients
from deploy.local.stack import Stack
from shared.contracts.topics import DONATIONS_INBOUND, OFFERS_INBOUND, REQUESTS_INBOUND
from shared.contracts.values import MONEY_UNIT
from tests.pages.browser import DESK, PHONE, enrol, open_page, sign_in
from tests.pages.steps import check_page, press, read_main, reload_until
from tests.support.eventually import eventually


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(running: Stack, browser: Browser) -> AsyncIterator[Page]:
    """An operator's, who signed in once for all walks."""
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "operator"))
        yield page


async def publish_garbage(stack: Stack, *topics: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap)
    await producer.start()
    try:
        for topic in topics:
            await producer.send_and_wait(topic, b"no event")
    finally:
        await producer.stop()


async def open_letter(page: Page, stack: Stack, service: str) -> None:
    await page.goto(f"{stack.public_url}/{service}/operations")
    await reload_until(page, "没有办成的消息")
    await page.locator("a[href*='/dead-letters/']").first.click()
    await page.wait_for_load_state()


async def test_a_dead_letter_appears_by_itself_and_is_discarded(running: Stack, page: Page) -> None:
    await page.goto(f"{running.public_url}/operations")
    await check_page(page)
    letters = page.locator("a[href='/intake/operations#dead-letters']")
    assert await letters.count() == 0
    await publish_garbage(running, REQUESTS_INBOUND)
    await letters.wait_for()  # nobody loaded the page again
    await letters.click()
    await page.wait_for_load_state()
    await check_page(page)
    await page.locator("a[href*='/dead-letters/']").first.click()
    await page.wait_for_load_state()
    await check_page(page)
    assert "no event" in await read_main(page)
    await press(page, "放弃")
    assert "没有死信" in await read_main(page)


async def test_a_dead_letter_that_is_not_mended_stays_when_it_is_replayed(
    running: Stack, page: Page
) -> None:
    """At matching and at audit, each of which has pages of its own."""
    await publish_garbage(running, OFFERS_INBOUND, DONATIONS_INBOUND)
    for service in ("matching", "audit"):
        await open_letter(page, running, service)
        await press(page, "重放")
        await open_letter(page, running, service)
        await press(page, "放弃")
        assert "没有死信" in await read_main(page)


async def test_one_requests_way_is_followed_with_times(
    running: Stack, page: Page, donor: Enterprise
) -> None:
    """From what an operator is told on the phone, six signs, until the ledger has committed the
    money: what audit decided is matching's to say. Of the person nothing."""
    name, number = "经过一", f"+86138{uuid4().int % 10**8:08d}"
    request = {
        "kind": "wish",
        "category": "supplies",
        "channel": "committee",
        "beneficiary_class": "low_income_edge",
        "need": {"unit": MONEY_UNIT, "quantity": 10_000},
        "area": {"town_code": "441900103"},
        "applicant": {"name": name, "phone": number},
        "text": "盼添一床棉被",
    }
    async with open_clients(running.urls, running.secrets_dir) as clients:
        village = clients.open("intake", "channel-village")
        answer = await village.post("/requests", request, key=f"way-{number}")
        await accept_for(clients.open("matching", "partner"), str(answer["request_id"]))
    await page.goto(f"{running.public_url}/operations")
    await page.fill("[name=reference]", str(answer["request_id"])[-6:])
    await press(page, "查看")
    for words in ("intake", "notify", "matching", "已落实", "已为其预留"):
        await reload_until(page, words)
    shown = await read_main(page)
    assert re.search(r"\+\d+\.\d s", shown), "how long each step took"
    assert name not in shown
    await check_page(page)


async def accept_for(partner: Client, request_id: str) -> None:
    """Its donor's answer, whom this request was proposed to."""

    async def find_matches() -> list[str]:
        page = await partner.get("/matches", state="proposed", limit=500)
        return [row["id"] for row in page["matches"] if row["request_id"] == request_id]

    [match_id] = await eventually(find_matches, lambda ids: len(ids) == 1)
    await partner.post(f"/matches/{match_id}/accept", key=f"accept-{match_id}")


async def test_a_stream_that_was_refused_is_opened_again(running: Stack, page: Page) -> None:
    """As while a service starts: a browser by itself would give up."""

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503)

    await page.route("**/operations/live", refuse, times=1)
    async with page.expect_response("**/operations/live") as refused:
        await page.goto(f"{running.public_url}/operations")
    assert (await refused.value).status == 503
    async with page.expect_response("**/operations/live") as again:
        pass
    assert (await again.value).status == 200


async def test_without_script_the_flow_is_what_it_was_when_loaded(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, DESK) as page:
        person = await enrol(page, running, "operator")
    async with open_page(browser, DESK, script=False) as page:
        await sign_in(page, running, person)
        await page.goto(f"{running.public_url}/operations")
        assert await page.locator("section table").count() == 4, "of every service"
