"""An accountant takes the bank's file in, another lets it be entered, and both see what became of
it; also without script."""

import json

import pytest
from playwright.async_api import Browser, FilePayload, Page

from deploy.demo.clients import open_clients
from deploy.local.stack import Stack
from tests.pages.browser import SIZES, enrol, open_page, sign_in
from tests.pages.steps import check_page, follow, press, read_main, reload_until

ROWS = """交易流水号,记账日,付款单位,收入金额,经办柜员
{size}-1,2026-03-02 09:10,甲商会,10000.00,007
{size}-2,2026-03-03 10:20,乙公司,250.50,007
{size}-3,2026-03-04 11:30,丙,很多,007
"""


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_is_taken_in_by_one_and_entered_by_another(
    running: Stack, browser: Browser, size: str
) -> None:
    fund = f"walk-{size}"
    await open_fund(running, fund)
    async with open_page(browser, SIZES[size]) as maker:
        await sign_in(maker, running, await enrol(maker, running, "finance-maker"))
        await maker.goto(f"{running.public_url}/audit/finance")
        await follow(maker, "导入对账单")
        await choose_file(maker, fund, size)
        await press(maker, "上传并预览")
        assert "说明各列是什么" in await read_main(maker)
        await say_columns(maker)
        shown = await read_main(maker)
        for words in (
            "10,250.50",
            "2 笔捐款将入账",
            "经办柜员",
            "2026年3月2日—2026年3月3日",
            "甲商会",
        ):
            assert words in shown, shown
        await press(maker, "提交，由另一个人同意后入账")
        assert "现在还没有入账" in await read_main(maker)
        await approve(browser, running, maker.url, size)
        await reload_until(maker, "已处理完")
        await check_page(maker)
        shown = " ".join((await read_main(maker)).split())
        assert "2 笔已入账" in shown
        assert "1 行没有入账" in shown
        async with maker.expect_download() as download:
            await maker.get_by_role("link", name="下载没有入账的行").click()
        path = await (await download.value).path()
        assert f"{size}-3" in path.read_text("utf-8-sig")
    async with open_clients(running.urls, running.secrets_dir) as clients:
        entered = await clients.open("audit", "auditor").get(f"/funds/{fund}")
    assert entered["received_fen"] == 1_025_050, json.dumps(entered)


async def say_columns(page: Page) -> None:
    await page.locator("select[id='column-1']").select_option("received_at")
    await page.locator("select[id='column-2']").select_option("name")
    await press(page, "按这样再看一遍")


async def approve(browser: Browser, stack: Stack, address: str, size: str) -> None:
    """axe needs a script."""
    has_script = size == "desk"
    async with open_page(browser, SIZES[size], script=has_script) as checker:
        await sign_in(checker, stack, await enrol(checker, stack, "finance-checker"))
        await checker.goto(address)
        if has_script:
            await check_page(checker)
        assert "甲商会" in await read_main(checker)
        await checker.get_by_role("button", name="同意，入账").click()
        await checker.wait_for_url("**/audit/finance")
        await checker.goto(address)
        assert "将入账" not in await read_main(checker)


async def choose_file(page: Page, fund: str, size: str) -> None:
    file: FilePayload = {
        "name": f"工行3月 {size}.csv",
        "mimeType": "text/csv",
        "buffer": ROWS.format(size=size).encode("gb18030"),
    }
    await page.set_input_files("[name=file]", files=file)
    await page.fill("[name=account]", f"工行 {size}")
    await page.locator("[name=fund]").select_option(fund)


async def open_fund(stack: Stack, fund: str) -> None:
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        body = {"fund_id": fund, "name": "春暖专项", "restricted": False}
        await clients.open("audit", "finance-maker").post("/funds", body, key=f"{fund}-1")
        await clients.open("audit", "finance-checker").post(
            f"/funds/{fund}/approve", key=f"{fund}-2"
        )
