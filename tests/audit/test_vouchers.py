"""Fees and refunds by two people: each with its voucher, and a scan whose digest is on the log."""

import hashlib
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.audit.model import BankQuestion, LogHead, ProposeTransfer
from services.audit.model.vouchers import (
    FILE_BYTES_MAX,
    ApproveFundFee,
    ApproveGiftRefund,
    DeclineFundFee,
    FundFee,
    GiftRefund,
    ProposeFundFee,
    ProposeGiftRefund,
    VoucherFile,
)
from services.audit.pages.proposing import FINANCE_PATH
from services.audit.pages.voucher_files import FILES_PATH
from services.audit.vouchers.files import read_file
from shared.contracts.events import LedgerRefunded
from shared.errors import Invalid
from shared.messaging.decision import Ref
from tests.audit.decisions import (
    FILES,
    FOUNDATION,
    MemoryAudit,
    answer_question,
    confirm_matches,
    open_audit,
)
from tests.audit.facts import FUND, NOW, acceptance, bank_line, gift
from tests.audit.harness import AuditHarness
from tests.audit.test_cli_proposals import proposed, run
from tests.support.answers import code

SCAN = b"%PDF-1.4 slip"
DIGEST = hashlib.sha256(SCAN).hexdigest()
PAPERS: dict[str, Any] = {
    "at": NOW,
    "reference": "理事会纪要-3",
    "voucher": "记-12",
    "attachment": DIGEST,
    "bank_reference": "B-9",
    "own_account": "工行 1001",
}


def start(*, attached: bool = True) -> MemoryAudit:
    audit = open_audit()
    audit.receive(gift(20_000))
    if attached:
        assert audit.answer(read_file(SCAN, "手续费回单"), "maker").status == 201
    return audit


def make_fee(amount_fen: int = 500, **more: Any) -> ProposeFundFee:
    return ProposeFundFee(fund_id=FUND, amount_fen=amount_fen, **PAPERS | more)


def propose(audit: MemoryAudit, data: ProposeFundFee | ProposeGiftRefund) -> str:
    answer = audit.answer(data, "maker", key=f"{data.voucher} {data.amount_fen}")
    assert answer.status == 202, answer
    return str(answer.body["id"])


def test_a_fee_is_entered_by_two_with_its_voucher_and_the_digest_of_its_scan() -> None:
    audit = start()
    approval = ApproveFundFee(fee_id=propose(audit, make_fee()))
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    assert audit.fund().fees_fen == 0
    assert audit.answer(approval, "checker").status == 200
    entry = audit.entries()[-1]
    assert entry["kind"] == "management_fee"
    assert entry["authorisation"] == {
        "attachment": DIGEST,
        "checker": "checker",
        "maker": "maker",
        "reference": "理事会纪要-3",
        "voucher": "记-12",
    }
    assert audit.books().funds[FUND].fees_fen == audit.fund().fees_fen == 500
    assert code(audit.answer(approval, "checker")) == "fee_not_proposed"


def test_a_gift_is_given_back_by_two_and_never_more_than_it_was() -> None:
    audit = start()
    gift_id = audit.donation().id

    def make(amount_fen: int, **more: Any) -> ProposeGiftRefund:
        return ProposeGiftRefund(donation_id=gift_id, amount_fen=amount_fen, **PAPERS | more)

    assert code(audit.answer(make(20_001), "maker")) == "fact_exceeds_gift"
    first, second = propose(audit, make(15_000)), propose(audit, make(9_000, bank_reference="B-8"))
    assert audit.answer(ApproveGiftRefund(refund_id=first), "checker").status == 200
    late = ApproveGiftRefund(refund_id=second)
    assert code(audit.answer(late, "checker")) == "fact_exceeds_gift"
    entry = audit.entries()[-1]
    assert entry["kind"] == "refund"
    assert entry["authorisation"]["voucher"] == "记-12"
    assert (audit.donation().refunded_fen, audit.fund().remaining_fen) == (15_000, 5_000)
    audit.books()


@pytest.mark.parametrize("is_stated", [True, False])
def test_a_refund_of_what_the_bank_took_is_entered_though_the_fund_has_less(
    *, is_stated: bool
) -> None:
    """A bank's fact is not refused; without its line the money is not there to give."""
    audit = start()
    audit.receive(acceptance("M-1", 20_000))
    refund = ProposeGiftRefund(donation_id=audit.donation().id, amount_fen=5_000, **PAPERS)
    if not is_stated:
        assert code(audit.answer(refund, "maker")) == "fact_insufficient_funds"
        return
    line: dict[str, Any] = {"bank_reference": "B-9", "own_account": "工行 1001"}
    audit.receive(bank_line("退款", 5_000, "line", **line))
    approval = ApproveGiftRefund(refund_id=propose(audit, refund))
    assert audit.answer(approval, "checker").status == 200
    entry = audit.entries()[-1]
    assert entry["kind"] == "refund"
    assert entry["forced_by"] == "bank"
    assert entry["authorisation"]["voucher"] == "记-12"
    fact = audit.events[-1][1]
    assert isinstance(fact, LedgerRefunded)
    assert (fact.overdrawn_fen, audit.fund().remaining_fen) == (5_000, -5_000)
    [question] = audit.all(BankQuestion).values()
    assert not question.is_open
    again = audit.answer(refund.model_copy(update={"amount_fen": 5_001}), "maker", key="again")
    assert code(again) == "fact_insufficient_funds", "the line was of another sum, and is entered"
    assert audit.books().funds[FUND].remaining_fen == -5_000


def test_a_gift_is_not_given_back_before_it_came() -> None:
    audit = start()
    gift_id = audit.donation().id

    def make(at: datetime) -> ProposeGiftRefund:
        return ProposeGiftRefund(donation_id=gift_id, amount_fen=100, **PAPERS | {"at": at})

    early = make(NOW - timedelta(days=1))
    assert code(audit.answer(early, "maker")) == "refund_before_gift"
    id_ = propose(audit, make(NOW))
    of_before = audit.get(GiftRefund, id_).model_copy(update={"at": early.at})
    audit.states[Ref(GiftRefund, id_)] = of_before
    approval = ApproveGiftRefund(refund_id=id_)
    assert code(audit.answer(approval, "checker")) == "refund_before_gift"
    assert audit.donation().refunded_fen == 0


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"amount_fen": 2_001}, "fact_exceeds_fee_limit"),
        ({"attachment": "0" * 64}, "attachment_unknown"),
        ({"at": NOW.replace(year=2099)}, "moment_implausible"),
    ],
)
def test_a_fee_that_cannot_be_is_refused_before_a_second_looks(
    change: dict[str, Any], refused: str
) -> None:
    assert code(start().answer(make_fee(**change), "maker")) == refused


def test_a_line_named_by_a_phone_is_the_banks_line_and_nobodys_number() -> None:
    """Some tills write the payer's phone as the reference."""
    audit, phone = start(), "13800138000"
    audit.receive(bank_line("手续费", 500, bank_reference=phone, own_account="工行 1001"))
    fee = propose(audit, make_fee(bank_reference=phone))
    assert phone not in audit.get(FundFee, fee).model_dump_json()
    audit.execute(ApproveFundFee(fee_id=fee), "checker")
    [question] = audit.all(BankQuestion).values()
    assert not question.is_open


def test_the_banks_line_of_a_fee_is_known_whenever_it_comes() -> None:
    """It was asked about before, or comes after; a second entry of it is refused."""
    audit = start()
    line = bank_line("手续费", 500, bank_reference="B-9", own_account="工行 1001")
    audit.receive(line)
    [question] = audit.all(BankQuestion).values()
    first, second = propose(audit, make_fee()), propose(audit, make_fee(voucher="记-13"))
    audit.execute(ApproveFundFee(fee_id=first), "checker")
    closed = audit.get(BankQuestion, question.id)
    assert (closed.is_open, closed.is_entered, closed.answer) == (False, True, "记-12")
    assert code(audit.answer(ApproveFundFee(fee_id=second), "checker")) == "line_entered"
    assert audit.answer(DeclineFundFee(fee_id=second), "checker").status == 200
    again = audit.receive(bank_line("手续费", 500, "file-1", bank_reference="B-9"))
    assert again.answer is not None
    assert again.answer.body == {"state": "known"}
    assert audit.kinds().count("management_fee") == 1


@pytest.mark.parametrize("own_account", ["", "工行 1001"])
def test_the_banks_line_of_a_payment_is_no_fee_and_a_fees_line_no_payment(
    own_account: str,
) -> None:
    """By reference, amount and account: of another account, or of another amount, it is another."""
    audit = confirm_matches("M-1", amount=500)
    assert audit.answer(read_file(SCAN, "回单"), "maker").status == 201
    order = audit.order("M-1")
    reference = order.format_reference(1)
    line = bank_line(reference, 500, bank_reference="B-9", own_account=own_account)
    audit.receive(line)
    approvals = [
        ApproveFundFee(fee_id=propose(audit, make_fee(amount, voucher=f"记-{number}", **more)))
        for number, (amount, more) in enumerate(
            ((500, {}), (500, {"own_account": ""}), (499, {}), (500, {"own_account": "建行 2"}))
        )
    ]
    answers = [audit.answer(each, "checker") for each in approvals]
    assert [code(each) for each in answers[:2]] == ["line_entered"] * 2
    assert answers[2].status == 200
    assert (answers[3].status == 200) is bool(own_account)


def test_a_line_that_two_people_entered_as_a_fee_pays_nothing() -> None:
    """Though the bank's line names a payment, and was asked about before."""
    audit = confirm_matches("M-1", amount=500)
    assert audit.answer(read_file(SCAN, "回单"), "maker").status == 201
    order = audit.order("M-1")
    reference = order.format_reference(1)
    line: dict[str, Any] = {
        "bank_reference": "B-9",
        "own_account": PAPERS["own_account"],
        "account": "62220000",
    }
    audit.receive(bank_line(reference, 500, **line))
    [question] = audit.all(BankQuestion).values()
    approval = ApproveFundFee(fee_id=propose(audit, make_fee()))
    assert audit.answer(approval, "checker").status == 200
    assert answer_question(audit, question, reference) == "bank_answer_unfit"
    assert audit.kinds().count("payment") == 0


def test_fees_of_two_accounts_under_one_reference_are_two() -> None:
    audit = start()
    for number, account in enumerate(("工行 1001", "建行 2002")):
        event = bank_line("费", 500, f"l-{number}", bank_reference="B-9", own_account=account)
        audit.receive(event)
        fee = make_fee(voucher=f"记-{number}", own_account=account)
        assert audit.answer(ApproveFundFee(fee_id=propose(audit, fee)), "checker").status == 200
    assert not any(question.is_open for question in audit.all(BankQuestion).values())
    again = make_fee(voucher="记-9", own_account="建行 2002")
    refused = audit.answer(ApproveFundFee(fee_id=propose(audit, again)), "checker")
    assert code(refused) == "line_entered"


def test_a_fee_of_a_closed_month_is_refused_at_both_steps() -> None:
    audit = start()
    waiting = propose(audit, make_fee())
    head = audit.get(LogHead, FOUNDATION)
    closed = head.model_copy(update={"closed_until": NOW.replace(day=31)})
    audit.states |= {ref: closed for ref, state in audit.states.items() if state == head}
    assert code(audit.answer(make_fee(), "maker")) == "month_closed"
    assert code(audit.answer(ApproveFundFee(fee_id=waiting), "checker")) == "month_closed"


def test_a_transfer_may_name_its_voucher_and_needs_a_scan_that_is_there() -> None:
    audit = open_audit(FUND, "OTHER")
    audit.receive(gift(20_000))
    fields = {"from_fund_id": FUND, "to_fund_id": "OTHER", "amount_fen": 100, "reference": "r"}
    unknown = ProposeTransfer.model_validate(fields | {"attachment": DIGEST})
    assert code(audit.answer(unknown, "maker")) == "attachment_unknown"
    assert audit.answer(ProposeTransfer.model_validate(fields), "maker").status == 202


def test_a_scan_is_stored_sealed_once_and_read_by_its_content() -> None:
    audit = start()
    file = audit.get(VoucherFile, DIGEST)
    assert SCAN not in file.content
    assert FILES.open(DIGEST, file.content) == SCAN
    again = audit.execute(read_file(SCAN, "另一个说法"), "other")
    assert again.states == ()
    for content, note in (
        (b"MZ", "x"),
        (b"", "x"),
        (SCAN + b"x" * FILE_BYTES_MAX, "x"),
        (SCAN, ""),
    ):
        with pytest.raises(Invalid):
            read_file(content, note)


async def test_finance_charges_a_fee_by_page_and_gives_back_by_command(
    harness: AuditHarness, tmp_path: Path
) -> None:
    await harness.open_fund()
    await harness.publish_in_order(gift(20_000))
    await harness.wait_published(2)
    http, (maker, checker) = harness.audit.http, (harness.maker, harness.checker)
    form = {"note": "手续费回单", "form_key": "k" * 22}
    for who, status in ((checker, 403), (maker, 303)):
        added = await http.post(FILES_PATH, data=form, files={"file": ("a.pdf", SCAN)}, headers=who)
        assert added.status_code == status
    wrong = await http.post(FILES_PATH, data=form, files={"file": ("a.exe", b"MZ")}, headers=maker)
    assert (wrong.status_code, "PDF、JPG、PNG" in wrong.text) == (422, True)
    page = await http.get(f"{FINANCE_PATH}/new/fee", headers=maker)
    assert DIGEST in page.text
    assert "本年至今：管理费用 0.00 元，当年总支出 0.00 元" in page.text
    fee = {"fund_id": FUND, "amount": "5.00", "day": "2026-01-20", "reference": "纪要-3"}
    papers = {"voucher": "记-12", "attachment": DIGEST, "form_key": "l" * 22}
    missing = await http.post(f"{FINANCE_PATH}/new/fee", data=fee, headers=maker)
    assert missing.status_code == 422
    done = await http.post(f"{FINANCE_PATH}/new/fee", data=fee | papers, headers=maker)
    assert done.status_code == 303, done.text
    waiting = (await http.get(FINANCE_PATH, headers=checker)).text
    share = "超过上限：管理费用 5.00 元，当年总支出 5.00 元，年度管理费用占比 100.00%；上限 10%"
    for part in ("记-12", DIGEST, "5.00 元", "2026年1月20日", share):
        assert part in waiting, part
    [digest] = set(re.findall(r'name="digest" value="([0-9a-f]{32})"', waiting))
    [path] = re.findall(rf"{FINANCE_PATH}/fund-fees/[^\"]+/approve", waiting)
    approved = await http.post(path, data={"digest": digest}, headers=checker)
    assert approved.status_code == 303, approved.text

    file = tmp_path / "slip.pdf"
    file.write_bytes(SCAN + b"2")
    attached = await run(harness, maker, "attach", str(file), "--note", "退款回单")
    attachment = attached.output.strip().splitlines()[-1]
    assert attachment == hashlib.sha256(SCAN + b"2").hexdigest()
    assert (await http.get(f"/voucher-files/{attachment}", headers=checker)).content == SCAN + b"2"
    [gift_id] = await harness.audit.runtime.database["donations"].distinct("_id")
    options = ("--donation", gift_id, "--yuan", "100.00", "--day", "2026-01-21")
    papers_typed = ("--reference", "申请-1", "--voucher", "记-13", "--attachment", attachment)
    refund = await proposed(harness, "refund", "propose", *options, *papers_typed)
    assert (await run(harness, checker, "refund", "approve", refund)).exit_code == 0
    assert "记-13" in (await run(harness, maker, "refund", "list")).output
    summary = await harness.wait_published(4)
    assert (summary["fees_fen"], summary["refunded_fen"]) == (500, 10_000)
    await harness.verify(summary)
