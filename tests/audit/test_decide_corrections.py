"""Transfers between funds and reversals of entries: two people, a document, and never too much."""

import json

import pytest

from services.audit.model import (
    ApproveReversal,
    ApproveTransfer,
    DeclineReversal,
    DeclineTransfer,
    ProposeReversal,
    ProposeTransfer,
    Reversal,
    Transfer,
    derive_reversal_id,
)
from services.audit.vouchers.files import read_file
from shared.contracts.events import LedgerReversed, LedgerTransferred
from shared.errors import Invalid
from shared.messaging.decision import Answer, Ref
from tests.audit.decisions import (
    FOUNDATION,
    NEXT_YEAR,
    ORIGIN,
    OTHER_FOUNDATION,
    MemoryAudit,
    open_audit,
    open_fund,
)
from tests.audit.facts import (
    FUND,
    GOODS,
    acceptance,
    confirmation,
    fee,
    gift,
    goods,
    payment,
    refund,
    release,
)

SCAN = read_file(b"%PDF-1.4 consent", "捐赠人同意书")
PROPOSAL = ProposeTransfer(
    from_fund_id=FUND, to_fund_id="OTHER", amount_fen=3_000, reference="捐赠人同意书-7"
)


def two_funds() -> MemoryAudit:
    audit = open_audit(FUND, "OTHER")
    audit.receive(gift(5_000))
    return audit


def propose_transfer(audit: MemoryAudit, proposal: ProposeTransfer = PROPOSAL) -> str:
    answer = audit.answer(proposal, "ann", key="ann|1")
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


def propose_reversal(audit: MemoryAudit, index: int, principal: str = "ann") -> Answer:
    leaf = next(
        raw.decode()
        for raw, entry in zip(audit.leaves, audit.entries(), strict=True)
        if (entry["log"], entry["index"]) == (ORIGIN, index)
    )
    proposal = ProposeReversal(log=ORIGIN, index=index, leaf=leaf, reference="更正单-1")
    return audit.answer(proposal, principal)


def undo(audit: MemoryAudit, index: int) -> Answer:
    """Of the entry at that index, by two people."""
    assert propose_reversal(audit, index).status == 202
    return audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, index)), "bo")


def code(answer: Answer) -> str:
    return str(answer.body["problems"][0]["code"])


# --- transfers --------------------------------------------------------------------------------


def test_a_transfer_moves_money_when_a_second_person_agrees() -> None:
    audit = two_funds()
    id_ = propose_transfer(audit)
    assert audit.fund().remaining_fen == 5_000
    answer = audit.answer(ApproveTransfer(transfer_id=id_), "bo")
    assert (answer.status, answer.body["state"]) == (200, "approved")
    assert audit.fund().transferred_fen == -3_000
    assert audit.fund("OTHER").remaining_fen == 3_000
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerTransferred)
    assert (subject, event.fund_id, event.to_fund_id) == (id_, FUND, "OTHER")
    entry = audit.entries()[-1]
    assert entry["kind"] == "transfer"
    assert entry["authorisation"] == {
        "maker": "ann",
        "checker": "bo",
        "reference": "捐赠人同意书-7",
    }
    audit.books()


def test_nobody_moves_money_alone_or_twice() -> None:
    audit = two_funds()
    id_ = propose_transfer(audit)
    assert code(audit.answer(ApproveTransfer(transfer_id=id_), "ann")) == "second_person_needed"
    assert code(audit.answer(DeclineTransfer(transfer_id=id_), "ann")) == "second_person_needed"
    audit.execute(ApproveTransfer(transfer_id=id_), "bo")
    assert code(audit.answer(ApproveTransfer(transfer_id=id_), "cy")) == "transfer_not_proposed"
    assert audit.fund().transferred_fen == -3_000


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, "transfer_needs_scan"),
        ({"attachment": SCAN.id, "reference": " x "}, "transfer_needs_document"),
        ({"attachment": "0" * 64}, "attachment_unknown"),
        ({"attachment": SCAN.id}, None),
    ],
)
def test_money_leaves_a_restricted_fund_with_the_scan_of_its_document_alone(
    changes: dict[str, str], refused: str | None
) -> None:
    audit = open_audit(restricted=True)
    open_fund(audit, "OTHER", restricted=False)
    audit.receive(gift(100_000_000))
    assert audit.answer(SCAN, "ann").status == 201
    proposal = PROPOSAL.model_copy(update={"amount_fen": 100_000_000, **changes})
    answer = audit.answer(proposal, "ann")
    assert (answer.status == 202) is (refused is None)
    assert refused is None or code(answer) == refused
    if refused is None:
        id_ = str(answer.body["id"])
        assert audit.answer(ApproveTransfer(transfer_id=id_), "bo").status == 200
        assert json.loads(audit.leaves[-1])["authorisation"]["attachment"] == SCAN.id


def test_a_transfer_that_an_earlier_release_took_without_a_scan_is_not_approved() -> None:
    audit = open_audit(restricted=True)
    open_fund(audit, "OTHER", restricted=False)
    audit.receive(gift(5_000))
    proposed = Transfer(id="T-1", maker="ann", foundation=FOUNDATION, **PROPOSAL.model_dump())
    audit.states[Ref(Transfer, "T-1")] = proposed
    answer = audit.answer(ApproveTransfer(transfer_id="T-1"), "bo")
    assert code(answer) == "transfer_needs_scan"
    assert audit.fund().transferred_fen == 0


def test_a_declined_transfer_moves_nothing() -> None:
    audit = two_funds()
    id_ = propose_transfer(audit)
    audit.execute(DeclineTransfer(transfer_id=id_), "bo")
    assert audit.answer(ApproveTransfer(transfer_id=id_), "cy").status == 409
    assert audit.get(Transfer, id_).entry is None
    assert audit.kinds() == ["fund_opened", "fund_opened", "donation_received"]


def test_a_transfer_that_is_not_known_is_not_found() -> None:
    audit = two_funds()
    for command in (ApproveTransfer(transfer_id="T-0"), DeclineTransfer(transfer_id="T-0")):
        assert audit.answer(command, "bo").status == 404


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"to_fund_id": "NONE"}, "fund_unknown"),
        ({"from_fund_id": "NONE"}, "fund_unknown"),
        ({"to_fund_id": FUND}, "funds_not_paired"),
        ({"to_fund_id": "TEA"}, "funds_not_paired"),
        ({"amount_fen": 5_001}, "fund_insufficient"),
    ],
)
def test_a_transfer_is_between_two_open_funds_of_one_foundation(
    changed: dict[str, object], problem: str
) -> None:
    audit = two_funds()
    open_fund(audit, "TEA", foundation=OTHER_FOUNDATION)
    assert code(audit.answer(PROPOSAL.model_copy(update=changed), "ann")) == problem


def test_money_promised_since_the_proposal_is_not_moved() -> None:
    audit = two_funds()
    id_ = propose_transfer(audit)
    audit.receive(acceptance("M-1", 2_001))
    assert code(audit.answer(ApproveTransfer(transfer_id=id_), "bo")) == "fund_insufficient"
    audit.receive(release("M-1", 2_001))
    assert audit.answer(ApproveTransfer(transfer_id=id_), "bo").status == 200


# --- reversals --------------------------------------------------------------------------------


def test_an_entry_is_undone_once_by_two_people() -> None:
    audit = two_funds()
    assert propose_reversal(audit, 2).status == 202
    id_ = derive_reversal_id(ORIGIN, 2)
    assert code(audit.answer(ApproveReversal(reversal_id=id_), "ann")) == "second_person_needed"
    assert audit.answer(ApproveReversal(reversal_id=id_), "bo").status == 200
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerReversed)
    assert (subject, event.reverses, event.fund_id) == (id_, 2, FUND)
    assert audit.fund().received_fen == 0
    assert audit.donation().undone
    assert code(propose_reversal(audit, 2)) == "reversal_exists"
    assert audit.answer(ApproveReversal(reversal_id=id_), "cy").status == 409
    assert audit.books().reversed_entries == {2}


def test_a_declined_reversal_may_be_proposed_again() -> None:
    audit = two_funds()
    propose_reversal(audit, 2)
    audit.execute(DeclineReversal(reversal_id=derive_reversal_id(ORIGIN, 2)), "bo")
    assert propose_reversal(audit, 2).status == 202
    assert audit.get(Reversal, derive_reversal_id(ORIGIN, 2)).checker == ""


def test_a_gift_that_was_promised_on_cannot_be_undone() -> None:
    audit = two_funds()
    audit.receive(acceptance("M-1", 1))
    assert code(undo(audit, 2)) == "fund_insufficient"
    audit.receive(release("M-1", 1))
    again = audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 2)), "bo")
    assert again.status == 200
    audit.books()


def test_a_gift_that_was_given_back_cannot_be_undone_nor_an_undone_one_given_back() -> None:
    audit = two_funds()
    donation = audit.donation().id
    audit.receive(gift(9_000, "gift-2"))
    audit.receive(refund(donation, 1))
    assert code(undo(audit, 2)) == "gift_refunded"
    assert undo(audit, 4).status == 200
    assert (
        audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 2)), "bo").status == 200
    )
    audit.receive(refund(donation, 1, "refund-2"))
    assert audit.kinds()[-1] == "refusal"
    audit.books()


def test_a_commitment_is_undone_as_long_as_nothing_of_it_is_settled() -> None:
    audit = two_funds()
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 1))
    assert code(undo(audit, 3)) == "commitment_settled"
    assert undo(audit, 4).status == 200
    assert (
        audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 3)), "bo").status == 200
    )
    assert audit.fund().remaining_fen == 5_000
    audit.receive(confirmation("M-1", 3_000))
    assert audit.kinds()[-1] == "refusal"
    audit.books()


def test_a_payment_undone_is_outstanding_again() -> None:
    audit = two_funds()
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(confirmation("M-1", 3_000))
    assert undo(audit, 4).status == 200
    assert audit.commitment("M-1").outstanding_fen == 3_000
    audit.receive(payment("M-1", 3_000))
    assert audit.fund().disbursed_fen == 3_000
    audit.books()


def test_a_release_is_undone_if_the_money_is_still_there() -> None:
    audit = two_funds()
    audit.receive(acceptance("M-1", 5_000))
    audit.receive(release("M-1", 5_000))
    audit.receive(acceptance("M-2", 1))
    assert code(undo(audit, 4)) == "fund_insufficient"
    audit.receive(release("M-2", 1))
    assert (
        audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 4)), "bo").status == 200
    )
    assert audit.commitment("M-1").outstanding_fen == 5_000
    audit.books()


def test_a_transfer_is_undone_if_the_taker_still_has_it() -> None:
    audit = two_funds()
    id_ = propose_transfer(audit)
    audit.execute(ApproveTransfer(transfer_id=id_), "bo")
    audit.receive(acceptance("M-1", 1, fund="OTHER"))
    assert code(undo(audit, 3)) == "fund_insufficient"
    audit.receive(release("M-1", 1, fund="OTHER"))
    assert (
        audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 3)), "bo").status == 200
    )
    assert audit.fund().remaining_fen == 5_000
    assert audit.fund("OTHER").remaining_fen == 0
    audit.books()


def test_fees_and_refunds_are_undone() -> None:
    audit = two_funds()
    audit.receive(fee(100))
    audit.receive(refund(audit.donation().id, 1_000))
    assert undo(audit, 3).status == 200
    assert undo(audit, 4).status == 200
    assert audit.fund().remaining_fen == 5_000
    assert audit.donation().refundable_fen == 5_000
    audit.books()


def test_goods_are_undone_if_they_are_still_there() -> None:
    audit = open_audit()
    audit.receive(goods(30))
    audit.receive(confirmation("M-1", 1, **GOODS))
    assert code(undo(audit, 1)) == "stock_insufficient"
    assert undo(audit, 2).status == 200
    assert audit.stock().in_stock == 30
    assert (
        audit.answer(ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 1)), "bo").status == 200
    )
    assert audit.stock().in_stock == 0
    audit.books()


def test_openings_refusals_and_reversals_cannot_be_undone() -> None:
    audit = two_funds()
    audit.receive(gift(1, fund="UNKNOWN"))
    undo(audit, 2)
    for index in (0, 3, 4):
        with pytest.raises(Invalid):
            propose_reversal(audit, index)


def test_what_is_no_entry_cannot_be_undone() -> None:
    proposal = ProposeReversal(log=ORIGIN, index=0, leaf="{}", reference="x")
    with pytest.raises(Invalid):
        two_funds().execute(proposal)


def test_a_closed_year_is_not_corrected_any_more() -> None:
    audit = two_funds()
    propose_reversal(audit, 2)
    approve = ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, 2))
    assert code(audit.answer(approve, "bo", NEXT_YEAR)) == "year_closed"
    assert audit.kinds() == ["fund_opened", "fund_opened", "donation_received"]
    audit.execute(DeclineReversal(reversal_id=derive_reversal_id(ORIGIN, 2)), "bo", NEXT_YEAR)
    audit.receive(gift(1, "gift-2"), NEXT_YEAR)
    assert code(propose_reversal(audit, 2)) == "year_closed"
