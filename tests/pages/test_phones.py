"""The simulated phones as their owners hold them: what comes is read, answered, and agreed to."""

from uuid import uuid4

from playwright.async_api import Browser, Page

from deploy.local.stack import Stack
from tests.pages.browser import SIZES, is_wider_than_screen, list_violations, open_page


async def open_phone(page: Page, stack: Stack, recipient: str) -> None:
    await page.goto(stack.urls["simulators"])
    await page.fill("#wanted", recipient)
    await page.click("#find button")
    await page.wait_for_selector(f"[aria-label='{recipient}']")


async def answer(page: Page, recipient: str, text: str) -> None:
    phone = page.locator(f"section[aria-label='{recipient}']")
    await phone.locator("input").fill(text)
    await phone.get_by_role("button", name="发送").click()


async def test_who_writes_from_a_phone_reads_the_answer_there(
    running: Stack, browser: Browser
) -> None:
    number = f"+86138{uuid4().int % 10**8:08d}"
    async with open_page(browser) as page:
        await open_phone(page, running, number)
        await answer(page, number, "家里老人瘫痪，求一辆轮椅，茶山镇")
        phone = page.locator(f"section[aria-label='{number}']")
        await phone.locator(".bubble.in").first.wait_for(timeout=60_000)
        assert "东莞民政" in await phone.locator(".bubble.in").first.inner_text()
        assert await list_violations(page) == []
        assert not await is_wider_than_screen(page)


async def test_one_tap_inside_wechat_is_one_more_message(running: Stack, browser: Browser) -> None:
    """From the account's menu, on the page of the house, by WeChat's own button and question."""
    openid = f"oTap{uuid4().hex[:16]}"
    async with open_page(browser, SIZES["phone"]) as page:
        await open_phone(page, running, openid)
        async with page.expect_popup() as opened:
            await page.locator(f"section[aria-label='{openid}'] .menu a").click()
        house = await opened.value
        button = house.locator("wx-open-subscribe button").first
        await button.wait_for()
        assert await list_violations(house) == []
        assert not await is_wider_than_screen(house)
        house.once("dialog", lambda dialog: dialog.dismiss())
        await button.click()
        status = house.locator("[role=status]:visible")
        await status.wait_for()
        assert "没有同意" in await status.inner_text()
        house.once("dialog", lambda dialog: dialog.accept())
        await button.click()
        await house.get_by_text("已同意").wait_for()


async def test_without_script_the_page_says_what_one_would_agree_to(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, script=False) as page:
        await page.goto(f"{running.public_url}/notify/subscribe")
        assert await page.locator("main li").count() >= 2
        assert "会用其他方式通知您" in await page.locator("main").inner_text()
        assert await page.locator("[role=alert]:visible, [role=status]:visible").count() == 0
