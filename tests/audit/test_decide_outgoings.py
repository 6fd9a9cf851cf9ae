"""Gifts given back and management fees: what a bank reports of them, and what is refused."""

from datetime import timedelta

import pytest

from services.audit.model import FundTerms
from services.audit.model.vouchers import ProposeGiftRefund, VoucherFile
from shared.contracts.events import LedgerFeeCharged, LedgerRefunded, LedgerRefused
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, Ref
from tests.audit.decisions import MemoryAudit, last_reason, open_audit
from tests.audit.facts import NOW, acceptance, fee, gift, goods, refund
from tests.support.answers import code


def open_with_gift(amount_fen: int = 5_000) -> tuple[MemoryAudit, str]:
    """An audit with one gift, and the gift's id."""
    audit = open_audit()
    audit.receive(gift(amount_fen))
    return audit, audit.donation().id


def test_a_gift_is_given_back_in_parts_up_to_what_it_was() -> None:
    audit, donation = open_with_gift(5_000)
    audit.receive(refund(donation, 2_000, "r-1"))
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerRefunded)
    assert (subject, event.donation_id, event.amount_fen) == (donation, donation, 2_000)
    audit.receive(refund(donation, 3_000, "r-2"))
    assert audit.fund().remaining_fen == 0
    entry = audit.entries()[-1]
    assert entry["kind"] == "refund"
    assert entry["gift"] == {"log": entry["log"], "index": 1}
    audit.books()


def test_the_same_refund_twice_is_one() -> None:
    audit, donation = open_with_gift()
    audit.receive(refund(donation, 2_000))
    assert audit.receive(refund(donation, 2_000)) == NOTHING
    assert audit.fund().refunded_fen == 2_000


def test_no_more_is_given_back_than_was_given() -> None:
    audit, donation = open_with_gift(5_000)
    audit.receive(gift(9_000, "gift-2"))
    audit.receive(refund(donation, 2_000, "r-1"))
    audit.receive(refund(donation, 3_001, "r-2"))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.available_fen) == ("exceeds_gift", 3_000)
    assert audit.receive(refund(donation, 3_001, "r-2")) == NOTHING


def test_nothing_is_given_back_before_it_was_given() -> None:
    audit, donation = open_with_gift(5_000)
    early = refund(donation, 1_000)
    fact = early.data.model_copy(update={"refunded_at": NOW - timedelta(days=1)})
    with pytest.raises(Invalid, match="dated before its gift"):
        audit.receive(early.model_copy(update={"data": fact}))
    same_day = early.data.model_copy(update={"refunded_at": NOW - timedelta(hours=7)})
    audit.receive(early.model_copy(update={"data": same_day}))
    assert audit.fund().refunded_fen == 1_000


def test_promised_money_is_not_given_back_by_people_and_taken_back_by_a_bank() -> None:
    audit, donation = open_with_gift(5_000)
    audit.receive(acceptance("M-1", 4_000))
    proposal = ProposeGiftRefund(
        donation_id=donation,
        amount_fen=1_001,
        at=NOW,
        reference="申请-1",
        voucher="记-1",
        attachment="0" * 64,
    )
    scan = {"media_type": "application/pdf", "size": 1, "note": "x", "content": b"x"}
    file = VoucherFile.model_validate(scan | {"id": "0" * 64, "added_by": "m", "added_at": NOW})
    audit.states[Ref(VoucherFile, file.id)] = file
    assert code(audit.answer(proposal, "maker")) == "fact_insufficient_funds"
    audit.receive(refund(donation, 1_001))
    assert audit.fund().remaining_fen == -1


def test_only_a_gift_of_money_that_was_entered_is_given_back() -> None:
    audit = open_audit()
    audit.receive(gift(5_000, fund="UNKNOWN"))
    audit.receive(refund(audit.donation().id, 1, "r-1"))
    assert last_reason(audit) == "unknown_donation"
    audit.receive(refund("D-none", 1, "r-2"))
    assert last_reason(audit) == "unknown_donation"
    audit = open_audit()
    audit.receive(goods(5))
    audit.receive(refund(audit.donation().id, 1))
    assert last_reason(audit) == "unknown_donation"


def test_a_fee_is_charged_within_the_limit_of_the_funds_terms() -> None:
    audit = open_audit(terms=FundTerms(fee_permille_max=50))
    audit.receive(gift(1_999))
    audit.receive(fee(100, "f-1"))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.available_fen) == ("exceeds_fee_limit", 99)
    audit.receive(fee(99, "f-2"))
    assert isinstance(audit.events[-1][1], LedgerFeeCharged)
    audit.receive(fee(1, "f-3"))
    assert last_reason(audit) == "exceeds_fee_limit"
    assert audit.fund().remaining_fen == 1_900
    audit.books()


def test_what_was_given_back_bears_no_fee() -> None:
    audit, donation = open_with_gift(10_000)
    audit.receive(refund(donation, 5_000))
    audit.receive(fee(501))
    assert last_reason(audit) == "exceeds_fee_limit"
    audit.receive(fee(500, "f-2"))
    assert audit.fund().fees_fen == 500


def test_a_fee_is_not_taken_from_promised_money() -> None:
    audit, _ = open_with_gift(5_000)
    audit.receive(acceptance("M-1", 4_999))
    audit.receive(fee(2))
    assert last_reason(audit) == "insufficient_funds"


@pytest.mark.parametrize("fund", ["UNKNOWN", "a:b"])
def test_a_fee_of_an_unknown_fund_is_refused(fund: str) -> None:
    audit = open_audit()
    audit.receive(fee(1, fund=fund))
    assert last_reason(audit) == "unknown_fund"
