"""What people do on a page, and what comes to their phones."""

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image
from playwright.async_api import FilePayload, Page

from deploy.local.stack import Stack
from tests.pages.browser import is_wider_than_screen, list_violations

ARRIVES_WITHIN_S = 60.0
LOOK_EVERY_S = 0.25


async def check_page(page: Page) -> None:
    violations = await list_violations(page)
    assert not violations, "\n".join(violations)
    assert not await is_wider_than_screen(page), page.url


async def press(page: Page, name: str, *, exact: bool = False) -> None:
    """And waits for the page that it leads to, which is as good as any."""
    await page.get_by_role("button", name=name, exact=exact).first.click()
    await wait_for_answer(page)
    await check_page(page)


async def wait_for_answer(page: Page) -> None:
    """A form with drafts is sent by script, and is busy until its answer is here."""
    await page.locator("form[aria-busy=true]").wait_for(state="detached")
    await page.wait_for_load_state()


async def follow(page: Page, name: str) -> None:
    await page.get_by_role("link", name=name, exact=False).first.click()
    await page.wait_for_load_state()
    await check_page(page)


async def read_main(page: Page) -> str:
    return await page.locator("main").inner_text()


async def reload_until(page: Page, words: str) -> None:
    """What other services decide arrives by events, in its own time."""
    for _ in range(int(ARRIVES_WITHIN_S / LOOK_EVERY_S)):
        if words in await read_main(page):
            return
        await asyncio.sleep(LOOK_EVERY_S)
        await page.reload()
    raise AssertionError(f"{words!r} is not on {page.url}: {await read_main(page)}")


def make_photo(colour: str) -> FilePayload:
    """As a phone takes it."""
    content = io.BytesIO()
    Image.new("RGB", (1200, 900), colour).save(content, "JPEG")
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}


@dataclass(frozen=True, slots=True)
class Phone:
    """A simulated one. recipient: its number, or an openid of WeChat."""

    stack: Stack
    recipient: str

    async def wait_for_message(self, is_it: Callable[[Mapping[str, Any]], bool]) -> Any:
        """The latest that is the one looked for. Raises AssertionError for none within a minute."""
        for _ in range(int(ARRIVES_WITHIN_S / LOOK_EVERY_S)):
            messages = await self.read_messages()
            if found := [each for each in messages if is_it(each)]:
                return found[-1]
            await asyncio.sleep(LOOK_EVERY_S)
        raise AssertionError(
            f"nothing of it came to {self.recipient}: {await self.read_messages()}"
        )

    async def reply(self, text: str) -> None:
        """As an SMS of its owner's."""
        url = f"{self.stack.urls['simulators']}/simulator/phones/replies"
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(url, json=[{"number": self.recipient, "text": text}])
        assert answer.json()[0]["status"] < 300

    async def read_messages(self) -> list[Mapping[str, Any]]:
        messages = await read_all_messages(self.stack)
        return [each for each in messages if each["recipient"] == self.recipient]


async def read_all_messages(stack: Stack) -> list[Mapping[str, Any]]:
    """That came to any simulated phone, the oldest first."""
    url = f"{stack.urls['simulators']}/simulator/messages"
    async with httpx.AsyncClient(trust_env=False) as http:
        page = (await http.get(url, params={"since": 0, "limit": 5000})).json()
    return [each for each in page["messages"] if each["direction"] == "in"]


async def sign_in_by_phone(page: Page, stack: Stack, base: str, number: str) -> None:
    """By the code that came to it."""
    phone = Phone(stack, number)
    earlier = await phone.read_messages()
    await page.goto(f"{stack.public_url}/{base}/sign-in")
    await page.fill("[name=phone]", number)
    await page.locator("main form button").click()
    await page.locator("[name=code]").wait_for()
    message = await phone.wait_for_message(
        lambda each: "验证码" in each["text"] and each not in earlier
    )
    await page.fill("[name=code]", message["text"].partition("验证码")[2][:6])
    await page.locator("main form button").click()
    await page.wait_for_url(lambda url: "/sign-in" not in url)
