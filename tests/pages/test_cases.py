"""Cases as staff work on them: twenty after a visit, without a signal, two of one phone, one need
that came twice, and what a joint meeting decides."""

import re
from datetime import timedelta

from playwright.async_api import Browser, Page, Route

from deploy.local.stack import Stack
from shared.clock import system_now
from tests.pages.browser import DESK, PHONE, enrol, open_page, sign_in
from tests.pages.steps import check_page, follow, press, read_main

VISITED = 20


async def open_entry(page: Page, stack: Stack) -> None:
    await page.goto(f"{stack.public_url}/desk/new")


async def enter(page: Page, **typed: str) -> str:
    """One request by the form; the address of its case. town: by its name."""
    fields = {"quantity": "", "unit": "", "class": "disabled", "category": "disability"} | typed
    for name, text in fields.items():
        field = page.locator(f"[name={name}]")
        if name == "town":
            await field.select_option(label=text)
        elif name in ("class", "category", "channel"):
            await field.select_option(text)
        else:
            await field.fill(text)
    await press(page, "保存，登记下一件")
    await page.get_by_text("件已登记").wait_for()
    return str(await page.locator(".notice[role=status]:visible a").get_attribute("href"))


async def find_case(page: Page, stack: Stack, text: str) -> list[str]:
    """By what somebody types into the search of the desk: the addresses of the cases."""
    await page.goto(f"{stack.public_url}/desk")
    await page.fill("[name=q]", text)
    await press(page, "查找", exact=True)
    links = await page.locator(".case-link").evaluate_all("all => all.map(a => a.pathname)")
    return [str(each) for each in links]


async def test_twenty_requests_after_a_visit_are_entered_by_keyboard_alone(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, DESK) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        await check_page(page)
        for number in range(1, VISITED + 1):
            await type_one(page, number)
            await page.get_by_text(f"第 {number} 件已登记").wait_for()
        await check_page(page)
        assert await page.locator("[name=household]").input_value() == "H-20"
        await page.goto(f"{running.public_url}/desk?tab=mine")
        assert await page.locator(".case-link").count() >= VISITED


async def type_one(page: Page, number: int) -> None:
    """As fingers do it: the field that is wanted stands ready, Tab leads on, Enter saves, from a
    list too."""
    keyboard = page.keyboard
    assert await page.locator("[name=name]:focus").count() == 1
    for text in (f"入户{number:02d}", f"138001390{number:02d}", "棉被", "1", "床"):
        await keyboard.type(text)
        await keyboard.press("Tab")
    await keyboard.press("Tab")
    await choose(page, "category", 1)
    if number == 1:
        await keyboard.press("Tab")
        await choose(page, "class", 2)
        for _ in range(2):
            await keyboard.press("Tab")
        await keyboard.type("H-20")
        await keyboard.press("Tab")
        await choose(page, "town", 1)
        await keyboard.press("Tab")
    await keyboard.press("Enter")


async def choose(page: Page, name: str, downs: int) -> None:
    assert await page.locator(f"[name={name}]:focus").count() == 1, name
    for _ in range(downs):
        await page.keyboard.press("ArrowDown")


async def test_what_was_typed_in_a_flat_without_a_signal_is_saved_once(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        await page.fill("[name=name]", "无信号一")
        await page.fill("[name=phone]", "13800138901")
        await page.fill("[name=item]", "护理床")
        await page.fill("[name=quantity]", "1")
        await page.fill("[name=unit]", "张")
        await page.locator("[name=category]").select_option("disability")
        await page.locator("[name=class]").select_option("disabled")
        await page.locator("[name=town]").select_option(label="石碣镇")
        await page.context.set_offline(True)
        await page.get_by_role("button", name="保存，登记下一件").click()
        await page.get_by_role("alert").get_by_text("没有信号").wait_for()
        assert await page.locator("[name=name]").input_value() == "无信号一"
        await page.context.set_offline(False)
        await open_entry(page, running)  # the tab was thrown away meanwhile
        await page.get_by_text("已恢复").wait_for()
        await check_page(page)
        assert await page.locator("[name=town]").input_value() == "441900101"

        async def lose_answer(route: Route) -> None:
            await route.fetch()
            await route.abort()

        await page.route("**/desk/new", lose_answer, times=1)
        await page.get_by_role("button", name="保存，登记下一件").click()
        await page.get_by_role("alert").get_by_text("没有信号").wait_for()
        await press(page, "保存，登记下一件")
        await page.get_by_text("第 1 件已登记").wait_for()
        assert len(await find_case(page, running, "无信号一")) == 1, "sent twice, entered once"
        await open_entry(page, running)
        assert await page.locator("[name=name]").input_value() == ""


async def test_nothing_typed_is_left_in_a_tab_that_was_signed_out(
    running: Stack, browser: Browser
) -> None:
    """From a page without drafts too."""
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        await page.fill("[name=name]", "不该留下")
        await page.goto(f"{running.public_url}/home")
        assert "不该留下" in await page.evaluate("JSON.stringify(sessionStorage)")
        await page.locator("form[action='/sign-out'] button").click()
        await page.wait_for_url("**/sign-in?done=out")
        assert await page.evaluate("sessionStorage.length") == 0
        await check_page(page)


async def test_what_nobody_signed_in_typed_is_gone_after_half_an_hour_or_when_cleared(
    running: Stack, browser: Browser
) -> None:
    """On a phone that several share, and on a page that stayed open."""
    async with open_page(browser, PHONE) as page:
        await page.clock.install()
        text = page.locator("[name=text]")
        await page.goto(f"{running.public_url}/ask")
        await text.fill("家里缺一台轮椅")
        await page.clock.fast_forward("25:00")
        await page.reload()
        assert await text.input_value() == "家里缺一台轮椅"
        await press(page, "清空")
        assert await text.input_value() == ""
        await text.fill("家里缺一台轮椅")
        async with page.expect_navigation():
            await page.clock.fast_forward("31:00")
        assert await text.input_value() == ""
        assert await page.evaluate("sessionStorage.length") == 0


async def test_what_was_typed_on_a_case_is_cleared_on_its_own_page(
    running: Stack, browser: Browser
) -> None:
    """Its forms go to addresses that nobody opens; the first of them is not the one typed in."""
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        typed = {"phone": "13800138911", "item": "护理床", "quantity": "1", "unit": "张"}
        case = await enter(page, name="清空一", town="石碣镇", **typed)
        await page.goto(f"{running.public_url}{case}")
        fields = "[...document.querySelectorAll('input:not([type=hidden]), textarea')]"
        field = f"{fields}.filter(each => each.type.startsWith('text') && each.form?.dataset.draft)"
        field = f"{field}.at(-1)"
        await page.evaluate(
            f"{field}.value = '不是我写的';"
            f"{field}.dispatchEvent(new Event('input', {{bubbles: true}}))"
        )
        await page.reload()
        assert await page.evaluate(f"{field}.value") == "不是我写的"
        await press(page, "清空")
        assert page.url == f"{running.public_url}{case}"
        assert await page.evaluate(f"{field}.value") == ""
        assert await page.evaluate("sessionStorage.length") == 0


async def test_a_refusal_without_the_form_loses_nothing_of_it(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE) as page:
        await page.goto(f"{running.public_url}/ask")
        await page.fill("[name=text]", "家里缺一台轮椅")
        await page.locator("[name=town]").select_option(label="石碣镇")
        await page.context.clear_cookies()  # the visit that the form was made for is over
        await press(page, "下一步")
        assert await page.locator("[name=text]").count() == 0
        await page.goto(f"{running.public_url}/ask")
        await page.get_by_text("已恢复").wait_for()
        assert await page.locator("[name=text]").input_value() == "家里缺一台轮椅"


async def test_a_town_that_is_chosen_on_the_map_stays_chosen(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser, PHONE) as page:
        await page.goto(f"{running.public_url}/ask")
        await page.fill("[name=text]", "家里缺一台轮椅")
        await page.locator("[name=town]").select_option(label="石碣镇")
        await page.locator("summary", has_text="在地图上选").click()
        await page.locator("button[name=map][value=茶山镇]").click()
        await page.locator(".spot.chosen").wait_for(state="attached")
        assert await page.locator("[name=text]").input_value() == "家里缺一台轮椅"
        await press(page, "下一步")
        assert "茶山镇" in await read_main(page)
        await page.go_back()
        await page.get_by_text("第 1 步").wait_for()
        assert await page.locator("[name=town]").input_value() == "茶山镇"


async def test_two_persons_of_one_phone_stay_two(running: Stack, browser: Browser) -> None:
    phone, names = "13800138902", ("共机甲", "共机乙")
    pages = [await ask(browser, running, name, phone) for name in names]
    for own, other, text in zip(names, reversed(names), pages, strict=True):
        assert other not in text, f"{own} reads nothing of {other}"
    async with open_page(browser, PHONE) as page:
        await sign_in(page, running, await enrol(page, running, "approver-city"))
        cases = await find_case(page, running, phone)
        assert len(cases) == 2
        shown = []
        for path in cases:
            await page.goto(running.public_url + path)
            await check_page(page)
            shown.append(await page.locator("main a[href^='/desk/persons/']").first.inner_text())
        assert sorted(shown) == sorted(names)


async def ask(browser: Browser, stack: Stack, name: str, phone: str) -> str:
    """What his own page says afterwards."""
    async with open_page(browser, PHONE) as page:
        await page.goto(f"{stack.public_url}/ask")
        await page.fill("[name=text]", f"{name}家里缺一台轮椅")
        await page.locator("[name=town]").select_option(label="石碣镇")
        await press(page, "下一步")
        await page.fill("[name=name]", name)
        await page.fill("[name=phone]", phone)
        await page.locator("[name=consent]").check()
        await press(page, "提交求助")
        await page.wait_for_url("**/r/**")
        return await read_main(page)


async def test_a_need_that_came_twice_is_merged_and_taken_apart(
    running: Stack, browser: Browser
) -> None:
    words = "村口祠堂后面王伯家的屋顶漏水很久，一下雨就要用盆接"
    async with open_page(browser, DESK) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await open_entry(page, running)
        common = {"amount": "30000", "category": "housing_repair", "town": "谢岗镇", "text": words}
        first = await enter(page, name="王来弟", phone="13800138903", **common)
        second = await enter(page, name="邻居周", phone="13800138904", **common)
    async with open_page(browser, DESK) as page:
        await sign_in(page, running, await enrol(page, running, "approver-city"))
        await page.goto(running.public_url + second)
        await check_page(page)
        beside = page.locator(".side-by-side").first
        assert words in await beside.inner_text()
        await press(page, "是同一件，合并办理")
        merged = first if await is_merged(page, running, first) else second
        await page.goto(running.public_url + merged)
        assert "合并到" in await read_main(page)
        await press(page, "恢复单独办理")
        await page.goto(running.public_url + merged)
        assert "合并到" not in await read_main(page)
        assert await page.get_by_role("button", name="批准", exact=True).count() or (
            "联席会议" in await read_main(page)
        ), "it is decided on its own again"


async def is_merged(page: Page, stack: Stack, path: str) -> bool:
    await page.goto(stack.public_url + path)
    return "合并到" in await read_main(page)


async def test_a_joint_meeting_rules_on_a_case_and_its_minutes_are_printed(
    running: Stack, browser: Browser
) -> None:
    async with (
        open_page(browser, DESK) as page,
        open_page(browser, PHONE) as recorder,
        open_page(browser, DESK) as collector,
    ):
        await sign_in(collector, running, await enrol(collector, running, "collector"))
        await open_entry(collector, running)
        words = "危房漏雨，翻修要一百二十万元"
        fields = {"category": "public_works", "town": "望牛墩镇", "text": words}
        case = await enter(
            collector, name="陈来弟", phone="13800138905", amount="1200000", **fields
        )
        await sign_in(page, running, await enrol(page, running, "approver-city"))
        await page.goto(f"{running.public_url}/meetings/new?town=441900127")
        await check_page(page)
        assert await page.locator("[name^=case-]:checked").count() == 1
        on = (system_now() + timedelta(days=3)).date().isoformat()
        await page.fill("[name=on]", on)
        await page.locator("[name=recorder]").select_option("auditor")
        if not await page.locator("[name=member-finance-maker]").is_visible():
            await page.locator("summary", has_text="参会人员").click()
        await page.locator("[name=member-finance-maker]").check()
        await press(page, "发出邀请")
        meeting = page.url
        for member in await page.locator("[name^=present-]").all():
            await member.check()
        await press(page, "宣布开会")
        await sign_in(recorder, running, await enrol(recorder, running, "auditor"))
        await recorder.goto(meeting)
        await recorder.locator(".case-link").first.click()
        await recorder.wait_for_load_state()
        await check_page(recorder)
        shown = await read_main(recorder)
        assert words in shown
        assert "陈来弟" not in shown, "members read no name"
        await recorder.locator("form.filters input").first.fill("500000")
        await press(recorder, "测算")
        await recorder.locator("section", has_text="如果同意").locator("li").first.wait_for()
        await recorder.get_by_role("radio", name="同意", exact=True).check()
        await recorder.locator("form[method=post] [name=quantity]").fill("500000")
        await recorder.locator("[name=part_reason]").select_option("fund_limited")
        await recorder.fill("[name=note]", "先修屋顶，分两期办")
        await press(recorder, "记下", exact=True)
        for each in (recorder, page):
            await each.goto(meeting)
            await press(each, "我已看过，签字")
        await follow(page, "会议纪要")
        assert "先修屋顶，分两期办" in await read_main(page)
        assert "500,000.00" in await read_main(page)
        assert "陈来弟" not in await read_main(page)
        await page.emulate_media(media="print")
        assert (
            await page.locator(".site-header a:visible, nav:visible, button:visible").count() <= 1
        )
        await page.emulate_media(media="screen")
        await page.goto(running.public_url + case)
        assert re.search(r"500,000\.00", await read_main(page))
