"""What is due is paid by two people's order and the bank's line; the log shows both."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.audit.batch_file import list_batch_rows
from services.audit.model import (
    AnswerBankQuestion,
    ApproveBankAnswer,
    ApproveLineRelease,
    ApprovePaymentOrder,
    ApproveReversal,
    BankQuestion,
    CancelPaymentOrder,
    DeclineBankAnswer,
    DeclinePaymentOrder,
    ExportPaymentOrder,
    NamePayees,
    Payable,
    Payee,
    PaymentOrder,
    ProposeLineRelease,
    ProposePaymentOrder,
    ProposeReversal,
    parse_payment_reference,
    payment_order_id,
    reversal_id,
)
from shared.answers import Answer
from shared.contracts.events import (
    LedgerDisbursed,
    LedgerObligated,
    LedgerPaymentReturned,
    PaymentApproved,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.decisions import (
    ACCOUNTS,
    NEXT_ORIGIN,
    NEXT_YEAR,
    ORIGIN,
    RULES,
    MemoryAudit,
    open_audit,
)
from tests.audit.facts import (
    ACCOUNT_NUMBER,
    FUND,
    NOW,
    acceptance,
    bank_line,
    confirmation,
    fee,
    gift,
    payment,
    refund,
    reopening,
)
from tests.support.answers import code


def confirm(*match_ids: str, amount: int = 3_000) -> MemoryAudit:
    audit = open_audit()
    audit.receive(gift(20_000))
    for id_ in match_ids:
        audit.receive(acceptance(id_, amount))
        audit.receive(confirmation(id_, amount))
    return audit


def propose(audit: MemoryAudit, *match_ids: str) -> str:
    audit.name_payees(*match_ids)
    answer = audit.answer(ProposePaymentOrder(match_ids=match_ids), "maker")
    assert answer.status == 202, answer
    return str(answer.body["id"])


def test_what_is_confirmed_is_due_and_the_banks_line_pays_it() -> None:
    audit = confirm("M-1", "M-2")
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
    audit = confirm("M-1")
    id_ = propose(audit, "M-1")
    audit.execute(ApprovePaymentOrder(order_id=id_), "checker")
    assert audit.events[-1] == (
        "M-1",
        PaymentApproved(fund_id=FUND, amount_fen=3_000, donor_id="P-donor"),
    )
    assert not any(isinstance(fact, LedgerDisbursed) for _, fact in audit.events)


def test_two_people_order_it_as_the_second_read_it() -> None:
    audit = confirm("M-1")
    id_ = propose(audit, "M-1")
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
    audit = confirm("M-1", "M-2")
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
    audit = confirm("M-1", "M-2")
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
    audit = confirm("M-1")
    audit.name_payees("M-1")
    payee = audit.get(Payee, audit.get(Payable, "M-1").payee_id)
    assert ACCOUNT_NUMBER.encode() not in payee.account
    assert ACCOUNTS.open(payee).number == ACCOUNT_NUMBER
    [once] = audit.all(Payee).values()
    audit.name_payees("M-1")
    assert list(audit.all(Payee).values()) == [once], "the same account is the same payee"


def test_an_order_is_declined_by_another_and_cancelled_by_two_before_it_is_exported() -> None:
    audit = confirm("M-1")
    id_ = propose(audit, "M-1")
    assert audit.answer(DeclinePaymentOrder(order_id=id_), "checker").status == 200
    second = propose(audit, "M-1")
    audit.execute(ApprovePaymentOrder(order_id=second), "checker")
    cancel = CancelPaymentOrder(order_id=second)
    assert audit.answer(cancel, "maker").status == 202
    assert audit.answer(cancel, "maker").status == 202, "one person asks as often as he likes"
    assert audit.get(Payable, "M-1").order_id == second
    assert audit.answer(cancel, "checker").status == 200
    assert audit.get(Payable, "M-1").is_free
    order = audit.order("M-1")
    assert code(audit.answer(CancelPaymentOrder(order_id=order.id))) == "order_exported"


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"amount_fen": 2_999}, "amount_differs"),
        ({"account": "6222000000000000000"}, "account_differs"),
        ({"account": "6222********0124"}, "account_differs"),
        ({"reference": "房租"}, "reference_missing"),
        ({"reference": "GJAAAAAAAAAA-001"}, "order_unknown"),
        ({"direction": "returned"}, "line_not_paid"),
    ],
)
def test_a_line_that_fits_nothing_is_asked_and_enters_nothing(
    change: dict[str, Any], doubt: str
) -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    fields: dict[str, Any] = {"reference": order.format_reference(1), "amount_fen": 3_000} | change
    entries = len(audit.leaves)
    answer = audit.receive(bank_line(**fields)).answer
    assert answer is not None
    assert code(answer) == "bank_line_asked"
    [question] = audit.all(BankQuestion).values()
    assert (question.doubt, question.is_open, len(audit.leaves)) == (doubt, True, entries)
    said = AnswerBankQuestion(question_id=question.id, answer="银行手续费，另行入账")
    approval = ApproveBankAnswer(question_id=question.id)
    assert audit.answer(said, "maker").status == 202
    assert code(audit.answer(said, "other")) == "bank_answer_exists"
    assert code(audit.answer(approval, "maker")) == "second_person_needed"
    assert audit.answer(approval, "checker").status == 200
    assert code(audit.answer(said)) == "bank_question_closed"
    assert len(audit.leaves) == entries
    audit.receive(bank_line(order.format_reference(1), 3_000, "line-2", bank_reference="ICBC-2"))
    assert audit.kinds()[-1] == "payment"


def ask(audit: MemoryAudit, **fields: Any) -> BankQuestion:
    """Of a line that names no payment."""
    event = bank_line("房租", 3_000, **fields)
    assert code(audit.receive(event).answer) == "bank_line_asked"
    return list(audit.all(BankQuestion).values())[-1]


def answer_question(audit: MemoryAudit, question: BankQuestion, reference: str) -> str:
    """The code of the refusal; empty where the second person's word entered it."""
    said = AnswerBankQuestion(question_id=question.id, answer="附言写漏了", reference=reference)
    answer = audit.answer(said, "maker")
    if answer.status != 202:
        return code(answer)
    audit.execute(ApproveBankAnswer(question_id=question.id), "checker")
    return ""


def test_what_two_people_answer_is_entered_under_the_banks_reference() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    question = ask(audit, bank_reference="ICBC-7")
    for reference, refused in (
        ("房租", "payment_reference_wrong"),
        ("GJAAAAAAAAAA-001", "bank_answer_unfit"),
        (order.format_reference(2), "bank_answer_unfit"),
    ):
        assert answer_question(audit, question, reference) == refused
    assert answer_question(audit, question, order.format_reference(1)) == ""
    entry = audit.entries()[-1]
    assert entry["kind"] == "payment"
    assert entry["reference"] == "ICBC-7"
    assert entry["effective_at"].startswith(f"{question.at:%Y-%m-%dT%H:%M}")
    assert audit.get(BankQuestion, question.id).is_entered
    known = audit.receive(bank_line(order.format_reference(1), 3_000, "x", bank_reference="ICBC-7"))
    assert known.answer is not None
    assert known.answer.body == {"state": "known"}
    assert audit.books().funds[FUND].payable_fen == 0


def test_an_answer_pays_nothing_twice() -> None:
    """Between the two people's words another line paid it; then only `something else` is left."""
    audit = confirm("M-1")
    order = audit.order("M-1")
    question, reference = ask(audit, bank_reference="ICBC-7"), order.format_reference(1)
    said = AnswerBankQuestion(question_id=question.id, answer="付款", reference=reference)
    audit.execute(said, "maker")
    audit.receive(bank_line(reference, 3_000, "line-2", bank_reference="ICBC-8"))
    approval = ApproveBankAnswer(question_id=question.id)
    assert code(audit.answer(approval, "checker")) == "bank_answer_unfit"
    assert audit.answer(DeclineBankAnswer(question_id=question.id), "checker").status == 200
    assert answer_question(audit, question, "") == ""
    assert audit.kinds().count("payment") == 1


def test_a_line_of_the_feed_and_of_the_file_is_asked_about_once() -> None:
    """By account and reference, whichever way it comes; another account's is another line."""
    audit = confirm("M-1")
    first = ask(audit, bank_reference="ICBC-7", own_account="工行 1001")
    for id_, account in (("file-1", ""), ("file-2", "工行 1001")):
        event = bank_line("房租", 3_000, id_, bank_reference="ICBC-7", own_account=account)
        again = audit.receive(event)
        assert again.answer is not None
        assert again.answer.body == {"state": "known"}
    assert list(audit.all(BankQuestion)) == [first.id]
    other = ask(audit, id_="file-3", bank_reference="ICBC-7", own_account="建行 2002")
    assert other.id != first.id
    assert audit.receive(
        bank_line("房租", 3_000, "file-4", bank_reference="ICBC-7", own_account="建行 2002")
    ).answer == Answer(200, {"state": "known"})


def test_the_file_that_has_the_reference_closes_what_the_feed_could_not() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    question = ask(audit, bank_reference="ICBC-7")
    audit.receive(bank_line(order.format_reference(1), 3_000, "file-1", bank_reference="ICBC-7"))
    assert audit.kinds()[-1] == "payment"
    assert not audit.get(BankQuestion, question.id).is_open


def release(audit: MemoryAudit, order: PaymentOrder) -> str:
    reference = order.format_reference(1)
    proposal = ProposeLineRelease(reference=reference, reason="账号与户名不符，未扣款")
    assert audit.answer(proposal, "maker").status == 202
    return reference


def test_a_payment_that_the_bank_refused_is_released_by_two_and_ordered_again() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    reference = release(audit, order)
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


def test_a_released_payment_that_the_bank_made_after_all_is_entered_by_two() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    reference = release(audit, order)
    audit.execute(ApproveLineRelease(release_id=reference), "checker")
    audit.receive(bank_line(reference, 3_000, "late", bank_reference="ICBC-9"))
    question = list(audit.all(BankQuestion).values())[-1]
    assert answer_question(audit, question, reference) == ""
    assert audit.kinds()[-1] == "payment"
    assert audit.books().funds[FUND].payable_fen == 0


def test_only_the_sources_of_payments_say_that_money_left() -> None:
    """The others say what came in; a refused message leaves its id free."""
    rules = replace(RULES, payment_sources=("/bank/icbc",))
    audit = confirm("M-1")
    order = audit.order("M-1")
    audit.receive(gift(500, "gift-2"), rules=rules)
    line = bank_line(order.format_reference(1), 3_000)
    for event in (line, fee(10), refund("D-1", 10), payment("M-1", 10)):
        with pytest.raises(Invalid) as refused:
            audit.receive(event, rules=rules)
        assert refused.value.problems[0].code == "source_of_no_payments"
    audit.receive(line.model_copy(update={"source": "/bank/icbc"}), rules=rules)
    assert audit.kinds()[-1] == "payment"


def test_only_what_waits_for_the_bank_is_released() -> None:
    audit = confirm("M-1")
    order = audit.pay_out("M-1")
    paid = ProposeLineRelease(reference=order.format_reference(1), reason="误报")
    assert code(audit.answer(paid)) == "line_not_waiting"
    unknown = ProposeLineRelease(reference="GJAAAAAAAAAA-001", reason="误报")
    assert code(audit.answer(unknown)) == "payment_reference_wrong"
    unread = ProposeLineRelease(reference="房租", reason="误报")
    assert code(audit.answer(unread)) == "payment_reference_wrong"


@pytest.mark.parametrize("account", ["", ACCOUNT_NUMBER, "6222 0212 3456 7890 123", "6222****0123"])
def test_an_account_is_compared_as_far_as_the_bank_says_it(account: str) -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    audit.receive(bank_line(order.format_reference(1), 3_000, account=account))
    assert audit.kinds()[-1] == "payment"


def test_a_line_that_comes_twice_pays_once() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    reference, entries = order.format_reference(1), None
    for id_ in ("line-1", "line-1", "of-a-file"):
        decision = audit.receive(bank_line(reference, 3_000, id_))
        entries = entries or len(audit.leaves)
    assert len(audit.leaves) == entries
    assert decision.answer is not None
    assert decision.answer.body == {"state": "known"}
    audit.receive(bank_line(reference, 3_000, "another", bank_reference="ICBC-2"))
    [question] = audit.all(BankQuestion).values()
    assert question.doubt == "line_paid"
    reused = audit.receive(bank_line(reference, 2_000, "line-1"))
    assert reused.answer is not None
    assert code(reused.answer) == "fact_id_reused"
    assert audit.receive(bank_line(reference, 3_000, "line-1")) == NOTHING


def test_what_comes_back_is_due_again_and_is_ordered_anew() -> None:
    audit = confirm("M-1")
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
    audit = confirm("M-1", "M-2")
    id_ = propose(audit, "M-1", "M-2")
    audit.receive(reopening("M-1", 3_000))
    assert code(audit.answer(ApprovePaymentOrder(order_id=id_), "checker")) == "payable_held"
    index = audit.kinds().index("obligation")
    proposal = ProposeReversal(
        log=ORIGIN, index=index, reference="更正1号", leaf=audit.leaves[index].decode()
    )
    audit.execute(proposal, "maker")
    approval = ApproveReversal(reversal_id=reversal_id(ORIGIN, index))
    assert code(audit.answer(approval, "checker")) == "payable_ordered"
    audit.execute(DeclinePaymentOrder(order_id=id_), "checker")
    assert audit.answer(approval, "checker").status == 200
    assert (audit.fund().payable_fen, audit.fund().remaining_fen) == (3_000, 17_000)
    held = ProposePaymentOrder(match_ids=("M-1",))
    assert code(audit.answer(held, "maker")) in ("payable_held", "payable_paid")
    audit.pay_out("M-2")
    audit.books()


def test_what_is_due_at_a_years_end_is_paid_in_the_next() -> None:
    audit = confirm("M-1", "M-2")
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


def test_a_reference_is_found_however_the_bank_writes_it() -> None:
    id_ = payment_order_id("key")
    for memo in (f"{id_}-001", f"代发 {id_}001 微心愿", f"附言:{id_.lower()}－001,"):
        assert parse_payment_reference(memo) == (id_, 1), memo
    for memo in ("", id_, f"{id_}-0012", f"{id_}-001 {id_}-002"):
        assert parse_payment_reference(memo) is None, memo


def test_what_comes_back_of_a_match_that_fell_is_ordered_by_nobody() -> None:
    """Paid, then it did not arrive, then the bank gives it back: it is due on the books alone."""
    audit = confirm("M-1")
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
    approval = ApproveReversal(reversal_id=reversal_id(ORIGIN, index))
    assert audit.answer(approval, "checker").status == 200
    assert audit.books().funds[FUND].payable_fen == 0


def test_what_fell_after_the_export_is_not_in_the_banks_file() -> None:
    audit = confirm("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    audit.receive(reopening("M-1", 3_000))
    held = {id_ for id_, payable in audit.all(Payable).items() if payable.held}
    rows = list(list_batch_rows(order, audit.all(Payee), ACCOUNTS, held))
    assert [(row[0], row[-1]) for row in rows] == [(2, order.format_reference(2))]


def test_a_line_of_another_year_is_a_slip_and_its_id_is_not_used_up() -> None:
    audit = confirm("M-1")
    order = audit.order("M-1")
    line = bank_line(order.format_reference(1), 3_000)
    late = line.data.model_copy(update={"at": NOW + timedelta(days=2)})
    with pytest.raises(Invalid):
        audit.receive(line.model_copy(update={"data": late}))
    audit.receive(line)
    assert audit.kinds()[-1] == "payment"


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
