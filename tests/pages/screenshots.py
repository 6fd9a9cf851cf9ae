"""Each page in each look, from a demo's data: `python -m tests.pages.screenshots`.

From each role's first page every link is followed once for each kind of page, so a new page is
there by being linked; the same for who gave and who asked, signed in by a code, and from each
kind of link that comes by a message.
"""

import argparse
import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page

from deploy.demo import campaign
from deploy.demo.accounts import DemoAccount, make_accounts
from deploy.demo.cli import SETTINGS, compute_lifetime_s
from deploy.demo.clients import open_clients
from deploy.demo.open_work import leave_open_work
from deploy.demo.progress import ProgressDisplay, make_console
from deploy.demo.scenario import Scenario
from deploy.local.stack import Stack, StackOptions
from tests.pages.browser import DESK, PHONE, open_browser, open_page
from tests.pages.crawling import crawl, find_kind
from tests.pages.steps import Phone, sign_in_by_phone
from tests.pages.test_whole_way import ask

FOLDER = Path("build/screenshots")
WITHIN_S = 600.0
# Like the campaign's, of a range that no operator has given out.
ASKER = "16190000093"
ENGLISH = "english"
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"size": PHONE},
    "desk": {"size": DESK},
    "dark": {"size": PHONE, "dark": True},
    ENGLISH: {"size": PHONE},
}


async def main(wishes: int, folder: Path, looks: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="guanjia-pages-") as data_dir:
        async with run_played(Path(data_dir), wishes) as stack:
            accounts = await make_accounts(stack)
            async with open_browser() as browser:
                async with open_page(browser) as page:
                    await ask(page, stack, "周戊苗", ASKER)
                    links = [page.url, *await list_links(stack)]
                for look in looks:
                    await shoot(browser, stack, accounts, links, folder / look)


@asynccontextmanager
async def run_played(data_dir: Path, wishes: int) -> AsyncIterator[Stack]:
    """A stack whose campaign has been played, with work left to do."""
    lifetime = {"GUANJIA_PROPOSAL_LIFETIME_S": str(compute_lifetime_s(wishes))}
    stack = Stack(StackOptions(data_dir=data_dir, settings_env=SETTINGS | lifetime), print)
    await stack.start()
    try:
        with ProgressDisplay(make_console()) as display:
            async with open_clients(stack.urls, stack.secrets_dir) as clients:
                scenario = Scenario(clients, stack, display, WITHIN_S)
                await scenario.play_campaign(campaign.make_wishes(wishes))
                await leave_open_work(clients)
        yield stack
    finally:
        await stack.stop()


async def list_links(stack: Stack) -> list[str]:
    """Of those that came to who gives, the first of each kind."""
    first: dict[str, str] = {}
    for enterprise in campaign.list_enterprises():
        for message in await Phone(stack, enterprise.openid).read_messages():
            if link := message["url"]:
                first.setdefault(_find_first_part(link), link)
    return list(first.values())


async def shoot(
    browser: Browser,
    stack: Stack,
    accounts: list[DemoAccount],
    links: list[str],
    folder: Path,
) -> None:
    """folder: named like the look."""
    url, look = stack.public_url, folder.name
    beside = folder / "public"
    async with _open(browser, url, look) as page:
        await _walk(page, "/", url, beside)
    for link in links:
        async with _open(browser, url, look) as page:
            await page.goto(link)
            path = page.url.removeprefix(url)
            await _walk(page, path, url, folder / f"link-{_find_first_part(link)}", beside)
    phones = {"mine": f"+86{ASKER}", "giver": campaign.list_enterprises()[0].phone}
    for base, phone in phones.items():
        async with _open(browser, url, look) as page:
            await sign_in_by_phone(page, stack, base, phone)
            await _walk(page, f"/{base}", url, folder / base, beside)
    for account in accounts:
        async with _open(browser, url, look) as page:
            await page.goto(f"{url}/sign-in")
            await page.fill("[name=name]", account.id)
            await page.fill("[name=password]", account.password)
            await page.locator("main button").click()
            await page.wait_for_url("**/home")
            await _walk(page, "/home", url, folder / account.id)


def _find_first_part(link: str) -> str:
    return urlsplit(link).path.split("/")[1]


@asynccontextmanager
async def _open(browser: Browser, url: str, look: str) -> AsyncIterator[Page]:
    async with open_page(browser, **LOOKS[look]) as page:
        await _choose_language(page, url, look)
        yield page


async def _choose_language(page: Page, url: str, look: str) -> None:
    if look == ENGLISH:
        await page.goto(f"{url}/language/en")


async def _walk(page: Page, first: str, url: str, folder: Path, beside: Path | None = None) -> None:
    """Every kind of page within reach, by its path, into the folder. beside: what has the pages
    that look the same for everybody."""
    async for path, _ in crawl(page, first, url):
        name = (re.sub(r"\W+", "-", find_kind(path)).strip("-") or "start") + ".png"
        if beside is None or path == first or not (beside / name).exists():
            await page.screenshot(path=folder / name, full_page=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wishes", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--look", action="append", choices=LOOKS, dest="looks")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    asyncio.run(main(options.wishes, options.folder, options.looks or list(LOOKS)))
