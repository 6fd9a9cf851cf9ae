"""Signing in as a person meets it: on a phone and at a desk, by keyboard, without script."""

import httpx
import pytest
from playwright.async_api import Browser

from deploy.local.stack import Stack
from shared.web.links import LinkRoute
from shared.web.staff import PageRoute
from tests.pages.browser import (
    PASSWORD,
    SIZES,
    enrol,
    open_page,
    sign_in,
)
from tests.pages.steps import check_page
from tests.support.services import SERVICES, address, not_started, operations

BROWSER = {"Accept": "text/html"}
PUBLIC = (
    *("/sign-in", "/language/", "/static/", "/log", "/callbacks/", "/ask", "/give", "/ledger"),
    *("/mine", "/notify/subscribe"),
    "/health/",  # the front's own
)
# For programs that have no key yet, below the prefix of programs alone.
OPEN311 = ("/open311/discovery.", "/open311/v2/services")


@pytest.mark.parametrize(("size", "account"), [("phone", "approver-town"), ("desk", "operator")])
async def test_from_invitation_to_sign_out(
    running: Stack, browser: Browser, size: str, account: str
) -> None:
    asked: set[str] = set()
    async with open_page(browser, SIZES[size]) as page:
        page.on("request", lambda request: asked.add(httpx.URL(request.url).host))
        await page.goto(running.public_url)
        await check_page(page)
        person = await enrol(page, running, account)
        await check_page(page)
        await sign_in(page, running, person)
        await check_page(page)
        for path in await page.locator("nav a").evaluate_all("all => all.map(a => a.pathname)"):
            answer = await page.goto(running.public_url + path)
            assert answer is not None
            assert answer.ok, path
            await check_page(page)
        await page.get_by_role("link", name="English").click()
        assert await page.locator("html").get_attribute("lang") == "en"
        await check_page(page)
        await page.get_by_role("button", name="Sign out").first.click()
        await page.wait_for_url("**/sign-in?done=out")
        await page.goto(f"{running.public_url}/home")
        assert page.url.endswith("/sign-in?next=%2Fhome")
    assert asked == {"127.0.0.1"}, "no other host is asked for anything"


async def test_by_keyboard_alone_and_without_script(running: Stack, browser: Browser) -> None:
    async with open_page(browser) as page:
        person = await enrol(page, running, "auditor")
    async with open_page(browser, script=False) as page:
        await page.goto(f"{running.public_url}/accounts")
        assert "/sign-in?next=" in page.url
        await page.keyboard.press("Tab")
        assert await page.locator("a.skip:focus").count() == 1
        for words in (person.account, PASSWORD, person.make_code(1)):
            while not await page.locator(".field input:focus").count():
                await page.keyboard.press("Tab")
            await page.keyboard.type(words)
            await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/accounts")
        assert await page.locator("tbody tr").count() > 5


async def test_wrong_passwords_lock_in_words_and_an_operator_unlocks(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser) as page, open_page(browser) as operator_page:
        person = await enrol(page, running, "collector")
        for _ in range(3):
            await page.goto(f"{running.public_url}/sign-in")
            await page.fill("[name=name]", person.account)
            await page.fill("[name=password]", "wrong")
            await page.fill("[name=code]", person.make_code(1))
            await page.locator("main button").click()
        assert "暂时锁定" in await page.locator("[role=alert]").inner_text()
        await check_page(page)
        operator = await enrol(operator_page, running, "operator")
        await sign_in(operator_page, running, operator)
        await operator_page.goto(f"{running.public_url}/accounts")
        await operator_page.get_by_role("button", name="解锁 collector").click()
        await operator_page.wait_for_url("**/accounts")
        await sign_in(page, running, person)


@pytest.mark.parametrize("service", SERVICES)
async def test_signed_out_nobody_sees_what_is_not_public(running: Stack, service: str) -> None:
    """Through the front: pages lead to the sign-in, links open nothing, the rest is 401 or 404."""
    app = not_started(service)
    pages = {
        address(each.path)
        for other in SERVICES
        for each in operations(not_started(other))
        if isinstance(each.route, PageRoute)
    }
    async with httpx.AsyncClient(base_url=running.public_url, trust_env=False) as http:
        for operation in operations(app):
            path = address(operation.path)
            if operation.method != "GET" or path == "/" or path.startswith(PUBLIC):
                continue
            answer = await http.get(path, headers=BROWSER)
            inner = await http.get(f"/api/{service}{path}")
            if isinstance(operation.route, PageRoute):
                assert answer.headers["location"].startswith("/sign-in?next="), path
            elif isinstance(operation.route, LinkRoute):
                assert answer.status_code == 401, path
            elif path not in pages:
                assert answer.status_code == 404, path
            is_description = path in ("/docs", "/openapi.json", "/asyncapi", "/asyncapi.json")
            expected = (200,) if is_description else (401, 404)
            if path.startswith(OPEN311):
                expected = (422,)  # "X-1" is neither json nor xml
            assert inner.status_code in expected, path
