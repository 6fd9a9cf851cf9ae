"""What an operator watches and mends: the flow as it is, and a record that nobody can read."""

from aiokafka import AIOKafkaProducer
from playwright.async_api import Browser, Route

from deploy.local.stack import Stack
from shared.contracts.topics import REQUESTS_INBOUND
from tests.pages.browser import DESK, PHONE, enrol, open_page, sign_in
from tests.pages.steps import check_page, press, read_main


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
