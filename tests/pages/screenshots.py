"""Each page at both sizes, from a demo's data: `python -m tests.pages.screenshots`.

From each role's first page every link is followed once for each kind of page, so a new page is
there by being linked.
"""

import argparse
import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from deploy.demo import campaign
from deploy.demo.accounts import DemoAccount, make_accounts
from deploy.demo.cli import SETTINGS, compute_lifetime_s
from deploy.demo.clients import open_clients
from deploy.demo.progress import ProgressDisplay, make_console
from deploy.demo.scenario import Scenario
from deploy.local.stack import Stack, StackOptions
from tests.pages.browser import SIZES, open_browser, open_page

FOLDER = Path("build/screenshots")
WITHIN_S = 600.0
PAGES_MAX = 60
# Pages of a kind: those whose paths differ in ids and digits alone.
ID = re.compile(r"[A-Z]{1,3}-[0-9a-f-]+|\d+|[\w-]{40,}")
LINKS = "all => all.map(a => a.href)"


async def main(wishes: int, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="guanjia-pages-") as data_dir:
        stack = await _play(Path(data_dir), wishes)
        try:
            accounts = await make_accounts(stack)
            async with open_browser() as browser:
                await shoot(browser, stack.public_url, accounts, folder)
        finally:
            await stack.stop()


async def _play(data_dir: Path, wishes: int) -> Stack:
    """A stack whose campaign has been played; the caller stops it."""
    lifetime = {"GUANJIA_PROPOSAL_LIFETIME_S": str(compute_lifetime_s(wishes))}
    stack = Stack(StackOptions(data_dir=data_dir, settings_env=SETTINGS | lifetime), print)
    await stack.start()
    with ProgressDisplay(make_console()) as display:
        async with open_clients(stack.urls, stack.secrets_dir) as clients:
            scenario = Scenario(clients, stack, display, WITHIN_S)
            await scenario.play_campaign(campaign.make_wishes(wishes))
    return stack


async def shoot(browser: Browser, url: str, accounts: list[DemoAccount], folder: Path) -> None:
    for size, dimensions in SIZES.items():
        async with open_page(browser, dimensions) as page:
            await _walk(page, f"{url}/", url, folder, f"public-{size}")
        for account in accounts:
            async with open_page(browser, dimensions) as page:
                await page.goto(f"{url}/sign-in")
                await page.fill("[name=name]", account.id)
                await page.fill("[name=password]", account.password)
                await page.locator("main button").click()
                await page.wait_for_url("**/home")
                await _walk(page, f"{url}/home", url, folder, f"{account.id}-{size}")


async def _walk(page: Page, first: str, url: str, folder: Path, prefix: str) -> None:
    waiting, seen = [first], {_find_kind(first)}
    for _ in range(PAGES_MAX):
        if not waiting:
            return
        address = waiting.pop(0)
        answer = await page.goto(address)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        name = re.sub(r"\W+", "-", _find_kind(address).removeprefix(url)).strip("-") or "start"
        await page.screenshot(path=folder / f"{prefix}-{name}.png", full_page=True)
        for link in await page.locator("a[href]").evaluate_all(LINKS):
            kind = _find_kind(link)
            if link.startswith(url) and "/language/" not in link and kind not in seen:
                seen.add(kind)
                waiting.append(link)


def _find_kind(address: str) -> str:
    return ID.sub("x", address.partition("#")[0].partition("?")[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wishes", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    asyncio.run(main(options.wishes, options.folder))
