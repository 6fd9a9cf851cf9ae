"""财务 on a page: one proposes, another approves exactly what he read."""

import re
from io import BytesIO

import httpx
from openpyxl import load_workbook

from services.audit.messages import PROPOSAL_CHANGED
from services.audit.pages.proposing import FINANCE_PATH
from shared.security import Role
from tests.audit.facts import ACCOUNT_NUMBER, FUND, acceptance, confirmation, gift
from tests.audit.harness import AuditHarness, make_gift

FUND_FORM = {
    "fund_id": "spring-2027",
    "name": "春暖专项",
    "purpose": "助学",
    "restricted": "yes",
    "form_key": "k" * 20,
}


def find_digest(page: httpx.Response) -> str:
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', page.text))
    return str(digest)


async def test_a_fund_is_proposed_by_one_and_opened_by_another(harness: AuditHarness) -> None:
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    refused = await http.post(f"{FINANCE_PATH}/new/fund", data=FUND_FORM, headers=checker)
    assert refused.status_code == 403
    wrong = await http.post(
        f"{FINANCE_PATH}/new/fund", data=FUND_FORM | {"name": ""}, headers=maker
    )
    assert wrong.status_code == 422
    assert "spring-2027" in wrong.text, "what was typed stands there still"
    for _ in range(2):
        proposed = await http.post(f"{FINANCE_PATH}/new/fund", data=FUND_FORM, headers=maker)
        assert (proposed.status_code, proposed.headers["location"]) == (303, FINANCE_PATH)

    own = await http.get(FINANCE_PATH, headers=maker)
    assert "由另一个人决定" in own.text
    assert "/approve" not in own.text
    page = await http.get(FINANCE_PATH, headers=checker)
    path = f"{FINANCE_PATH}/funds/spring-2027/approve"
    unread = await http.post(path, data={"digest": "0" * 32}, headers=checker)
    assert (unread.status_code, PROPOSAL_CHANGED.zh in unread.text) == (409, True)
    unsaid = await http.post(path, headers=checker)
    assert unsaid.status_code == 409
    own_word = await http.post(path, data={"digest": find_digest(page)}, headers=maker)
    assert own_word.status_code == 403
    approved = await http.post(path, data={"digest": find_digest(page)}, headers=checker)
    assert approved.status_code == 303, approved.text
    assert "没有要决定的" in (await http.get(FINANCE_PATH, headers=checker)).text


STANDING_FORM = {
    "fund_id": FUND,
    "donor_id": "P-donor",
    "amount": "2万",
    "request_yuan": "500",
    "month_yuan": "3,000",
    "until": "2099-06-30",
    "categories": "配餐、医疗救助",
    "towns": "茶山，长安镇",
    "reference": "理事会纪要-3",
}


async def test_two_let_a_fund_give_by_itself_and_one_ends_it(harness: AuditHarness) -> None:
    """What is written wrongly comes back with what was typed."""
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    await harness.open_fund()
    path = f"{FINANCE_PATH}/new/standing"
    for wrong in (
        {"until": "明年"},
        {"categories": "吃饭"},
        {"towns": "广州"},
        {"request_yuan": "4000"},
        {"donor_id": ""},
    ):
        answer = await http.post(path, data=STANDING_FORM | wrong, headers=maker)
        assert (answer.status_code, "理事会纪要-3" in answer.text) == (422, True), wrong
    proposed = await http.post(path, data=STANDING_FORM, headers=maker)
    assert proposed.status_code == 303
    page = await http.get(FINANCE_PATH, headers=checker)
    for line in ("每项至多 500.00 元，每月至多 3,000.00 元", "配餐、医疗救助", "茶山镇、长安镇"):
        assert line in page.text
    [approve] = re.findall(rf"{FINANCE_PATH}/mandates/[^\"]+/approve", page.text)
    given = await http.post(approve, data={"digest": find_digest(page)}, headers=checker)
    assert given.status_code == 303, given.text
    [end] = re.findall(
        rf"{FINANCE_PATH}/standing/[^\"]+/end",
        (await http.get(FINANCE_PATH, headers=maker)).text,
    )
    assert (await http.post(end, headers=maker)).status_code == 303
    assert "停止自动资助" not in (await http.get(FINANCE_PATH, headers=checker)).text


async def test_a_transfer_and_a_reversal_are_typed_as_people_write(harness: AuditHarness) -> None:
    http, maker = harness.audit.http, harness.maker
    await harness.open_fund()
    await harness.open_fund("other")
    await harness.stack.publish(make_gift(harness.stack, "gift-1", 200_000))
    await harness.wait_published(3)
    form = {"from_fund_id": FUND, "to_fund_id": "other", "reference": "纪要-1"}
    for amount in ("2E+05", "", "-5"):
        answer = await http.post(
            f"{FINANCE_PATH}/new/transfer", data=form | {"amount": amount}, headers=maker
        )
        assert answer.status_code == 422, amount
    proposed = await http.post(
        f"{FINANCE_PATH}/new/transfer", data=form | {"amount": "￥1,200元"}, headers=maker
    )
    assert proposed.headers["location"] == FINANCE_PATH
    page = await http.get(FINANCE_PATH, headers=harness.checker)
    assert "1,200.00 元" in page.text
    for index in ("-1", "９", "99999999", "9" * 5000):
        entry = {"log": "guanjia.test/log/2026", "index": index, "reference": "纪要-2"}
        answer = await http.post(f"{FINANCE_PATH}/new/reversal", data=entry, headers=maker)
        assert answer.status_code == 422, index
    names = ("fund", "transfer", "standing", "reversal")
    for name, status in (*((name, 200) for name in names), ("other", 404)):
        form_page = await http.get(f"{FINANCE_PATH}/new/{name}", headers=maker)
        assert form_page.status_code == status


async def test_who_read_another_version_approves_nothing(harness: AuditHarness) -> None:
    """Declined and proposed again under the same id, while the page was open."""
    first = {"fund_id": "spring", "name": "春", "terms": {"purpose": "助学"}}
    await harness.post("/funds", harness.maker, "f-1", first)
    page = await harness.audit.http.get(FINANCE_PATH, headers=harness.checker)
    await harness.post("/funds/spring/decline", harness.checker, "f-2")
    await harness.post("/funds", harness.maker, "f-3", first | {"terms": {"purpose": "其他"}})
    approved = await harness.audit.http.post(
        f"{FINANCE_PATH}/funds/spring/approve",
        data={"digest": find_digest(page)},
        headers=harness.checker,
    )
    assert approved.status_code == 409


PAYEE_FORM = {
    "kind": "shop",
    "name": "茶山百货店",
    "number": ACCOUNT_NUMBER,
    "bank": "东莞银行茶山支行",
}


async def test_what_is_due_is_ordered_approved_and_exported_on_pages(
    harness: AuditHarness,
) -> None:
    """The account is seen by finance alone; who approves it reads it."""
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    auditor = harness.stack.bearer("an-auditor", Role.AUDITOR)
    await harness.open_fund()
    await harness.publish_in_order(
        gift(1_000_00), acceptance("M-1", 333_00), confirmation("M-1", 333_00)
    )
    await harness.wait_published(4)
    payables = f"{FINANCE_PATH}/payables"
    assert "M-1" in (await http.get(payables, headers=auditor)).text
    assert (await http.get(f"{payables}/M-1", headers=checker)).status_code == 403
    wrong = PAYEE_FORM | {"number": "=1+1"}
    answer = await http.post(f"{payables}/M-1", data=wrong, headers=maker)
    assert (answer.status_code, "茶山百货店" in answer.text) == (422, True)
    named = await http.post(f"{payables}/M-1", data=PAYEE_FORM, headers=maker)
    assert named.headers["location"] == payables
    orders = f"{FINANCE_PATH}/orders"
    for match in ({}, {"match": "no id"}):
        assert (await http.post(orders, data=match, headers=maker)).status_code == 422
    made = await http.post(orders, data={"match": "M-1"}, headers=maker)
    order = made.headers["location"]
    assert (await http.get(f"{order}/file", headers=maker)).status_code == 409
    page = await http.get(order, headers=checker)
    assert ACCOUNT_NUMBER in page.text
    assert ACCOUNT_NUMBER not in (await http.get(order, headers=auditor)).text
    assert (await http.get(f"{order}/file", headers=auditor)).status_code == 403
    approve = {"digest": find_digest(page)}
    assert (await http.post(f"{order}/approve", data=approve, headers=maker)).status_code == 403
    approved = await http.post(f"{order}/approve", data=approve, headers=checker)
    assert approved.headers["location"] == order
    exported = await http.post(f"{order}/bank/export", headers=maker)
    assert exported.headers["location"] == order
    assert "等银行" in (await http.get(orders, headers=auditor)).text
    for who in (maker, checker):
        linked = await http.get(f"{order}/file", headers=who)
        assert linked.status_code == 409, "a link alone takes nothing"
        assert f"{order}/bank/take" in (await http.get(order, headers=who)).text
    assert (await http.post(f"{order}/bank/take", headers=auditor)).status_code == 403
    taken = await http.post(f"{order}/bank/take", headers=maker)
    assert taken.headers["location"] == order
    workbook = load_workbook(BytesIO((await http.get(f"{order}/file", headers=maker)).content))
    number, account, *_ = list(workbook.active.values)[1]  # type: ignore[union-attr]
    assert (number, account) == (1, ACCOUNT_NUMBER)
    page = await http.get(order, headers=maker)
    assert ("只上传一次" in page.text, f"{order}/file" in page.text) == (True, True)
    page = await http.get(order, headers=checker)
    assert ("fin-maker" in page.text, f"{order}/file" in page.text) == (True, False)
    assert (await http.get(f"{order}/file", headers=checker)).status_code == 409
    assert (await http.post(f"{order}/bank/take", headers=checker)).status_code == 409
    for who in (maker, checker):
        asked = await http.post(f"{order}/bank/reissue", headers=who)
        assert asked.headers["location"] == order
    assert f"{order}/bank/take" in (await http.get(order, headers=checker)).text
