"""The whole way of a case where no browser runs a script: every step is a form and its answer."""

from uuid import uuid4

from playwright.async_api import Browser

from deploy.demo.campaign import Enterprise
from deploy.local.stack import Stack
from tests.pages.browser import PHONE, enrol, open_page, sign_in
from tests.pages.steps import press, read_main
from tests.pages.test_cases import enter, open_entry
from tests.pages.test_whole_way import accept_all, approve, ask, confirm, deliver


async def test_from_asking_to_a_confirmation_without_script(
    running: Stack, browser: Browser, donor: Enterprise
) -> None:
    name, phone = "周三苗", f"138{uuid4().int % 10**8:08d}"
    async with (
        open_page(browser, PHONE, script=False) as applicant,
        open_page(browser, PHONE, script=False) as approver,
        open_page(browser, PHONE, script=False) as giver,
    ):
        await ask(applicant, running, name, phone)
        await sign_in(approver, running, await enrol(approver, running, "approver-city"))
        await approve(approver, running, name, phone)
        await accept_all(giver, running, donor)
        await deliver(approver)
        await confirm(applicant, running, phone)


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
