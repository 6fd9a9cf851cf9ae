"""Whatever people write, every page stays as wide as the phone and runs nothing of it."""

from urllib.parse import quote

from playwright.async_api import Browser, Dialog, Route

from shared.web.pages import ASSETS
from tests.pages.browser import PHONE, is_wider_than_screen, open_page
from tests.support.sample_pages import render_samples

HOST = "http://127.0.0.1:9"
WORDS = f"<script>alert(1)</script>\u202eפתח\u202c مرحبا 👨‍👩‍👧‍👦 {'米' * 5_000} {'W' * 5_000}"


async def test_hostile_text_widens_no_page_and_runs_nowhere(browser: Browser) -> None:
    """Script, a direction that turns, signs made of several, and words without an end."""
    samples = render_samples(WORDS)
    pages = {f"/page/{quote(name)}": bytes(page.body) for name, page in samples.items()}
    wrong: list[str] = []

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0]
        if path.startswith("/static/"):
            asset = ASSETS[path.rpartition("/")[2]]
            await route.fulfill(body=asset.content, content_type=asset.media_type)
        elif path in pages:
            await route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        else:
            await route.fulfill(status=404)

    async def note_dialog(dialog: Dialog) -> None:
        wrong.append(f"{page.url} asks {dialog.message}")
        await dialog.dismiss()

    async with open_page(browser, PHONE) as page:
        page.on("dialog", note_dialog)
        await page.route("**/*", answer)
        for path in pages:
            await page.goto(HOST + path, wait_until="load")
            if await is_wider_than_screen(page):
                wrong.append(f"{path} is wider than a phone")
    assert len(pages) > 100
    assert not wrong, "\n".join(wrong)
