"""Following links as a curious person does: each kind of page once."""

import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qs

from playwright.async_api import Error, Page

PAGES_MAX = 120
# Pages of a kind: those whose addresses differ in ids, codes, digits and what is filtered by.
ID = re.compile(r"GJ[0-9A-Z]{10}|[A-Z]{1,3}-[0-9a-f-]+|\d+|[\w-]{40,}|[a-z]+(?:_[a-z]+)+")
# By the attribute: a link in a drawing has no text for an address.
LINKS = "all => all.map(a => new URL(a.getAttribute('href'), location.href).href)"


async def crawl(
    page: Page, first: str, url: str, others: Sequence[str] = ()
) -> AsyncIterator[tuple[str, int]]:
    """Every kind of page within reach, while it is open: its path and the status of its answer.
    others: pages to open besides, whatever their kind. Raises RuntimeError where there seems to be
    no end of them."""
    waiting = [first, *others]
    seen = {find_kind(each) for each in waiting}
    for _ in range(PAGES_MAX):
        if not waiting:
            return
        path = waiting.pop(0)
        status = await _open(page, url + path)
        if not status:
            continue
        links = await page.locator("a[href]").evaluate_all(LINKS)
        yield path, status
        for link in links:
            path = link.removeprefix(url).partition("#")[0]
            kind = find_kind(path)
            if path.startswith("/") and not kind.startswith("/language/") and kind not in seen:
                seen.add(kind)
                waiting.append(path)
    raise RuntimeError(f"more than {PAGES_MAX} kinds of pages from {first}: {waiting}")


async def _open(page: Page, address: str) -> int:
    """0 for what is no page and no refusal: a table to download, a picture."""
    try:
        answer = await page.goto(address)
    except Error as error:
        if "Download is starting" in error.message:
            return 0
        raise
    is_page = answer is not None and "text/html" in answer.headers.get("content-type", "")
    return answer.status if answer and (is_page or not answer.ok) else 0


def find_kind(path: str) -> str:
    path, _, query = path.partition("#")[0].partition("?")
    return ID.sub("x", path) + "".join(f"?{name}" for name in sorted(parse_qs(query)))
