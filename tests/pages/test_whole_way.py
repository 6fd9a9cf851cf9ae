"""One request from a stranger's phone to the public ledger, each person in his own browser."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page

from deploy.demo import bridge
from deploy.demo.campaign import Enterprise
from deploy.demo.clients import open_clients
from deploy.demo.submission import BANK_SOURCE, Submitter, Throttle
from deploy.local.stack import Stack
from shared.contracts.events import Applicant, BankLineStated, RequestSubmitted
from shared.contracts.topics import DONATIONS_INBOUND
from shared.contracts.values import (
    MONEY_UNIT,
    Area,
    BeneficiaryClass,
    Category,
    Channel,
    Kind,
    Need,
)
from tests.pages.browser import SIZES, enrol, open_page, sign_in
from tests.pages.steps import (
    Phone,
    check_page,
    follow,
    make_photo,
    press,
    read_main,
    reload_until,
)
from tests.pages.test_proof_in_browser import FAILED, PASSED

ASKED_YUAN = 260
ITEM_WORDS = "孩子高烧住院，药费还差二百六十元"
NAMES = {"phone": "周一苗", "desk": "周二苗"}


@pytest.mark.parametrize("size", SIZES)
async def test_from_asking_on_the_web_to_a_receipt_that_the_donor_verifies(
    running: Stack, browser: Browser, donor: Enterprise, tmp_path: Path, size: str
) -> None:
    name, phone = NAMES[size], f"138{uuid4().int % 10**8:08d}"
    async with open_page(browser, SIZES[size]) as applicant:
        await ask(applicant, running, name, phone)
        async with open_page(browser, SIZES[size]) as approver:
            await sign_in(approver, running, await enrol(approver, running, "approver-city"))
            await approve(approver, running, name, phone)
            async with open_page(browser, SIZES[size]) as giver:
                await accept_all(giver, running, donor)
                await deliver(approver)
                await confirm(applicant, running, phone)
                await pay(browser, running, size, tmp_path)
                await verify_gift_and_use(giver)
                await save_and_verify_offline(giver, tmp_path)
                await verify_receipt(giver, running, donor)
        await applicant.reload()
        await check_page(applicant)
        assert "谁看过我的资料" in await read_main(applicant)


async def ask(page: Page, stack: Stack, name: str, phone: str) -> None:
    await page.goto(stack.public_url)
    await follow(page, "我要求助")
    await page.fill("[name=text]", ITEM_WORDS)
    await page.locator("[name=town]").select_option(label="茶山镇")
    await page.locator("[name=category]").select_option("medical")
    await page.fill("[name=amount]", str(ASKED_YUAN))
    await press(page, "下一步")
    await page.fill("[name=name]", name)
    await page.fill("[name=phone]", phone)
    await page.locator("[name=circumstances]").select_option("temporary_hardship")
    await page.set_input_files("[name=file]", files=make_photo("steelblue"))
    await page.locator("[name=consent]").check()
    await press(page, "提交求助")
    await page.wait_for_url("**/r/**")
    await page.locator("#files img").first.wait_for()
    await check_page(page)


async def approve(page: Page, stack: Stack, name: str, phone: str) -> None:
    """Found by name, met, and approved with what was seen."""
    await page.goto(f"{stack.public_url}/desk")
    await page.fill("[name=q]", name)
    await press(page, "查找", exact=True)
    await page.locator(".case-link").first.click()
    await page.wait_for_url("**/cases/**")
    await check_page(page)
    assert ITEM_WORDS in await read_main(page)
    assert await page.locator("#files img").count() == 1
    form = page.locator("#act-approve")
    await form.locator("[name=seen]").select_option("visit")
    await form.locator("[name=class]").select_option("temporary_hardship")
    await form.locator("[name=basis]").select_option("document")
    await open_another(stack, phone)
    await press(page, "批准", exact=True)
    assert "批准" in await page.locator(".notice[role=status]:visible").first.inner_text()


async def open_another(stack: Stack, key: str) -> None:
    """A second wish for the same donor, so that both are announced together."""
    request = RequestSubmitted(
        kind=Kind.WISH,
        category=Category.SUPPLIES,
        beneficiary_class=BeneficiaryClass.LOW_INCOME_EDGE,
        channel=Channel.COMMITTEE,
        need=Need(unit=MONEY_UNIT, quantity=10_000),
        area=Area(town_code="441900103"),
        applicant=Applicant(name="邻居甲", phone=f"+86139{key[3:]}"),
        text="盼添一床棉被",
    )
    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        village = clients.open("intake", "channel-village")
        body = request.model_dump(mode="json", exclude_none=True)
        await village.post("/requests", body, key=f"walk-{key}")


async def accept_all(page: Page, stack: Stack, donor: Enterprise) -> None:
    """By the link that came to the donor's WeChat; one press for all that waits."""
    message = await Phone(stack, donor.openid).wait_for_message(
        lambda each: each["url"].startswith(f"{stack.public_url}/p/")
    )
    await page.goto(message["url"])
    await reload_until(page, "全部接受")
    await check_page(page)
    await press(page, "全部接受")
    assert "已接受 2 项" in await read_main(page)


async def deliver(page: Page) -> None:
    """With the photo of what was brought."""
    case = page.url.partition("?")[0]
    await page.goto(case)
    await reload_until(page, "送达、确认")
    await page.locator("#files summary").click()
    await page.set_input_files("#act-files [name=file]", files=make_photo("seagreen"))
    await page.locator("#file-kind").select_option("after")
    await press(page, "放上", exact=True)
    assert await page.locator("#files img").count() == 2
    await follow(page, "送达、确认")
    await press(page, "已送达", exact=True)
    assert "等待确认收到" in await read_main(page)
    await page.goto(case)


async def confirm(page: Page, stack: Stack, number: str) -> None:
    """By answering the notice that came to the phone; the page says so."""
    phone = Phone(stack, f"+86{number}")
    await phone.wait_for_message(lambda each: "收到请回复1" in each["text"])
    await phone.reply("1")
    await reload_until(page, "已经办完")
    await check_page(page)


async def pay(browser: Browser, stack: Stack, size: str, folder: Path) -> None:
    """One of finance makes the order, another approves it, the bank pays what its file says."""
    async with (
        open_page(browser, SIZES[size]) as maker,
        open_page(browser, SIZES[size]) as checker,
    ):
        await sign_in(maker, stack, await enrol(maker, stack, "finance-maker"))
        await maker.goto(f"{stack.public_url}/audit/finance/payables")
        await reload_until(maker, "登记")
        await follow(maker, "登记")
        await maker.get_by_role("radio").first.check()
        account = {"name": "示例商户（演示）", "number": "9999000000000001", "bank": "示例银行"}
        for field, text in account.items():
            await maker.fill(f"[name={field}]", text)
        await press(maker, "登记", exact=True)
        await press(maker, "做成付款单")
        order = maker.url
        await sign_in(checker, stack, await enrol(checker, stack, "finance-checker"))
        await checker.goto(order)
        await check_page(checker)
        await press(checker, "同意付款")
        await maker.goto(order)
        await press(maker, "导出给银行")
        await press(maker, "取走文件")
        async with maker.expect_download() as download:
            await maker.get_by_role("link", name="csv").click()
        batch = (await (await download.value).path()).read_text("utf-8-sig")
        await settle(stack, batch, folder)
        await maker.goto(order)
        await reload_until(maker, "已付")


async def settle(stack: Stack, batch: str, folder: Path) -> None:
    """The bank's own process says that it paid."""

    async def build_lines() -> AsyncIterator[str]:
        for row in csv.DictReader(io.StringIO(batch)):
            line = BankLineStated(
                direction="paid",
                memo=row["附言"],
                amount_fen=int(Decimal(row["金额"]) * 100),
                at=datetime.now(UTC),
                bank_reference=f"WALK-{row['附言']}",
                account=row["收款账号"],
            )
            yield bridge.format_line(line.bank_reference, line.at, line)

    async with open_clients(stack.urls, stack.secrets_dir) as clients:
        submitter = Submitter(clients, stack, folder, Throttle(100))
        await submitter.run_bridge(BANK_SOURCE, DONATIONS_INBOUND, build_lines())


async def verify_gift_and_use(page: Page) -> None:
    """In the giver's own browser: that his gift is on the log, and what it paid for."""
    giving = re.sub(r"(/p/[^/]+).*", r"\1/giving", page.url)
    await page.goto(giving)
    await reload_until(page, "对方已确认收到")
    await check_page(page)
    for section in ("我捐的款物和凭证", "已收到的"):
        await page.goto(giving)
        entries = page.locator("section", has=page.get_by_role("heading", name=section))
        await entries.locator("a[href^='/ledger/']").first.click()
        await page.wait_for_selector("#proof[data-done]")
        assert PASSED in await page.locator("#proof-verdict").inner_text()
        await check_page(page)


async def save_and_verify_offline(page: Page, folder: Path) -> None:
    """The entry's page from his own disk, without a connection; and with another sum on it."""
    async with page.expect_download() as download:
        await page.get_by_role("link", name="保存本页").click()
    saved = folder / "entry.html"
    await (await download.value).save_as(saved)
    opened = await page.context.new_page()
    await page.context.set_offline(offline=True)
    content = saved.read_bytes()
    forged = re.sub(rb"(amount_fen&#34;:)(\d)", rb"\g<1>9\2", content, count=1)
    assert forged != content
    for text, verdict in ((content, PASSED), (forged, FAILED)):
        saved.write_bytes(text)
        await opened.goto(saved.as_uri())
        await opened.wait_for_selector("#proof[data-done]")
        assert verdict in await opened.locator("#proof-verdict").inner_text()
    await opened.close()
    await page.context.set_offline(offline=False)


async def verify_receipt(page: Page, stack: Stack, donor: Enterprise) -> None:
    """From the notice that the gift has arrived."""
    message = await Phone(stack, donor.openid).wait_for_message(lambda each: "/g/" in each["url"])
    await page.goto(message["url"])
    await check_page(page)
    await follow(page, "由您的浏览器核验")
    await page.wait_for_selector("#proof[data-done]")
    assert PASSED in await page.locator("#proof-verdict").inner_text()
