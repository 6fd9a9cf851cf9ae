"""The number of a gift's invoice: one giver's, replaced where it was void, never on the log."""

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest

from services.audit.invoices import describe_gift, format_capitals
from services.audit.model.invoices import EnterGiftInvoice, GiftInvoice
from services.audit.model.vouchers import ApproveGiftRefund, ProposeGiftRefund
from services.audit.vouchers.files import read_file
from shared.messaging.decision import Answer
from tests.audit.decisions import MemoryAudit, open_audit
from tests.audit.facts import NOW, gift
from tests.support.answers import code


def open_with_gifts(*donors: str) -> tuple[MemoryAudit, list[str]]:
    audit = open_audit()
    ids = []
    for number, donor in enumerate(donors):
        audit.receive(gift(1_000, f"gift-{number}", donor=donor))
        ids.append(audit.events[-1][0])
    return audit, ids


def enter(audit: MemoryAudit, donation_id: str, number: str = "0012345678", **more: Any) -> str:
    """The code of the refusal; empty where it was entered."""
    fields: dict[str, Any] = {"code": "44060126", "issued_on": date(2026, 1, 15)}
    command = EnterGiftInvoice(donation_id=donation_id, number=number, **fields | more)
    answer = audit.answer(command, "maker")
    return "" if answer.status == 200 else code(answer)


def test_a_number_is_entered_once_and_stays_off_the_log() -> None:
    audit, [id_] = open_with_gifts("P-1")
    size = len(audit.leaves)
    assert [enter(audit, id_), enter(audit, id_)] == ["", ""]
    assert audit.get(GiftInvoice, id_).name == "44060126 0012345678"
    assert len(audit.leaves) == size


def test_one_invoice_may_be_of_several_gifts_of_one_giver_and_of_nobody_elses() -> None:
    audit, [first, second, others] = open_with_gifts("P-1", "P-1", "P-2")
    assert [enter(audit, first), enter(audit, second)] == ["", ""]
    assert enter(audit, others) == "invoice_of_another"


def test_another_number_needs_the_word_that_the_one_before_was_void() -> None:
    audit, [first, others] = open_with_gifts("P-1", "P-2")
    assert enter(audit, first) == ""
    assert enter(audit, first, "0012345679") == "invoice_exists"
    assert enter(audit, first, "0012345679", replaces=True) == ""
    assert audit.get(GiftInvoice, first).earlier == ("44060126 0012345678",)
    assert enter(audit, others) == "", "a number that was typed wrongly is free again"


def refund(audit: MemoryAudit, donation_id: str, amount_fen: int) -> tuple[Answer, Answer]:
    """Proposed by one, approved by another."""
    audit.execute(read_file(b"%PDF-1.4 slip", "退款回单"), "maker")
    papers: dict[str, Any] = {
        "at": NOW,
        "reference": "理事会纪要-3",
        "voucher": "记-12",
        "attachment": hashlib.sha256(b"%PDF-1.4 slip").hexdigest(),
    }
    data = ProposeGiftRefund(donation_id=donation_id, amount_fen=amount_fen, **papers)
    proposed = audit.answer(data, "maker")
    approval = ApproveGiftRefund(refund_id=str(proposed.body["id"]))
    return proposed, audit.answer(approval, "checker")


def test_a_gift_of_which_nothing_is_left_gets_no_invoice() -> None:
    audit, [id_] = open_with_gifts("P-1")
    refund(audit, id_, 400)
    refund(audit, id_, 600)
    assert enter(audit, id_) == "invoice_of_nothing"
    assert GiftInvoice not in {ref.state for ref, state in audit.states.items() if state}


def test_a_refund_says_to_both_which_invoice_has_to_be_voided() -> None:
    audit, [id_, other] = open_with_gifts("P-1", "P-1")
    assert enter(audit, id_) == ""
    answers = refund(audit, id_, 1_000)
    assert [answer.body["invoice"] for answer in answers] == ["44060126 0012345678"] * 2
    assert [answer.body["invoice"] for answer in refund(audit, other, 1)] == ["", ""]
    assert enter(audit, id_) == "", "the same again changes nothing"
    assert enter(audit, id_, "0012345679", replaces=True) == "invoice_of_nothing"
    assert enter(audit, other, "0012345680") == "", "of what is left"


def test_the_same_number_with_another_day_corrects_the_day() -> None:
    audit, [id_] = open_with_gifts("P-1")
    later = NOW + timedelta(days=2)
    assert enter(audit, id_) == ""
    command = EnterGiftInvoice(
        donation_id=id_, number="0012345678", code="44060126", issued_on=date(2026, 1, 16)
    )
    answer = audit.answer(command, "another", later)
    invoice = audit.get(GiftInvoice, id_)
    assert (answer.status, answer.body["issued_on"]) == (200, "2026-01-16")
    assert (invoice.issued_on, invoice.entered_by, invoice.earlier) == ("2026-01-16", "another", ())


@pytest.mark.parametrize("day", [date(2026, 1, 14), NOW.date() + timedelta(days=1)])
def test_it_is_issued_after_the_gift_and_not_in_the_future(day: date) -> None:
    audit, [id_] = open_with_gifts("P-1")
    assert enter(audit, id_, issued_on=day) == "invoice_day_wrong"


def test_a_gift_that_is_not_on_the_ledger_has_none() -> None:
    audit = open_audit()
    audit.receive(gift(1_000, fund="NOWHERE"))
    assert enter(audit, audit.donation().id) == "gift_refused"
    assert enter(audit, "D-none") == "donation_unknown"


def test_what_an_invoice_says_is_without_what_was_given_back() -> None:
    audit, [_] = open_with_gifts("P-1")
    some = audit.donation().model_copy(update={"refunded_fen": 50})
    stated = describe_gift(some, {"guanjia": "莞家"}, {some.fund_id: "暖留"})
    assert (stated["amount_fen"], stated["amount_in_capitals"]) == (950, "玖元伍角整")
    assert (stated["recipient"], stated["project"]) == ("莞家", "暖留")


@pytest.mark.parametrize(
    ("amount_fen", "text"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (100, "壹元整"),
        (1_001, "壹拾元零壹分"),
        (10_050, "壹佰元零伍角整"),
        (100_100, "壹仟零壹元整"),
        (10_000_100, "壹拾万零壹元整"),
        (101_000_000, "壹佰零壹万元整"),
        (1_234_567_890, "壹仟贰佰叁拾肆万伍仟陆佰柒拾捌元玖角整"),
        (100_000_001_000, "壹拾亿零壹拾元整"),
    ],
)
def test_sums_in_capitals(amount_fen: int, text: str) -> None:
    assert format_capitals(amount_fen) == text


def test_a_sum_below_zero_has_no_capitals() -> None:
    with pytest.raises(ValueError, match="capitals"):
        format_capitals(-1)
