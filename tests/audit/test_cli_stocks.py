"""Goods are counted by command and approved on the page."""

import re

from services.audit.pages.proposing import FINANCE_PATH
from tests.audit.facts import FUND, GOODS, goods
from tests.audit.harness import AuditHarness
from tests.audit.test_cli_proposals import proposed, run


async def test_two_count_goods_and_write_off_what_is_missing(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.publish_in_order(goods(20))
    await harness.wait_published(2)
    maker, checker, http = harness.maker, harness.checker, harness.audit.http
    listed = (await run(harness, maker, "stock", "list")).output
    assert {GOODS["item"], "20"} <= set(listed.split())
    words = ("--fund", FUND, "--item", GOODS["item"], "--unit", GOODS["unit"], "--counted", "17")
    papers = ("--day", "2026-01-20", "--reference", "盘点表-1")
    count = await proposed(harness, "stock", "count", *words, *papers)
    page = (await http.get(FINANCE_PATH, headers=checker)).text
    assert {"盘点表-1", "17", "3"} <= set(re.findall(r"<bdi>([^<]+)</bdi>", page))
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', page))
    path = f"{FINANCE_PATH}/stock-counts/{count}/approve"
    assert (await http.post(path, data={"digest": digest}, headers=checker)).status_code == 303
    summary = await harness.wait_published(3)
    await harness.verify(summary)
    [stock] = (await harness.get("/stocks"))["stocks"]
    assert (stock["in_stock"], stock["written_off"]) == (17, 3)
    counts = (await run(harness, maker, "stock", "counts")).output
    assert {count, "20", "17"} <= set(counts.split())
