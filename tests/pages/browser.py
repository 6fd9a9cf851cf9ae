"""A real browser before a running stack: Debian's Chromium by Playwright, and axe-core."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pyotp
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

from deploy.commands.accounts import make_invitation
from deploy.local.stack import AT_ONCE, Stack, StackOptions
from shared.clock import system_now

PHONE, DESK = (375, 812), (1280, 900)
SIZES: Mapping[str, tuple[int, int]] = {"phone": PHONE, "desk": DESK}
WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
PASSWORD = "quilt river lantern"
CODE_S = 30
WITHOUT_SCRIPT: WeakSet[Page] = WeakSet()
"""Where axe, a script itself, would wait without end."""


def find_chromium() -> str:
    """Raises RuntimeError with what to install."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise RuntimeError("chromium is missing: apt-get install chromium")
    return program


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        await browser.close()


@asynccontextmanager
async def open_page(
    browser: Browser, size: tuple[int, int] = PHONE, *, script: bool = True, dark: bool = False
) -> AsyncIterator[Page]:
    """A person's own browser: no cookies of another's. Whoever asks another host fails the test."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        locale="zh-CN",
    )
    page = await context.new_page()
    page.set_default_timeout(60_000)
    if not script:
        WITHOUT_SCRIPT.add(page)
    yield page
    await context.close()


@asynccontextmanager
async def open_stack(data_dir: Path, **settings: str) -> AsyncIterator[Stack]:
    """The services, the front and the simulated phones in processes of their own."""
    options = StackOptions(
        data_dir=data_dir,
        settings_env=AT_ONCE
        | {f"GUANJIA_{name.upper()}": value for name, value in settings.items()},
    )
    stack = Stack(options, announce=print)
    await stack.start()
    try:
        yield stack
    finally:
        await stack.stop()


async def list_violations(page: Page, options: Mapping[str, Any] = WCAG) -> list[str]:
    """Of WCAG 2.2 AA, as axe-core finds them: the rule, and where. options: axe's. Of a page
    without script none: it has the same parts as with it."""
    if page in WITHOUT_SCRIPT:
        return []
    results: Any = await Axe().run(page, options=dict(options))
    return [
        f"{page.url} {violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


async def is_wider_than_screen(page: Page) -> bool:
    """Whether one has to scroll sideways. (Tables scroll by themselves.)"""
    return bool(
        await page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
    )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account: its id, and what his authenticator holds."""

    account: str
    secret: str

    def make_code(self, steps: int) -> str:
        """steps: how many later than now. One earlier expires if it is sent a moment later."""
        return pyotp.TOTP(self.secret).generate_otp(int(system_now().timestamp()) // CODE_S + steps)


async def enrol(page: Page, stack: Stack, account: str) -> Person:
    """Takes an invitation as its owner does: types the key into an authenticator."""
    await page.goto(stack.public_url + make_invitation(stack.secrets_dir, account))
    await page.locator("summary").click()
    person = Person(account, (await page.locator("code").inner_text()).replace(" ", ""))
    await page.fill("[name=new_password]", PASSWORD)
    await page.fill("[name=password_again]", PASSWORD)
    await page.fill("[name=code]", person.make_code(0))
    await page.locator("main button").click()
    await page.wait_for_url("**/sign-in?done=enrolled")
    return person


async def sign_in(page: Page, stack: Stack, person: Person) -> None:
    """Ends on the first page. The code is the next one: his enrolment used that of now."""
    await page.goto(f"{stack.public_url}/sign-in")
    await page.fill("[name=name]", person.account)
    await page.fill("[name=password]", PASSWORD)
    await page.fill("[name=code]", person.make_code(1))
    await page.locator("main button").click()
    await page.wait_for_url("**/home")
