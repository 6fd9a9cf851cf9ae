"""The first page of a visitor: how heavy it is, and how soon it is there."""

from playwright.async_api import Browser

from deploy.local.stack import Stack
from tests.pages.browser import open_page

FIRST_PAGE_BYTES_MAX = 100 * 1024
FIRST_PAGE_MS_MAX = 500
LOADS = 7
WEIGHT = """async () => {
  await new Promise((done) => setTimeout(done));  // the load event has ended
  const [page] = performance.getEntriesByType("navigation");
  const parts = [page, ...performance.getEntriesByType("resource")];
  return [parts.reduce((sum, part) => sum + part.transferSize, 0), page.loadEventEnd];
}"""


async def test_the_first_page_is_light_and_quick(running: Stack, browser: Browser) -> None:
    """Of a visitor who was never here. The quickest of a few loads: other work may be under way."""
    loads = []
    for _ in range(LOADS):
        async with open_page(browser) as page:
            await page.goto(running.public_url, wait_until="load")
            loads.append(await page.evaluate(WEIGHT))
    assert max(size for size, _ in loads) < FIRST_PAGE_BYTES_MAX
    assert min(ms for _, ms in loads) < FIRST_PAGE_MS_MAX
