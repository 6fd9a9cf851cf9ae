"""Every page there is, at the phone's size: nothing that WCAG 2.2 AA forbids, nothing to scroll
sideways, nothing of another host, no error, and a first page that is light.

From the first page of each role every link is followed once for each kind of page. axe takes most
of the time, so it looks at what no page before had: another kind of page, or other parts on it.
Each kind is seen once at a desk's size too, in both languages, and once in English and dark: where
words are longer, and colours others, axe has only the rules that these decide.
"""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, Request

from deploy.demo.campaign import Enterprise
from deploy.demo.clients import open_clients
from deploy.demo.open_work import leave_open_work
from deploy.local.stack import Stack
from tests.pages.browser import (
    DESK,
    PHONE,
    enrol,
    is_wider_than_screen,
    list_violations,
    open_page,
    sign_in,
)
from tests.pages.crawling import crawl, find_kind
from tests.pages.leaving import leave_statements
from tests.pages.steps import sign_in_by_phone
from tests.pages.test_first_page import FIRST_PAGE_BYTES_MAX
from tests.pages.test_whole_way import accept_all, approve, ask, deliver

WITHIN_S = 1200
STAFF = (
    *("collector", "approver-village", "approver-town", "approver-city"),
    *("finance-maker", "finance-checker", "auditor", "support", "operator", "partner"),
)
# The one page that runs a script of another's (decision 0415).
OF_WECHAT = "/notify/subscribe"
# What a page is made of: its elements by name, classes, state and role.
PARTS = """() => [...new Set([...document.querySelectorAll("body *")].map(
  (each) => [each.tagName, ...["class", "type", "role"].map((a) => each.getAttribute(a))].join()
))]"""
# Of everything that it loaded, from a cache or not.
WEIGHT = """() => ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
  .reduce((sum, part) => sum + part.encodedBodySize, 0)"""
# A finger swipes a row of links; a mouse does not find what lies beside it.
IS_CUT = """() => [...document.querySelectorAll("nav")]
  .some((nav) => nav.scrollWidth > nav.clientWidth)"""
# Light and dark differ in colours alone, Chinese and English in words.
COLOURS_AND_WORDS = {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "button-name", "link-name", "label"],
    },
    "resultTypes": ["violations"],
}


@dataclass
class Findings:
    """url: of the house. parts: of each kind of page, what axe has looked at."""

    url: str
    parts: dict[str, set[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    async def walk(self, page: Page, who: str) -> None:
        """All that he can reach from the page that he is on."""
        page.on("request", lambda request: self._check_host(who, request))
        first = page.url.removeprefix(self.url)
        async for path, status in crawl(page, first, self.url):
            if status >= 400:
                self.problems.append(f"{who} {path}: {status}")
            if path == first and (weight := await page.evaluate(WEIGHT)) > FIRST_PAGE_BYTES_MAX:
                self.problems.append(f"{who} {path} weighs {weight:,} bytes")
            is_new = find_kind(path) not in self.parts
            found = await self._look(page, find_kind(path))
            if is_new and status < 400:
                found += [*await _look_at_desk(page), *await self._look_in_dark_english(page)]
            self.problems += [f"{who} {each}" for each in found]

    def take(self) -> list[str]:
        """What was found since it was asked last; `last` shows it once more."""
        self.last, self.problems = self.problems, []
        return self.last

    def find_first_parts(self) -> set[str]:
        return {kind.split("/")[1].partition("?")[0] for kind in self.parts}

    def _check_host(self, who: str, request: Request) -> None:
        is_foreign = not request.url.startswith((f"{self.url}/", "data:"))
        if is_foreign and not request.frame.url.startswith(self.url + OF_WECHAT):
            self.problems.append(f"{who} asks {request.url}")

    async def _look(self, page: Page, kind: str) -> list[str]:
        found = [f"{page.url} is wider than a phone"] if await is_wider_than_screen(page) else []
        parts, seen = set(await page.evaluate(PARTS)), self.parts.get(kind)
        if seen is None or not parts <= seen:
            found += await list_violations(page)
        self.parts[kind] = parts | (seen or set())
        return found

    async def _look_in_dark_english(self, page: Page) -> list[str]:
        await page.emulate_media(color_scheme="dark")
        await _choose_language(page, self.url, "en")
        answer = await page.reload()
        found = [f"{page.url} is wider than a phone in English"] * await is_wider_than_screen(page)
        if answer is None or not answer.ok:
            found.append(f"{page.url} in English: {answer and answer.status}")
        if await page.locator("html").get_attribute("lang") != "en":
            found.append(f"{page.url} is not in English")
        found += await _look_at_desk(page)
        found += [
            f"English, dark {each}" for each in await list_violations(page, COLOURS_AND_WORDS)
        ]
        await _choose_language(page, self.url, "zh")
        await page.emulate_media(color_scheme="light")
        return found


async def _look_at_desk(page: Page) -> list[str]:
    await page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    found = [f"{page.url} is wider than a desk's screen"] * await is_wider_than_screen(page)
    if await page.evaluate(IS_CUT):
        found.append(f"{page.url} has links beside the screen")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    return found


async def _choose_language(page: Page, url: str, language: str) -> None:
    """As the link in the frame does."""
    cookie = {"name": "guanjia-language", "value": language, "url": url}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]


@pytest.fixture(scope="module")
def findings(running: Stack) -> Findings:
    return Findings(running.public_url)


@pytest.mark.timeout(WITHIN_S)
async def test_nobody_meets_a_page_that_breaks_wcag_or_is_wider_than_his_phone(
    running: Stack, browser: Browser, findings: Findings, donor: Enterprise
) -> None:
    """The public, who asked, and who gives, by his link and signed in by a code."""
    async with open_clients(running.urls, running.secrets_dir) as clients:
        await leave_open_work(clients)
    async with open_page(browser) as applicant, open_page(browser) as giver:
        phone = await make_case(browser, running, applicant, giver, donor)
        await findings.walk(applicant, "applicant by link")
        await giver.goto(giver.url.removesuffix("/answer"))
        await findings.walk(giver, "giver by link")
    async with open_page(browser) as page:
        await page.goto(running.public_url)
        await findings.walk(page, "public")
    async with open_page(browser) as page:
        await sign_in_by_phone(page, running, "giver", donor.phone)
        await findings.walk(page, "giver")
    async with open_page(browser) as page:
        await sign_in_by_phone(page, running, "mine", phone)
        await findings.walk(page, "applicant")
    assert not findings.take(), "\n".join(findings.last)
    assert {"r", "p", "giver", "mine", "ask", "give", "ledger"} <= findings.find_first_parts()


@pytest.mark.timeout(WITHIN_S)
@pytest.mark.parametrize("account", STAFF)
async def test_no_member_of_staff_meets_one(
    running: Stack, browser: Browser, findings: Findings, account: str
) -> None:
    async with open_page(browser) as page:
        await sign_in(page, running, await enrol(page, running, account))
        if account == "finance-maker":
            await leave_statements(page, running)
            await page.goto(f"{running.public_url}/home")
        await findings.walk(page, account)
    assert not findings.take(), "\n".join(findings.last)


async def make_case(
    browser: Browser, stack: Stack, applicant: Page, giver: Page, donor: Enterprise
) -> str:
    """Asked, approved, promised by a donor and brought, so that pages have something on them. The
    phone that it was asked with."""
    name, phone = f"周{'甲乙丙丁'[uuid4().int % 4]}苗", f"138{uuid4().int % 10**8:08d}"
    await ask(applicant, stack, name, phone)
    async with open_page(browser, PHONE) as approver:
        await sign_in(approver, stack, await enrol(approver, stack, "approver-city"))
        await approve(approver, stack, name, phone)
        await accept_all(giver, stack, donor)
        await deliver(approver)
    await applicant.reload()
    return f"+86{phone}"
