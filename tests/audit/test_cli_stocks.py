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
    value = ("--unit-yuan", "80.50", "--basis", "fair_value")
    places = ("--place", "茶山驿站=12", "--place", "南城驿站=5")
    count = await proposed(harness, "stock", "count", *words, *papers, *value, *places)
    page = (await http.get(FINANCE_PATH, headers=checker)).text
    facts = set(re.findall(r"<bdi>([^<]+)</bdi>", page))
    assert {"盘点表-1", "17", "3", "12", "5"} <= facts, "who approves reads all of it"
    assert "公允价值" in page
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', page))
    path = f"{FINANCE_PATH}/stock-counts/{count}/approve"
    assert (await http.post(path, data={"digest": digest}, headers=checker)).status_code == 303
    summary = await harness.wait_published(3)
    await harness.verify(summary)
    [stock] = (await harness.get("/stocks"))["stocks"]
    assert (stock["in_stock"], stock["written_off"]) == (17, 3)
    assert (stock["value_fen"], stock["valued_by"]) == (17 * 8_050, "盘点表-1")
    page = (await http.get(FINANCE_PATH + "/stocks", headers=maker)).text
    for shown in ("合计 1,368.50 元", "价值 966.00 元", "价值 402.50 元", "茶山驿站", "公允价值"):
        assert shown in page
    form = {"fund_id": FUND, **GOODS, "counted": "17", "day": "2026-01-21", "reference": "盘点表-2"}
    typed = form | {"unit_yuan": "79", "basis": "appraisal", "places": "茶山驿站 10；南城驿站 7"}
    path = f"{FINANCE_PATH}/new/count"
    wrong = await http.post(path, data=typed | {"places": "茶山驿站"}, headers=maker)
    assert (wrong.status_code, "存放地点请写成" in wrong.text) == (422, True)
    assert (await http.post(path, data=typed, headers=maker)).status_code == 303
    waits = (await harness.get("/stock-counts"))["stock-counts"]
    [proposal] = [each for each in waits if each["state"] == "proposed"]
    assert (proposal["unit_fen"], proposal["basis"]) == (7_900, "appraisal")
    assert [place["quantity"] for place in proposal["places"]] == [10, 7]
    counts = (await run(harness, maker, "stock", "counts")).output
    assert {count, "20", "17"} <= set(counts.split())
