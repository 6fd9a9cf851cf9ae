"""What is due is paid by two people's order and the bank's line; the log shows both."""

import pytest
from pydantic import ValidationError

from services.audit.batch_file import COLUMNS, list_batch_rows, name_batch_file
from services.audit.model import (
    ApproveLineRelease,
    ApprovePaymentOrder,
    ApproveReversal,
    BankQuestion,
    CancelPaymentOrder,
    DeclinePaymentOrder,
    ExportPaymentOrder,
    NamePayees,
    Payable,
    Payee,
    PaymentOrder,
    ProposeLineRelease,
    ProposePaymentOrder,
    ProposeReversal,
    ReissueBatchFile,
    TakeBatchFile,
    derive_reversal_id,
)
from shared.contracts.events import (
    LedgerDisbursed,
    LedgerObligated,
    LedgerPaymentReturned,
    PaymentApproved,
)
from tests.audit.decisions import (
    ACCOUNTS,
    NEXT_ORIGIN,
    NEXT_YEAR,
    ORIGIN,
    answer_question,
    confirm_matches,
    propose_order,
    release_line,
)
from tests.audit.facts import (
    ACCOUNT_NUMBER,
    FUND,
    bank_line,
    reopening,
)
from tests.support.answers import code


def test_what_is_confirmed_is_due_and_the_banks_line_pays_it() -> None:
    audit = confirm_matches("M-1", "M-2")
    assert isinstance(audit.events[-1][1], LedgerObligated)
    assert (audit.fund().payable_fen, audit.fund().outstanding_fen) == (6_000, 0)
    assert audit.fund().balance_fen == 20_000, "the bank has it still"
    order = audit.pay_out("M-1", "M-2")
    assert [line.state for line in order.lines] == ["paid", "paid"]
    assert not order.is_waiting
    paid = audit.events[-1][1]
    assert isinstance(paid, LedgerDisbursed)
    assert (paid.was_due, paid.person_id, paid.donor_id) == (True, None, "P-donor")
    entry = audit.entries()[-1]
    assert entry["kind"] == "payment"
    assert entry["reference"] == order.format_reference(2)
    assert audit.entries()[entry["obligation"]["index"]]["subject"] == "M-2"
    assert (audit.fund().payable_fen, audit.fund().spent_fen) == (0, 6_000)
    books = audit.books()
    assert books.funds[FUND].balance_fen == 14_000
    accounts = {account: book for (_, account), book in books.accounts.items()}
    assert (
        accounts["Liabilities:Payables"].debit == accounts["Liabilities:Payables"].credit == 6_000
    )


def test_who_gave_hears_of_the_approval_and_of_the_bank_alone() -> None:
    audit = confirm_matches("M-1")
    id_ = propose_order(audit, "M-1")
    audit.execute(ApprovePaymentOrder(order_id=id_), "checker")
    assert audit.events[-1] == (
        "M-1",
        PaymentApproved(fund_id=FUND, amount_fen=3_000, donor_id="P-donor"),
    )
    assert not any(isinstance(fact, LedgerDisbursed) for _, fact in audit.events)


def test_two_people_order_it_as_the_second_read_it() -> None:
    audit = confirm_matches("M-1")
    id_ = propose_order(audit, "M-1")
    assert code(audit.answer(ApprovePaymentOrder(order_id=id_), "maker")) == "second_person_needed"
    unread = ApprovePaymentOrder(order_id=id_, digest="0" * 32)
    assert code(audit.answer(unread, "checker")) == "proposal_changed"
    assert code(audit.answer(ExportPaymentOrder(order_id=id_))) == "order_not_approved"
    digest = audit.get(PaymentOrder, id_).digest
    read = ApprovePaymentOrder(order_id=id_, digest=digest)
    assert audit.answer(read, "checker").status == 200
    assert audit.answer(ExportPaymentOrder(order_id=id_), "maker").status == 200
    exported = audit.get(PaymentOrder, id_)
    assert audit.answer(ExportPaymentOrder(order_id=id_), "checker").status == 200
    assert audit.get(PaymentOrder, id_) == exported


def test_who_named_an_account_approves_no_order_that_pays_to_it() -> None:
    """One with both roles would name his own account, and have a colleague propose it."""
    audit = confirm_matches("M-1", "M-2")
    for id_, who in (("M-1", "both"), ("M-2", "maker")):
        account = {"kind": "shop", "name": "某店", "number": "99998888", "bank": "农行"}
        named = NamePayees.model_validate({"payees": [{"match_id": id_, **account}]})
        assert audit.answer(named, who).status == 200
    answer = audit.answer(ProposePaymentOrder(match_ids=("M-1", "M-2")), "maker")
    approval = ApprovePaymentOrder(order_id=str(answer.body["id"]))
    assert code(audit.answer(approval, "both")) == "payee_own"
    assert audit.answer(approval, "checker").status == 200
    audit.execute(ExportPaymentOrder(order_id=approval.order_id), "both")
    assert audit.get(PaymentOrder, approval.order_id).exported_by == "both"


def test_what_is_in_an_order_is_in_no_other_and_keeps_its_account() -> None:
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1")
    again = ProposePaymentOrder(match_ids=("M-1", "M-2"))
    assert code(audit.answer(again, "other")) == "payable_ordered"
    other = {
        "match_id": "M-1",
        "kind": "shop",
        "name": "某店",
        "number": "99998888",
        "bank": "农行",
    }
    renamed = NamePayees.model_validate({"payees": [other]})
    assert code(audit.answer(renamed, "other")) == "payable_ordered"
    unnamed = ProposePaymentOrder(match_ids=("M-2",))
    assert code(audit.answer(unnamed, "other")) == "payee_missing"
    unknown = ProposePaymentOrder(match_ids=("M-9",))
    assert code(audit.answer(unknown, "other")) == "payable_unknown"
    audit.receive(bank_line(order.format_reference(1), 3_000))
    assert code(audit.answer(ProposePaymentOrder(match_ids=("M-1",)), "x")) == "payable_paid"


def test_accounts_are_stored_sealed_and_opened_for_who_pays() -> None:
    audit = confirm_matches("M-1")
    audit.name_payees("M-1")
    payee = audit.get(Payee, audit.get(Payable, "M-1").payee_id)
    assert ACCOUNT_NUMBER.encode() not in payee.account
    assert ACCOUNTS.open(payee).number == ACCOUNT_NUMBER
    [once] = audit.all(Payee).values()
    audit.name_payees("M-1")
    assert list(audit.all(Payee).values()) == [once], "the same account is the same payee"


def test_an_order_is_declined_by_another_and_cancelled_by_two_before_it_is_exported() -> None:
    audit = confirm_matches("M-1")
    id_ = propose_order(audit, "M-1")
    assert audit.answer(DeclinePaymentOrder(order_id=id_), "checker").status == 200
    second = propose_order(audit, "M-1")
    audit.execute(ApprovePaymentOrder(order_id=second), "checker")
    cancel = CancelPaymentOrder(order_id=second)
    assert audit.answer(cancel, "maker").status == 202
    assert audit.answer(cancel, "maker").status == 202, "one person asks as often as he likes"
    assert audit.get(Payable, "M-1").order_id == second
    assert audit.answer(cancel, "checker").status == 200
    assert audit.get(Payable, "M-1").is_free
    order = audit.order("M-1")
    assert code(audit.answer(CancelPaymentOrder(order_id=order.id))) == "order_exported"


def test_a_payment_that_the_bank_refused_is_released_by_two_and_ordered_again() -> None:
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    reference = release_line(audit, order)
    approval = ApproveLineRelease(release_id=reference)
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    assert audit.get(Payable, "M-1").order_id == order.id
    assert audit.answer(approval, "checker").status == 200
    assert audit.get(PaymentOrder, order.id).lines[0].state == "released"
    assert not audit.get(PaymentOrder, order.id).is_waiting
    again = audit.pay_out("M-1")
    assert again.id != order.id
    late = bank_line(reference, 3_000, "late", bank_reference="ICBC-9")
    assert code(audit.receive(late).answer) == "bank_line_asked"
    question = list(audit.all(BankQuestion).values())[-1]
    assert question.doubt == "line_released"
    assert answer_question(audit, question, reference) == "bank_answer_unfit"
    assert audit.kinds().count("payment") == 1


def test_only_what_waits_for_the_bank_is_released() -> None:
    audit = confirm_matches("M-1")
    order = audit.pay_out("M-1")
    paid = ProposeLineRelease(reference=order.format_reference(1), reason="误报")
    assert code(audit.answer(paid)) == "line_not_waiting"
    unknown = ProposeLineRelease(reference="GJAAAAAAAAAA-001", reason="误报")
    assert code(audit.answer(unknown)) == "payment_reference_wrong"
    unread = ProposeLineRelease(reference="房租", reason="误报")
    assert code(audit.answer(unread)) == "payment_reference_wrong"


def test_what_comes_back_is_due_again_and_is_ordered_anew() -> None:
    audit = confirm_matches("M-1")
    order = audit.pay_out("M-1")
    back = bank_line(
        order.format_reference(1), 3_000, "back", direction="returned", bank_reference="ICBC-9"
    )
    audit.receive(back)
    assert isinstance(audit.events[-1][1], LedgerPaymentReturned)
    assert (audit.fund().payable_fen, audit.fund().spent_fen) == (3_000, 0)
    assert audit.get(PaymentOrder, order.id).lines[0].state == "returned"
    second = audit.pay_out("M-1")
    assert second.id != order.id
    assert audit.kinds()[-3:] == ["payment", "payment_returned", "payment"]
    assert audit.fund().spent_fen == 3_000
    assert audit.books().funds[FUND].payable_fen == 0


def test_what_fell_is_not_paid_and_its_obligation_is_reversed_out_of_no_order() -> None:
    audit = confirm_matches("M-1", "M-2")
    id_ = propose_order(audit, "M-1", "M-2")
    audit.receive(reopening("M-1", 3_000))
    assert code(audit.answer(ApprovePaymentOrder(order_id=id_), "checker")) == "payable_held"
    index = audit.kinds().index("obligation")
    proposal = ProposeReversal(
        log=ORIGIN, index=index, reference="更正1号", leaf=audit.leaves[index].decode()
    )
    audit.execute(proposal, "maker")
    approval = ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, index))
    assert code(audit.answer(approval, "checker")) == "payable_ordered"
    audit.execute(DeclinePaymentOrder(order_id=id_), "checker")
    assert audit.answer(approval, "checker").status == 200
    assert (audit.fund().payable_fen, audit.fund().remaining_fen) == (3_000, 17_000)
    held = ProposePaymentOrder(match_ids=("M-1",))
    assert code(audit.answer(held, "maker")) in ("payable_held", "payable_paid")
    audit.pay_out("M-2")
    audit.books()


def test_what_is_due_at_a_years_end_is_paid_in_the_next() -> None:
    audit = confirm_matches("M-1", "M-2")
    audit.pay_out("M-1", now=NEXT_YEAR)
    fund = audit.fund()
    assert (fund.log, fund.payable_forward_fen, fund.payable_fen) == (NEXT_ORIGIN, 6_000, 3_000)
    assert (fund.brought_forward_fen, fund.remaining_fen, fund.balance_fen) == (
        14_000,
        14_000,
        17_000,
    )
    before, books = audit.books(), audit.books(NEXT_ORIGIN)
    due = audit.kinds().index("obligation")
    assert books.funds[FUND].payable_fen == 3_000
    assert books.payables[ORIGIN, due].paid_fen == 3_000
    assert before.payables[ORIGIN, due].obligated_fen == 3_000


def test_what_comes_back_of_a_match_that_fell_is_ordered_by_nobody() -> None:
    """Paid, then it did not arrive, then the bank gives it back: it is due on the books alone."""
    audit = confirm_matches("M-1")
    order = audit.pay_out("M-1")
    audit.receive(reopening("M-1", 3_000))
    reference = order.format_reference(1)
    back = bank_line(reference, 3_000, "back", direction="returned", bank_reference="ICBC-9")
    audit.receive(back)
    assert audit.get(Payable, "M-1").owed_fen == 3_000
    again = ProposePaymentOrder(match_ids=("M-1",))
    assert code(audit.answer(again, "maker")) == "payable_held"
    index = audit.kinds().index("obligation")
    leaf = audit.leaves[index].decode()
    audit.execute(ProposeReversal(log=ORIGIN, index=index, reference="更正1号", leaf=leaf), "maker")
    approval = ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, index))
    assert audit.answer(approval, "checker").status == 200
    assert audit.books().funds[FUND].payable_fen == 0


def test_what_fell_after_the_export_is_not_in_the_banks_file() -> None:
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    audit.receive(reopening("M-1", 3_000))
    accounts = {id_: ACCOUNTS.open(payee) for id_, payee in audit.all(Payee).items()}
    stopped_matches = {id_ for id_, payable in audit.all(Payable).items() if payable.is_stopped}
    rows = list(list_batch_rows(order, accounts, stopped_matches))
    assert [(row[0], row[-1]) for row in rows] == [(2, order.format_reference(2))]


def test_what_the_bank_may_have_paid_is_not_in_a_file_that_is_read_again() -> None:
    """Its line names another account than was ordered: people are asked, and till then it waits."""
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    audit.receive(bank_line(order.format_reference(1), 3_000, account="62220000"))
    accounts = {id_: ACCOUNTS.open(payee) for id_, payee in audit.all(Payee).items()}
    [question] = audit.all(BankQuestion).values()
    for answered, expected in ((False, [2]), (True, [1, 2])):
        if answered:
            assert answer_question(audit, question, "") == ""
        rows = list_batch_rows(audit.get(PaymentOrder, order.id), accounts, set())
        assert [row[0] for row in rows] == expected


def test_what_the_bank_may_have_paid_is_released_when_its_line_is_answered() -> None:
    """Asked about before the release is proposed, or before it is approved."""
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    approval = ApproveLineRelease(release_id=release_line(audit, order))
    second = ProposeLineRelease(reference=order.format_reference(2), reason="未扣款")
    for number in (1, 2):
        memo = order.format_reference(number)
        audit.receive(bank_line(memo, 2_999, memo, bank_reference=f"ICBC-{number}"))
    for number in (1, 1):
        memo = order.format_reference(number)
        audit.receive(bank_line(memo, 2_998, f"{memo} again", bank_reference="ICBC-3"))
    assert code(audit.answer(second, "maker")) == "line_asked"
    assert code(audit.answer(approval, "checker")) == "line_asked"
    first, _, again = audit.all(BankQuestion).values()
    for question, refused in ((first, "line_asked"), (again, "")):
        assert code(audit.answer(approval, "checker")) == "line_asked"
        assert answer_question(audit, question, "") == ""
        assert (refused == "") is not bool(audit.get(PaymentOrder, order.id).lines[0].question_ids)
    assert audit.answer(approval, "checker").status == 200
    assert audit.get(PaymentOrder, order.id).lines[0].state == "released"


def test_an_answer_takes_the_question_off_the_order_that_the_line_named() -> None:
    """Also where the line was another order's payment."""
    audit = confirm_matches("M-1", "M-2")
    wrong, right = audit.order("M-1"), audit.order("M-2")
    audit.receive(bank_line(wrong.format_reference(1), 3_000, account="62220000"))
    [question] = audit.all(BankQuestion).values()
    assert audit.get(PaymentOrder, wrong.id).lines[0].question_ids == (question.id,)
    assert answer_question(audit, question, right.format_reference(1)) == ""
    lines = [audit.get(PaymentOrder, order.id).lines[0] for order in (wrong, right)]
    assert [(line.state, line.question_ids) for line in lines] == [("waiting", ()), ("paid", ())]


def test_one_person_has_the_banks_file_until_two_give_it_out_anew() -> None:
    """A second who uploads it pays everybody twice."""
    audit = confirm_matches("M-1")
    id_ = propose_order(audit, "M-1")
    take, reissue = TakeBatchFile(order_id=id_), ReissueBatchFile(order_id=id_)
    audit.execute(ApprovePaymentOrder(order_id=id_), "checker")
    assert code(audit.answer(take, "maker")) == "order_not_exported"
    audit.execute(ExportPaymentOrder(order_id=id_), "maker")
    assert code(audit.answer(reissue, "checker")) == "batch_file_not_taken"
    assert audit.answer(take, "maker").status == 200
    assert audit.answer(take, "maker").status == 200, "it is in his hands already"
    refused = audit.answer(take, "checker")
    assert code(refused) == "batch_file_taken"
    assert "maker" in refused.body["problems"][0]["zh"]
    for _ in range(2):
        assert audit.answer(reissue, "maker").status == 202, "one person asks as often as he likes"
    assert code(audit.answer(take, "checker")) == "batch_file_taken"
    assert audit.answer(reissue, "checker").status == 200
    assert audit.answer(take, "checker").status == 200
    assert code(audit.answer(take, "maker")) == "batch_file_taken"
    order = audit.get(PaymentOrder, id_)
    assert (order.taken_by, order.reissued_by) == ("checker", "")
    assert name_batch_file(order, "csv") == f"{id_}-copy2.csv"


def test_banks_tell_a_second_upload_by_the_number_of_each_row() -> None:
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    accounts = {payee_id: ACCOUNTS.open(payee) for payee_id, payee in audit.all(Payee).items()}
    rows = list(list_batch_rows(order, accounts, set()))
    at = COLUMNS.index("业务参考号")
    assert [row[at] for row in rows] == [order.format_reference(number) for number in (1, 2)]


def test_what_the_bank_paid_or_two_people_released_is_not_in_a_file_that_is_read_again() -> None:
    """Who uploads it a second time pays nobody twice: what was released is in another order."""
    audit = confirm_matches("M-1", "M-2", "M-3")
    order = audit.order("M-1", "M-2", "M-3")
    audit.execute(ApproveLineRelease(release_id=release_line(audit, order)), "checker")
    audit.receive(bank_line(order.format_reference(2), 3_000))
    accounts = {id_: ACCOUNTS.open(payee) for id_, payee in audit.all(Payee).items()}
    rows = list_batch_rows(audit.get(PaymentOrder, order.id), accounts, set())
    assert [row[-1] for row in rows] == [order.format_reference(3)]


@pytest.mark.parametrize("name", ["某\x01店", "某店\x1f", "=1+1", " 某店", "某\ufffe店"])
def test_a_name_that_no_spreadsheet_takes_is_refused_before_anything_is_approved(name: str) -> None:
    account = {
        "match_id": "M-1",
        "kind": "shop",
        "name": name,
        "number": "99998888",
        "bank": "农行",
    }
    with pytest.raises(ValidationError):
        NamePayees.model_validate({"payees": [account]})
