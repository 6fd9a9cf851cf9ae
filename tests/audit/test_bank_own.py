"""Interest and charges of a bank: nobody's gifts, on the books once, by its line or two people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import pytest

from services.audit.decide.bank_own import ACCOUNT_FEN_MAX, CHARGE_FEN_MAX, SOURCE_FEN_MAX
from services.audit.model import ApproveReversal, BankFact, BankQuestion, Fund, ProposeReversal
from services.audit.model.vouchers import ApproveBankEntry, BankEntry, ProposeBankEntry
from services.audit.vouchers.files import read_file
from shared.contracts.envelope import Event
from shared.contracts.events import BankLineStated
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.errors import Invalid
from shared.messaging.decision import Ref
from tests.audit.decisions import NEXT_YEAR, MemoryAudit, open_audit
from tests.audit.facts import BANK, FUND, NOW, event, gift
from tests.support.answers import code

ACCOUNT = "工行 1001"
SCAN = b"%PDF-1.4\n%%EOF\n"


def line(
    kind: Literal["interest", "charge"],
    amount_fen: int,
    id_: str = "own-1",
    *,
    fund: str = FUND,
    reference: str = "J-1",
    **more: Any,
) -> Event[Any]:
    fields: dict[str, Any] = {
        "direction": "returned" if kind == "interest" else "paid",
        "memo": "",
        "amount_fen": amount_fen,
        "at": NOW,
        "bank_reference": reference,
        "own_account": ACCOUNT,
        "own_kind": kind,
        "fund_id": fund,
    }
    return event(BankLineStated(**fields | more), id_, source=BANK)


def open_with_gift(amount_fen: int = 10_000) -> MemoryAudit:
    audit = open_audit()
    audit.receive(gift(amount_fen))
    return audit


def enter_by_two(
    audit: MemoryAudit, kind: Literal["bank_interest", "bank_charge"], amount_fen: int
) -> str:
    """The code of the refusal; empty where it was entered."""
    file = read_file(SCAN, "利息单")
    audit.answer(file, "maker")
    proposal = ProposeBankEntry(
        kind=kind,
        fund_id=FUND,
        amount_fen=amount_fen,
        at=NOW,
        reference="利息单 1",
        voucher="记-1",
        attachment=file.id,
        bank_reference="J-1",
        own_account=ACCOUNT,
    )
    answer = audit.answer(proposal, "maker")
    if answer.status != 202:
        return code(answer)
    approval = ApproveBankEntry(entry_id=str(answer.body["id"]))
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    approved = audit.answer(approval, "checker")
    return "" if approved.status == 200 else code(approved)


def test_a_line_with_a_fund_is_on_the_books_and_no_gift() -> None:
    audit = open_with_gift()
    audit.receive(line("interest", 321))
    audit.receive(line("charge", 500, "own-2", reference="J-2"))
    fund = audit.fund()
    assert (fund.interest_fen, fund.charges_fen, fund.received_fen) == (321, 500, 10_000)
    assert fund.remaining_fen == fund.balance_fen == 9_821
    assert audit.kinds()[-2:] == ["bank_interest", "bank_charge"]
    book = audit.books().funds[FUND]
    assert (book.interest_fen, book.charges_fen, book.remaining_fen) == (321, 500, 9_821)
    moved = {fact.moved_fen for fact in audit.all(BankFact).values() if fact.own_account}
    assert moved == {321, -500}, "the month's account by account counts both"


def test_the_same_line_by_feed_and_file_is_entered_once() -> None:
    audit = open_with_gift()
    for id_ in ("feed-1", "file-1", "file-1"):
        audit.receive(line("interest", 321, id_))
    assert audit.fund().interest_fen == 321
    assert enter_by_two(audit, "bank_interest", 321) == "line_entered"


@pytest.mark.parametrize(
    ("kind", "amount_fen", "fund"),
    [("interest", 321, ""), ("charge", 321, "NOWHERE"), ("charge", 10_001, FUND)],
)
def test_a_line_without_a_fund_that_can_have_it_is_asked(
    kind: Literal["interest", "charge"], amount_fen: int, fund: str
) -> None:
    audit = open_with_gift()
    audit.receive(line(kind, amount_fen, fund=fund))
    [question] = audit.all(BankQuestion).values()
    assert (question.doubt, question.is_open) == ("own_line", True)
    assert audit.fund().remaining_fen == 10_000


def test_a_large_charge_needs_two_people() -> None:
    """Who states lines would empty a fund by one message otherwise."""
    audit = open_with_gift(CHARGE_FEN_MAX * 3)
    audit.receive(line("charge", CHARGE_FEN_MAX + 1))
    assert audit.fund().charges_fen == 0
    assert enter_by_two(audit, "bank_charge", CHARGE_FEN_MAX + 1) == ""
    assert audit.fund().charges_fen == CHARGE_FEN_MAX + 1


def charge_often(audit: MemoryAudit, count: int, **more: Any) -> None:
    """Each line the largest that one person enters."""
    for number in range(count):
        id_ = f"{more}-{number}"
        audit.receive(line("charge", CHARGE_FEN_MAX, id_, reference=id_[-90:], **more))


def test_many_charges_of_one_account_need_two_people_whatever_days_they_state() -> None:
    audit = open_with_gift(CHARGE_FEN_MAX * 9)
    for months in range(4):
        charge_often(audit, 1, at=NOW - timedelta(days=31 * months))
    assert audit.fund().charges_fen == ACCOUNT_FEN_MAX
    [first, second] = [each for each in audit.all(BankQuestion).values() if each.is_open]
    assert (first.doubt, second.doubt) == ("own_line", "own_line")
    audit.receive(line("charge", 500, "next", reference="J-9"), NOW + timedelta(days=31))
    assert audit.fund().charges_fen == ACCOUNT_FEN_MAX + 500, "another month"
    audit.books()


def test_a_source_that_names_ever_other_accounts_enters_no_more_for_that() -> None:
    audit = open_with_gift(CHARGE_FEN_MAX * 20)
    for number in range(12):
        charge_often(audit, 1, own_account=f"工行 {number}")
    assert audit.fund().charges_fen == SOURCE_FEN_MAX


def test_two_people_enter_what_was_asked_with_a_voucher_and_the_question_is_closed() -> None:
    audit = open_with_gift()
    audit.receive(line("interest", 321, fund=""))
    assert enter_by_two(audit, "bank_interest", 321) == ""
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_entered, question.direction) == (False, True, "returned")
    entry = audit.entries()[-1]
    assert entry["kind"] == "bank_interest"
    assert entry["authorisation"]["voucher"] == "记-1"
    audit.receive(line("interest", 321, "again"))
    assert audit.fund().interest_fen == 321
    [paper] = audit.all(BankEntry).values()
    assert (paper.state, paper.entry) == ("approved", entry["index"])


def test_a_fund_bears_no_charge_that_it_has_not_got() -> None:
    audit = open_with_gift(400)
    assert enter_by_two(audit, "bank_charge", 500) == "fact_insufficient_funds"


def test_interest_of_a_fund_opened_before_there_was_an_account_opens_it_first() -> None:
    audit = open_with_gift()
    fund = audit.fund()
    before = replace(fund.accounts, interest="")
    audit.states[Ref(Fund, FUND)] = fund.model_copy(update={"accounts": before})
    audit.receive(line("interest", 321))
    assert audit.kinds()[-2:] == ["accounts_opened", "bank_interest"]
    assert audit.fund().accounts.interest == "Income:Interest"


def test_interest_is_carried_into_the_next_year_and_may_be_reversed() -> None:
    audit = open_with_gift()
    audit.receive(line("interest", 321))
    later = audit.copy()
    later.receive(gift(1, "gift-2027"), NEXT_YEAR)
    fund = later.fund()
    assert (fund.brought_forward_fen, fund.interest_fen) == (10_321, 0)
    reverse(audit)
    assert (audit.fund().interest_fen, audit.books().funds[FUND].interest_fen) == (0, 0)


def reverse(audit: MemoryAudit) -> None:
    """The last entry, by two people."""
    entry = audit.entries()[-1]
    proposal = ProposeReversal(
        log=entry["log"], index=entry["index"], leaf=audit.leaves[-1].decode(), reference="纪要-4"
    )
    answer = audit.answer(proposal, "maker")
    assert answer.status == 202, answer
    approval = ApproveReversal(reversal_id=str(answer.body["id"]))
    assert audit.answer(approval, "checker").status == 200


def test_a_line_whose_entry_is_undone_is_asked_about_again_and_may_be_entered_rightly() -> None:
    audit = open_with_gift()
    assert enter_by_two(audit, "bank_charge", 500) == ""
    reverse(audit)
    assert audit.fund().charges_fen == 0
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_entered, question.answered_by) == (True, False, "")
    assert enter_by_two(audit, "bank_charge", 500) == "", "the right way, under the same line"
    assert audit.fund().charges_fen == 500


def test_a_line_that_was_entered_by_itself_and_undone_is_asked_about_again() -> None:
    """Into a wrong fund, say: it may be entered rightly under the same line."""
    audit = open_with_gift()
    audit.receive(line("charge", 500))
    reverse(audit)
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_entered) == (True, False)
    assert not any(fact.moved_fen for fact in audit.all(BankFact).values()), "of the account"
    audit.receive(line("charge", 500, "own-2"))
    assert audit.fund().charges_fen == 0, "finance says what it is"
    assert enter_by_two(audit, "bank_charge", 500) == ""
    assert audit.fund().charges_fen == 500


@pytest.mark.parametrize(("kind", "direction"), [("interest", "paid"), ("charge", "returned")])
def test_interest_that_leaves_and_a_charge_that_comes_back_are_asked_about(
    kind: Literal["interest", "charge"], direction: str
) -> None:
    audit = open_with_gift()
    audit.receive(line(kind, 300, direction=direction))
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, audit.fund().remaining_fen) == (True, 10_000)


def test_an_equal_charge_under_a_reference_of_last_month_is_asked_about_once() -> None:
    """A bank that counts anew each day takes the same fee under the same number again."""
    audit = open_with_gift()
    audit.receive(line("charge", 500, "before", at=NOW - timedelta(days=31)))
    for id_ in ("feed", "file"):
        audit.receive(line("charge", 500, id_))
    assert audit.fund().charges_fen == 500
    [question] = [each for each in audit.all(BankQuestion).values() if each.is_open]
    assert question.at == NOW
    assert enter_by_two(audit, "bank_charge", 500) == ""
    assert audit.fund().charges_fen == 1_000
    assert enter_by_two(audit, "bank_charge", 500) == "line_entered"
    reverse(audit)
    assert [each.is_open for each in audit.all(BankQuestion).values()] == [False, True]


def test_two_people_enter_a_line_of_last_month_once_whatever_day_they_type() -> None:
    audit = open_with_gift()
    audit.receive(line("charge", 500, "before", at=NOW - timedelta(days=31)))
    assert enter_by_two(audit, "bank_charge", 500) == "line_entered"


def test_a_fund_takes_no_more_interest_than_can_be_counted() -> None:
    audit = open_with_gift()
    most = INTEGER_MAX - 10_000
    with pytest.raises(Invalid, match="more than the ledger can count"):
        enter_by_two(audit, "bank_interest", most + 1)
    audit.receive(line("interest", most + 1))
    assert audit.fund().interest_fen == 0
    audit.receive(line("interest", most, "own-2"))
    assert audit.fund().interest_fen == most
