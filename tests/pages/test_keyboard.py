"""A case from the desk to its approval by keyboard alone: what has the focus, and where it goes."""

from playwright.async_api import Browser, Page

from deploy.local.stack import Stack
from tests.pages.browser import DESK, enrol, open_page, sign_in
from tests.pages.steps import check_page, wait_for_answer
from tests.pages.test_cases import enter, open_entry

TABS_MAX = 80
HAS_FOCUS = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  const style = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  // Around the calendar's button inside of a date's field Chromium draws a ring of its own.
  const isCalendar = focused.type === "date" && !focused.matches(":focus");
  const isRinged = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return {
    is_visible: (isRinged || isCalendar) && box.bottom > 0 && box.top < innerHeight,
    name: (focused.innerText || focused.getAttribute("aria-label") || focused.name || "").trim(),
    id: focused.id,
    tag: focused.tagName,
  };
}"""


class Keyboard:
    """One who works without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def go_to(self, selector: str) -> None:
        """By Tab alone, seeing at each stop where the focus is."""
        wanted = self.page.locator(selector).first
        await wanted.wait_for()
        for _ in range(TABS_MAX):
            await self.page.keyboard.press("Tab")
            focused = await self.page.evaluate(HAS_FOCUS)
            assert focused, f"the focus left the page before {selector}"
            assert focused["is_visible"], focused
            if await wanted.evaluate("each => each === document.activeElement"):
                return
        raise AssertionError(f"no Tab leads to {selector}")

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def open(self, selector: str) -> None:
        """A summary, where it is shut."""
        await self.go_to(selector)
        await self.press("Space")

    async def type(self, selector: str, text: str) -> None:
        await self.go_to(selector)
        await self.page.keyboard.type(text)

    async def send(self, selector: str, words: str) -> None:
        """The button of a form; the focus then is on what came of it."""
        await self.go_to(selector)
        await self.press("Enter")
        await self.page.get_by_text(words).first.wait_for()
        await wait_for_answer(self.page)
        focused = await self.page.evaluate(HAS_FOCUS)
        assert focused, f"nothing has the focus after {words}"
        assert words in focused["name"], focused
        assert focused["is_visible"], focused


async def test_a_case_is_worked_on_from_the_desk_to_its_approval_by_keyboard_alone(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, DESK) as clerk, open_page(browser, DESK) as page:
        await sign_in(clerk, running, await enrol(clerk, running, "collector"))
        await open_entry(clerk, running)
        fields = {"category": "disability", "town": "中堂镇", "text": "屋顶漏雨"}
        case = await enter(clerk, name="温阿婆", phone="13800138907", amount="3000", **fields)
        await sign_in(page, running, await enrol(page, running, "approver-city"))
        await page.goto(f"{running.public_url}/desk")
        keys = Keyboard(page)
        await keys.go_to(f'.case-link[href="{case}"]')
        await keys.press("Enter")
        await page.wait_for_url(f"**{case}")

        if not await page.locator("#classify-category").is_visible():
            await keys.open("summary:has-text('核对类别和镇街')")
        await keys.go_to("#classify-category")
        await keys.go_to("#act-classify [name=urgent]")
        await keys.press("Space")
        await keys.send("#act-classify button", "已按您的判断保存")

        await keys.open("summary:has-text('记一条备注')")
        await keys.type("#case-note", "儿子周末在家")
        await keys.send("#act-note button", "已记下备注")
        await keys.open("summary:has-text('记一条备注')")
        await keys.type("#case-note", "已打过电话")
        await keys.send("#act-note button", "已记下备注")

        await keys.open("summary:has-text('交办一项任务')")
        await keys.type("#task", "请上门看屋顶")
        await keys.go_to("#assignee")
        await keys.press("ArrowDown")
        await keys.go_to("#task-due-on")
        await keys.press("ArrowDown", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown")
        await keys.send("#act-task button", "已记下任务")
        await check_page(page)
        await keys.send("#act-task-done li button", "任务已办好")

        await keys.open("summary:has-text('退回补正')")
        await keys.go_to("#return-reason")
        await keys.press("ArrowDown", "Enter")  # from a list Enter decides nothing
        await keys.send("#act-return button", "已退回补正")

        await clerk.goto(f"{running.public_url}{case}")
        mender = Keyboard(clerk)
        await mender.type("#mend-note", "地点已写明")
        await mender.send("#act-mend button", "已补正，重新送审")

        await page.reload()
        await keys.open("summary:has-text('只批准一部分')")
        await keys.type("#approve-quantity", "1500")
        await keys.send("#act-approve > button", "没有办成")
        await keys.go_to("#part-reason")
        await keys.press("ArrowDown")
        await keys.send("#act-approve > button", "已批准")
        await check_page(page)
