"""What staff do where no browser runs a script: every step is a form and its answer."""

from playwright.async_api import Browser

from deploy.local.stack import Stack
from tests.pages.browser import PHONE, enrol, open_page, sign_in
from tests.pages.steps import press, read_main
from tests.pages.test_cases import enter, open_entry


async def test_requests_after_a_visit_are_entered_without_script(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE, script=False) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        typed = {"item": "护理床", "quantity": "1", "unit": "张", "town": "石碣镇"}
        await enter(page, name="无脚本一", phone="13800138921", **typed)
        case = await enter(page, name="无脚本二", phone="13800138922", **typed)
        assert "第 2 件已登记" in await read_main(page)
        await page.goto(f"{running.public_url}{case}")
        await page.locator("summary", has_text="记一条备注").click()
        await page.fill("#case-note", "儿子周末在家")
        await press(page, "记下备注")
        assert "儿子周末在家" in await read_main(page)
