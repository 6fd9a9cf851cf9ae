"""What staff do at the desk on a phone, from what came in to what became of it."""

import re
from collections.abc import Mapping

import httpx
from playwright.async_api import Browser, FilePayload, Page

from deploy.local.stack import Stack
from tests.pages.browser import enrol, open_page, sign_in
from tests.pages.steps import check_page, press, read_main

SHEET = (
    "茶山镇微心愿汇总表,,,,,,\n"
    "姓名,手机,类别,困难类别,镇街,内容,金额\n"
    "丁一禾,13800138601,生活物资,低保,茶山镇,棉被,200\n"
    "方小满,13800138602,助学,低保,茶山镇,书包,很多\n"
    "合计,,,,,,200\n"
)
WORDS = "我们这里的路灯坏了大半年了，老人晚上不敢出门"
SENDER = "13800138603"


async def test_a_clerk_imports_a_sheet_and_gets_back_what_was_refused(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser) as page:
        person = await enrol(page, running, "approver-village")
        await sign_in(page, running, person)
        await page.goto(f"{running.public_url}/desk/import")
        await check_page(page)
        sheet: FilePayload = {
            "name": "微心愿.csv",
            "mimeType": "text/csv",
            "buffer": SHEET.encode("gb18030"),
        }
        await page.set_input_files("[name=file]", files=sheet)
        await press(page, "上传并预览")
        shown = await page.locator("main").inner_text()
        assert "丁一禾" in shown
        assert "方小满" not in shown
        await press(page, "确认，导入 1 行")
        await page.get_by_text("导入完成").wait_for()
        await check_page(page)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="下载有问题的行").click()
        path = await (await download.value).path()
        assert "方小满" in path.read_text("utf-8-sig")
        await page.get_by_role("link", name="我记录的").click()
        await page.locator(".case-link").first.click()
        await page.wait_for_load_state()
        await check_page(page)
        assert "丁一禾" in await page.locator("main").inner_text()


async def test_a_message_in_plain_words_becomes_a_request_that_is_approved(
    running: Stack, browser: Browser
) -> None:
    token = (running.secrets_dir / "callback-tencent.token").read_text().strip()
    reply = {"mobile": SENDER, "nationcode": "86", "text": WORDS, "time": 1_770_000_000}
    callback = f"{running.urls['intake']}/callbacks/tencent/{token.rpartition('_')[2]}/replies"
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(callback, json=reply)).json()["result"] == 0
    async with open_page(browser) as page:
        person = await enrol(page, running, "approver-city")
        await sign_in(page, running, person)
        await page.goto(f"{running.public_url}/inbox")
        await check_page(page)
        await page.get_by_role("link", name=re.compile("路灯坏了大半年")).click()
        await page.wait_for_load_state()
        await check_page(page)
        await page.get_by_text("登记为诉求").click()
        form = page.locator("form[action$='/request']")
        assert await form.locator("[name=category]").input_value() == "public_works"
        typed = {"name": "周大伯", "item": "路灯维修", "quantity": "1", "unit": "次"}
        for name, text in typed.items():
            await form.locator(f"[name={name}]").fill(text)
        await form.locator("[name=town]").select_option(label="茶山镇")
        await check_page(page)
        await form.get_by_role("button").click()
        await page.wait_for_url("**/cases/**")
        await check_page(page)
        assert "路灯维修" in await page.locator("main").inner_text()
        await page.goto(f"{running.public_url}/inbox")
        assert "路灯坏了大半年" not in await page.locator("main").inner_text()


async def test_a_patrol_finds_a_defect_and_a_service_is_checked_by_another(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser) as page:
        await sign_in(page, running, await enrol(page, running, "collector"))
        await page.goto(f"{running.public_url}/regular")
        await check_page(page)
        for kind, title in (("station", "茶山驿站"), ("after_school", "阳光托管中心")):
            await register_work(page, kind, {"title": title})
        await choose(page, "发现问题")
        await page.get_by_text("发现的问题、日期").click()
        await check_page(page)
        await page.get_by_label("消防隐患").check()
        await press(page, "记下")
        assert "待整改" in await read_main(page)
        await choose(page, "正常")
        await page.locator("[name^=resolved_]").check()
        await press(page, "记下")
        assert "已整改：" in await read_main(page)
        await page.get_by_role("link", name="各镇街覆盖").click()
        await page.wait_for_load_state()
        await check_page(page)
        row = page.get_by_role("row").filter(has_text="茶山镇")
        assert "超期" not in await row.inner_text()
        plan = {"name": "何婆婆", "service": "配餐", "total": "1720", "unit": "份"}
        await register_work(page, "plan", plan)
        await page.fill("[name=quantity]", "20")
        await press(page, "记下")
        assert "待另一人核对" in await read_main(page)
        assert await page.get_by_role("button", name="属实", exact=True).count() == 0
        path = page.url
    async with open_page(browser) as page:
        await sign_in(page, running, await enrol(page, running, "approver-village"))
        await page.goto(path.partition("?")[0])
        await press(page, "属实")
        assert "已核对 20" in await read_main(page)
        await page.locator("summary", has_text="注销").click()
        await page.locator("[name=reason]").select_option(label="计划完成")
        await press(page, "注销")
        assert "计划完成" in await read_main(page)


async def register_work(page: Page, kind: str, fields: Mapping[str, str]) -> None:
    await page.get_by_role("link", name="登记", exact=True).click()
    await page.wait_for_load_state()
    await page.locator("[name=kind]").select_option(kind)
    await page.locator("[name=town]").select_option(label="茶山镇")
    for name, text in fields.items():
        await page.fill(f"[name={name}]", text)
    await press(page, "登记")
    assert "已登记" in await read_main(page)


async def choose(page: Page, outcome: str) -> None:
    await page.get_by_role("radio", name=outcome).check()


async def test_a_stranger_asks_in_two_steps_and_reads_what_becomes_of_it(
    running: Stack, browser: Browser
) -> None:
    async with open_page(browser) as page:
        await page.goto(f"{running.public_url}/ask")
        await check_page(page)
        await page.fill("[name=text]", "家里老人瘫痪，求一辆轮椅")
        await page.locator("[name=town]").select_option(label="茶山镇")
        await press(page, "下一步")
        assert "家里老人瘫痪" in await read_main(page)
        await page.fill("[name=name]", "周三禾")
        await page.fill("[name=phone]", "1380013")
        await page.locator("[name=consent]").check()
        await press(page, "提交求助")
        assert await page.locator("[name=phone]").input_value() == "1380013", "what was typed stays"
        await press(page, "返回修改")
        assert await page.locator("[name=text]").input_value() == "家里老人瘫痪，求一辆轮椅"
        await press(page, "下一步")
        await page.fill("[name=phone]", "138 0013 8604")
        await page.locator("[name=consent]").check()
        await press(page, "提交求助")
        await page.wait_for_url("**/r/**")
        assert "已经收到您的求助" in await read_main(page)
