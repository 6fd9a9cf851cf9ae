"""What finance says and enters by page, on a running audit: a gift that is asked about, interest of
a bank, the number of an invoice."""

import re
from datetime import timedelta

from services.audit.model import Donation
from services.audit.pages.invoices import INVOICES_PATH
from services.audit.pages.proposing import FINANCE_PATH
from services.audit.pages.voucher_files import FILES_PATH
from services.audit.store import find_waiting_gifts, mark_asked_gifts
from shared import mongo
from shared.contracts.links import GIFT_RECEIPT
from shared.security import Role
from tests.audit.facts import FUND, NOW, gift
from tests.audit.harness import AuditHarness
from tests.audit.test_gift_references import stated
from tests.audit.test_vouchers import DIGEST, SCAN

KEY = "k" * 22


async def test_finance_says_that_a_gift_is_another_and_it_is_entered(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    late = NOW + timedelta(hours=9)
    second = stated("b-2", donor_id="P-other", received_at=late)
    await harness.publish_in_order(stated("b-1"), second, gift(1))
    await harness.wait_published(3)
    http = harness.audit.http
    [question] = (await harness.get("/gift-questions"))["gift_questions"]
    assert (question["amount_fen"], question["may_be"]["amount_fen"]) == (700, 700)
    assert question["day"] == "2026-01-16", "the bank's day in China"
    database = harness.audit.runtime.database
    as_before = {"waiting": True}
    await database[Donation.COLLECTION].update_one({"_id": question["id"]}, {"$set": as_before})
    await mark_asked_gifts(database)
    assert await database[Donation.COLLECTION].count_documents(as_before) == 0
    assert await find_waiting_gifts(database, NOW + timedelta(days=1), 10) == []
    assert await find_waiting_gifts(database, NOW + timedelta(days=900), 10) == [question["id"]]
    page = await http.get(FINANCE_PATH, headers=harness.maker)
    assert "同一流水号，捐赠人或金额不同" in page.text
    path = f"{FINANCE_PATH}/gift-questions/{question['id']}"
    form = {"answer": "another", "form_key": KEY}
    collector = harness.stack.bearer("collector", Role.COLLECTOR)
    assert (await http.post(path, data=form, headers=collector)).status_code == 403
    wrong = await http.post(path, data=form | {"answer": "perhaps"}, headers=harness.maker)
    assert wrong.status_code == 422
    answered = await http.post(path, data=form, headers=harness.maker)
    assert answered.status_code == 303, answered.text
    summary = await harness.wait_published(4)
    assert summary["received_fen"] == 1401
    assert (await harness.get("/gift-questions"))["gift_questions"] == []
    await harness.verify(summary)


async def test_two_people_enter_interest_by_page(harness: AuditHarness) -> None:
    await harness.open_fund()
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    file = {"file": ("a.pdf", SCAN)}
    await http.post(FILES_PATH, data={"note": "利息单", "form_key": KEY}, files=file, headers=maker)
    form = {"fund_id": FUND, "amount": "12.34", "day": "2026-01-20", "reference": "利息单-1"}
    papers = {"voucher": "记-7", "attachment": DIGEST, "form_key": "l" * 22}
    done = await http.post(f"{FINANCE_PATH}/new/interest", data=form | papers, headers=maker)
    assert done.status_code == 303, done.text
    waiting = (await http.get(FINANCE_PATH, headers=checker)).text
    assert "银行利息" in waiting
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', waiting))
    [path] = re.findall(rf"{FINANCE_PATH}/bank-entries/[^\"]+/approve", waiting)
    approved = await http.post(path, data={"digest": digest}, headers=checker)
    assert approved.status_code == 303, approved.text
    summary = await harness.wait_published(2)
    assert (summary["interest_fen"], summary["received_fen"]) == (1234, 0)
    await harness.verify(summary)


async def test_an_invoices_number_is_on_the_receipt_and_not_on_the_log(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    await harness.publish_in_order(gift(12_345))
    await harness.wait_published(2)
    http = harness.audit.http
    [one] = await mongo.find(harness.audit.runtime.database, Donation, {})
    missing = await http.get(INVOICES_PATH, headers=harness.maker)
    assert one.id in missing.text
    donations = harness.audit.runtime.database[Donation.COLLECTION]
    for back_fen, is_listed in ((12_345, False), (12_344, True), (0, True)):
        await donations.update_one({"_id": one.id}, {"$set": {"refunded_fen": back_fen}})
        listed = (await harness.get("/gift-invoices/missing"))["gifts"]
        assert [gift["donation_id"] for gift in listed] == [one.id][:is_listed], back_fen
    page = await http.get(f"{INVOICES_PATH}/{one.id}", headers=harness.maker)
    assert "壹佰贰拾叁元肆角伍分" in page.text
    day = one.received_at.date().isoformat()
    form = {"number": "0012345678", "code": "44060126", "issued_on": day, "form_key": KEY}
    auditor = harness.stack.bearer("reads-all", Role.AUDITOR)
    target = f"{INVOICES_PATH}/{one.id}"
    assert (await http.post(target, data=form, headers=auditor)).status_code == 403
    wrong = await http.post(target, data=form | {"number": "张三"}, headers=harness.maker)
    assert wrong.status_code == 422
    entered = await http.post(target, data=form, headers=harness.maker)
    assert entered.status_code == 303, entered.text
    assert one.id not in (await http.get(INVOICES_PATH, headers=harness.maker)).text
    now = await harness.audit.runtime.processor.now()
    token = harness.stack.keyring.make_link(
        GIFT_RECEIPT.purpose, one.id, GIFT_RECEIPT.compute_end(now), now, holder=one.donor_id
    )
    receipt = await http.get(GIFT_RECEIPT.path(token))
    assert "44060126 0012345678" in receipt.text
    assert "0012345678" not in str(await harness.stack.read("guanjia.ledger"))
