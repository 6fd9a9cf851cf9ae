"""What an operator watches and mends: the flow as it is, and a record that nobody can read."""

import re

from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, Route

from deploy.demo.clients import open_clients
from deploy.local.stack import Stack
from shared.contracts.topics import REQUESTS_INBOUND
from tests.pages.browser import DESK, PHONE, enrol, open_page, sign_in
from tests.pages.steps import check_page, press, read_main, reload_until


async def publish_garbage(stack: Stack) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(REQUESTS_INBOUND, b"no event")
    finally:
        await producer.stop()


async def test_a_dead_letter_appears_by_itself_and_is_discarded(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "operator"))
        await page.goto(f"{running.public_url}/operations")
        await check_page(page)
        letters = page.locator("a[href='/intake/operations#dead-letters']")
        assert await letters.count() == 0
        await publish_garbage(running)
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
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "operator"))
        await publish_garbage(running)
        await page.goto(f"{running.public_url}/intake/operations")
        await reload_until(page, "没有办成的消息")
        letters = page.locator("a[href*='/dead-letters/']")
        await letters.first.click()
        await page.wait_for_load_state()
        await press(page, "重放")
        await page.goto(f"{running.public_url}/intake/operations")
        assert await letters.count() == 1
        await letters.first.click()
        await page.wait_for_load_state()
        await press(page, "放弃")
        assert "没有死信" in await read_main(page)


async def test_one_requests_way_is_followed_with_times(running: Stack, browser: Browser) -> None:
    """From what an operator is told on the phone: six signs. Of the person nothing."""
    name = "经过一"
    request = {
        "kind": "wish",
        "category": "disability",
        "channel": "committee",
        "beneficiary_class": "disabled",
        "need": {"unit": "辆", "quantity": 1, "item": "轮椅"},
        "area": {"town_code": "441900103"},
        "applicant": {"name": name, "phone": "+8613800138907"},
        "text": "家里老人瘫痪，求一辆轮椅",
    }
    async with open_clients(running.urls, running.secrets_dir) as clients:
        village = clients.open("intake", "channel-village")
        answer = await village.post("/requests", request, key="way-1")
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "operator"))
        await page.goto(f"{running.public_url}/operations")
        await page.fill("[name=reference]", str(answer["request_id"])[-6:])
        await press(page, "查看")
        for service in ("intake", "notify"):
            await reload_until(page, service)
        shown = await read_main(page)
        assert re.search(r"\+\d+\.\d s", shown), "how long each step took"
        assert name not in shown
        await check_page(page)


async def test_without_script_the_flow_is_what_it_was_when_loaded(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, DESK) as page:
        person = await enrol(page, running, "operator")
    async with open_page(browser, DESK, script=False) as page:
        await sign_in(page, running, person)
        await page.goto(f"{running.public_url}/operations")
        assert await page.locator("section table").count() == 4, "of every service"


async def test_a_stream_that_was_refused_is_opened_again(running: Stack, browser: Browser) -> None:
    """As while a service starts: a browser by itself would give up."""
    async with open_page(browser, DESK) as page:
        await sign_in(page, running, await enrol(page, running, "operator"))

        async def refuse(route: Route) -> None:
            await route.fulfill(status=503)

        await page.route("**/operations/live", refuse, times=1)
        async with page.expect_response("**/operations/live") as refused:
            await page.goto(f"{running.public_url}/operations")
        assert (await refused.value).status == 503
        async with page.expect_response("**/operations/live") as again:
            pass
        assert (await again.value).status == 200
