"""Every page there is, at both sizes: nothing that WCAG 2.2 AA forbids, nothing to scroll sideways.

From the first page of each role every link is followed once for each kind of page, over what the
walks before have left on the stack.
"""

from urllib.parse import urlsplit

from playwright.async_api import Browser

from deploy.demo.accounts import PEOPLE
from deploy.local.stack import Stack
from tests.pages.browser import (
    SIZES,
    enrol,
    is_wider_than_screen,
    list_violations,
    open_page,
    sign_in,
)
from tests.pages.crawling import crawl, find_kind

FIRST_PAGE_BYTES_MAX = 100 * 1024
FIRST_PAGE_MS_MAX = 500
LOADS = 7
WEIGHT = """async () => {
  await new Promise((done) => setTimeout(done));  // the load event has ended
  const [page] = performance.getEntriesByType("navigation");
  const parts = [page, ...performance.getEntriesByType("resource")];
  return [parts.reduce((sum, part) => sum + part.transferSize, 0), page.loadEventEnd];
}"""


async def test_no_page_of_anybody_breaks_wcag_or_is_wider_than_its_screen(
    running: Stack, browser: Browser
) -> None:
    """A kind of page that several roles see is checked once, and opens for each of them."""
    checked: set[str] = set()
    problems: list[str] = []
    for account in ("", *(id_ for id_, _ in PEOPLE)):
        async with open_page(browser) as page:
            if account:
                await sign_in(page, running, await enrol(page, running, account))
            async for path, status in crawl(page, "/home" if account else "/", running.public_url):
                if status >= 400:
                    problems.append(f"{account} {path}: {status}")
                if find_kind(path) in checked:
                    continue
                checked.add(find_kind(path))
                for name, (width, height) in SIZES.items():
                    await page.set_viewport_size({"width": width, "height": height})
                    problems += [f"{name} {each}" for each in await list_violations(page)]
                    if await is_wider_than_screen(page):
                        problems.append(f"{name} {path} is wider than the screen")
    assert problems == []
    first_parts = {urlsplit(path).path.split("/")[1] for path in checked}
    assert {"ask", "give", "ledger", "desk", "cases", "meetings", "operations"} <= first_parts


async def test_the_first_page_is_light_and_quick(running: Stack, browser: Browser) -> None:
    """Of a visitor who was never here. The quickest of a few loads: other work may be under way."""
    loads = []
    for _ in range(LOADS):
        async with open_page(browser) as page:
            await page.goto(running.public_url, wait_until="load")
            loads.append(await page.evaluate(WEIGHT))
    assert max(size for size, _ in loads) < FIRST_PAGE_BYTES_MAX
    assert min(ms for _, ms in loads) < FIRST_PAGE_MS_MAX
