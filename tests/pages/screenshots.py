"""Each page in each look, from a demo's data: `python -m tests.pages.screenshots`.

From each role's first page every link is followed once for each kind of page, so a new page is
there by being linked; the same for who gave and who asked, signed in by a code, and from each
kind of link that comes by a message. Pages that are linked from nowhere have to be left by
somebody first (leaving.py); at the end it says which addresses nobody came to.
"""

import argparse
import asyncio
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page

from deploy.commands.accounts import make_invitation
from deploy.demo import campaign
from deploy.demo.accounts import DemoAccount, make_accounts
from deploy.demo.campaign import Enterprise
from deploy.demo.cli import SETTINGS, compute_lifetime_s
from deploy.demo.clients import open_clients
from deploy.demo.open_work import leave_open_work
from deploy.demo.progress import ProgressDisplay, make_console
from deploy.demo.scenario import Scenario
from deploy.local.stack import Stack, StackOptions
from shared.contracts.topics import DONATIONS_INBOUND, OFFERS_INBOUND, REQUESTS_INBOUND
from tests.pages import leaving
from tests.pages.browser import DESK, PHONE, open_browser, open_page
from tests.pages.crawling import crawl, find_kind
from tests.pages.leaving_gifts import is_answered_by, leave_gifts, leave_proposals
from tests.pages.routes import list_unseen
from tests.pages.steps import read_all_messages, sign_in_by_phone
from tests.pages.test_operator import publish_garbage
from tests.pages.test_whole_way import ask

FOLDER = Path("build/screenshots")
WITHIN_S = 600.0
# Like the campaign's, of a range that no operator has given out.
ASKER = "16190000093"
ENGLISH = "english"
# Of a link, or of what somebody brought: its signs are by chance.
TOKEN = re.compile(r"(?<=/)[\w.-]{22,}(?=/|$)")
LOOKS: dict[str, dict[str, Any]] = {
    "phone": {"size": PHONE},
    "desk": {"size": DESK},
    "dark": {"size": PHONE, "dark": True},
    ENGLISH: {"size": PHONE},
}
# What is loaded or reckoned late, such as pictures further down and a proof.
FINISHED = """async () => {
  const pictures = [...document.images];
  pictures.forEach((each) => { each.loading = "eager"; });
  await Promise.allSettled(pictures.map((each) => each.decode()));
  const proof = document.querySelector("#proof");
  while (proof && !proof.hasAttribute("data-done"))
    await new Promise((resolve) => setTimeout(resolve, 50));
}"""


@dataclass
class Shots:
    """links: that came to people. left: by account, what no first page leads to. donor: who
    signs in to see what he gave. seen: the paths of all that was taken."""

    browser: Browser
    stack: Stack
    accounts: list[DemoAccount]
    links: list[str] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)
    donor: Enterprise = field(default_factory=lambda: campaign.list_enterprises()[0])
    seen: set[str] = field(default_factory=set)


async def main(wishes: int, folder: Path, looks: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="guanjia-pages-") as data_dir:
        async with run_played(Path(data_dir), wishes) as stack, open_browser() as browser:
            shots = Shots(browser, stack, await make_accounts(stack))
            await leave_work(shots)
            for look in looks:
                await shoot(shots, folder / look)
    print("no picture of:", *list_unseen(shots.seen), sep="\n")


@asynccontextmanager
async def run_played(data_dir: Path, wishes: int) -> AsyncIterator[Stack]:
    """A stack whose campaign has been played, with work left to do."""
    settings = SETTINGS | {
        # So long that the pages on which a donor answers are reached in time.
        "GUANJIA_PROPOSAL_LIFETIME_S": str(compute_lifetime_s(wishes) + 60),
        "GUANJIA_EMERGENCY_BY_TOWNS": "true",
    }
    stack = Stack(StackOptions(data_dir=data_dir, settings_env=settings), print)
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


async def leave_work(shots: Shots) -> None:
    """What people do before the pictures are taken."""
    browser, stack = shots.browser, shots.stack
    async with open_page(browser) as page:
        await ask(page, stack, "周戊苗", ASKER)
        asked = page.url
    async with AsyncExitStack() as pages:
        staff = {
            each.id: await pages.enter_async_context(_open_signed_in(shots, each))
            for each in shots.accounts
        }
        collector, city = staff["collector"], staff["approver-city"]
        shots.left = {
            "collector": [
                *await leaving.leave_sheets(collector, stack),
                *await leaving.leave_regular_work(collector, stack),
                *await leaving.leave_search(collector, stack),
            ],
            "approver-city": await leaving.leave_meetings(city, staff["auditor"], stack),
            "finance-maker": await leaving.leave_statements(staff["finance-maker"], stack),
        }
        shots.left["auditor"] = shots.left["approver-city"]
        emergencies = await leaving.leave_emergencies(staff["approver-town"], city, stack)
        shots.left["approver-town"] = emergencies
        shots.left["approver-city"] = [*shots.left["approver-city"], *emergencies]
    gifts = await leave_gifts(stack)
    shots.donor = gifts.donor
    shots.left["approver-town"].append(gifts.handover)
    shots.left["finance-maker"].append(gifts.payee)
    shots.left["finance-checker"] = ["/audit/finance/waiting/funds"]
    shots.left["operator"] = [gifts.way]
    await publish_garbage(stack, REQUESTS_INBOUND, OFFERS_INBOUND, DONATIONS_INBOUND)
    mandate = await leaving.ask_for_mandate(stack, gifts.donor)
    invitation = stack.public_url + make_invitation(stack.secrets_dir, "support")
    shots.links = [asked, mandate, gifts.menu, invitation, *await list_links(stack)]


async def list_links(stack: Stack) -> list[str]:
    """Of those that came to anybody, the latest of each kind that one does not answer by."""
    latest: dict[str, str] = {}
    for message in await read_all_messages(stack):
        if (link := message["url"]) and not is_answered_by(link):
            latest[_find_first_part(link)] = link
    return [link for kind, link in latest.items() if kind not in ("r", "a")]


async def shoot(shots: Shots, folder: Path) -> None:
    """folder: named like the look."""
    url, look = shots.stack.public_url, folder.name
    beside = folder / "public"
    async with _open(shots, look) as page:
        await _walk(shots, page, "/", beside)
    for link in (*await leave_proposals(shots.stack, look), *shots.links):
        async with _open(shots, look) as page:
            await page.goto(link)
            path = page.url.removeprefix(url)
            await _walk(shots, page, path, folder / f"link-{_find_first_part(link)}", beside)
    phones = {"mine": f"+86{ASKER}", "giver": shots.donor.phone}
    for base, phone in phones.items():
        async with _open(shots, look) as page:
            await sign_in_by_phone(page, shots.stack, base, phone)
            await _walk(shots, page, f"/{base}", folder / base, beside)
    for account in shots.accounts:
        async with _open_signed_in(shots, account, look) as page:
            left = shots.left.get(account.id, ())
            await _walk(shots, page, "/home", folder / account.id, beside, left)


def _find_first_part(link: str) -> str:
    return urlsplit(link).path.split("/")[1]


@asynccontextmanager
async def _open(shots: Shots, look: str) -> AsyncIterator[Page]:
    async with open_page(shots.browser, **LOOKS[look]) as page:
        if look == ENGLISH:
            await page.goto(f"{shots.stack.public_url}/language/en")
        yield page


@asynccontextmanager
async def _open_signed_in(
    shots: Shots, account: DemoAccount, look: str = "phone"
) -> AsyncIterator[Page]:
    async with _open(shots, look) as page:
        await page.goto(f"{shots.stack.public_url}/sign-in")
        await page.fill("[name=name]", account.id)
        await page.fill("[name=password]", account.password)
        await page.locator("main button").click()
        await page.wait_for_url("**/home")
        yield page


async def _walk(
    shots: Shots,
    page: Page,
    first: str,
    folder: Path,
    beside: Path | None = None,
    left: Sequence[str] = (),
) -> None:
    """Every kind of page within reach, by its path, into the folder. beside: what has the pages
    that look the same for everybody. left: pages that nothing leads to."""
    names: Counter[str] = Counter()
    async for path, _ in crawl(page, first, shots.stack.public_url, left):
        shots.seen.add(path)
        name = re.sub(r"\W+", "-", find_kind(TOKEN.sub("x", path))).strip("-") or "start"
        names[name] += 1
        file = f"{name}-{names[name]}.png" if names[name] > 1 else f"{name}.png"
        if beside is None or path == first or not (beside / file).exists():
            await page.evaluate(FINISHED)
            await page.screenshot(path=folder / file, full_page=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wishes", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--look", action="append", choices=LOOKS, dest="looks")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    options.folder.mkdir(parents=True)
    asyncio.run(main(options.wishes, options.folder, options.looks or list(LOOKS)))
