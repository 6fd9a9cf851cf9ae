"""The lines of a bank: which line of which order each closes, and what is asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.audit.batch_file import list_batch_rows
from services.audit.model import (
    AnswerBankQuestion,
    ApproveBankAnswer,
    ApproveLineRelease,
    BankQuestion,
    DeclineBankAnswer,
    Payable,
    Payee,
    PaymentOrder,
    ProposePaymentOrder,
    derive_payment_order_id,
    parse_payment_reference,
)
from shared.answers import Answer
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.decisions import (
    ACCOUNTS,
    RULES,
    MemoryAudit,
    answer_question,
    confirm_matches,
    release_line,
)
from tests.audit.facts import (
    ACCOUNT_NUMBER,
    FUND,
    NOW,
    bank_line,
    fee,
    gift,
    payment,
    refund,
)
from tests.support.answers import code


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
    audit = confirm_matches("M-1")
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


def test_what_two_people_answer_is_entered_under_the_banks_reference() -> None:
    audit = confirm_matches("M-1")
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
    audit = confirm_matches("M-1")
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
    audit = confirm_matches("M-1")
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
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    question = ask(audit, bank_reference="ICBC-7")
    audit.receive(bank_line(order.format_reference(1), 3_000, "file-1", bank_reference="ICBC-7"))
    assert audit.kinds()[-1] == "payment"
    assert not audit.get(BankQuestion, question.id).is_open


def test_a_released_payment_that_the_bank_made_after_all_is_entered_by_two() -> None:
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    reference = release_line(audit, order)
    audit.execute(ApproveLineRelease(release_id=reference), "checker")
    audit.receive(bank_line(reference, 3_000, "late", bank_reference="ICBC-9"))
    question = list(audit.all(BankQuestion).values())[-1]
    assert answer_question(audit, question, reference) == ""
    assert audit.kinds()[-1] == "payment"
    assert audit.books().funds[FUND].payable_fen == 0


def test_only_the_sources_of_payments_say_that_money_left() -> None:
    """The others say what came in; a refused message leaves its id free."""
    rules = replace(RULES, payment_sources=("/bank/icbc",))
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    audit.receive(gift(500, "gift-2"), rules=rules)
    line = bank_line(order.format_reference(1), 3_000)
    for event in (line, fee(10), refund("D-1", 10), payment("M-1", 10)):
        with pytest.raises(Invalid) as refused:
            audit.receive(event, rules=rules)
        assert refused.value.problems[0].code == "source_of_no_payments"
    audit.receive(line.model_copy(update={"source": "/bank/icbc"}), rules=rules)
    assert audit.kinds()[-1] == "payment"


@pytest.mark.parametrize("account", ["", ACCOUNT_NUMBER, "6222 0212 3456 7890 123", "6222****0123"])
def test_an_account_is_compared_as_far_as_the_bank_says_it(account: str) -> None:
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    audit.receive(bank_line(order.format_reference(1), 3_000, account=account))
    assert audit.kinds()[-1] == "payment"


def test_a_line_that_comes_twice_pays_once() -> None:
    audit = confirm_matches("M-1")
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


def test_what_comes_back_of_two_payments_is_asked_about() -> None:
    """Its batch file was uploaded twice: the one that is on the log is not reopened by the other's
    return, and two people may say that it is after all."""
    audit = confirm_matches("M-1")
    order = audit.pay_out("M-1")
    reference = order.format_reference(1)
    audit.receive(bank_line(reference, 3_000, "again", bank_reference="ICBC-2"))
    [twice] = audit.all(BankQuestion).values()
    assert answer_question(audit, twice, "") == ""
    for id_ in ("back", "of-a-file"):
        back = bank_line(reference, 3_000, id_, direction="returned", bank_reference="ICBC-3")
        audit.receive(back)
    assert audit.kinds()[-1] == "payment"
    _, returned = audit.all(BankQuestion).values()
    assert returned.doubt == "line_paid_again"
    assert answer_question(audit, returned, reference) == ""
    assert audit.kinds()[-1] == "payment_returned"


def test_a_reference_is_found_however_the_bank_writes_it() -> None:
    id_ = derive_payment_order_id("key")
    for memo in (f"{id_}-001", f"代发 {id_}001 微心愿", f"附言:{id_.lower()}－001,"):
        assert parse_payment_reference(memo) == (id_, 1), memo
    for memo in ("", id_, f"{id_}-0012", f"{id_}-001 {id_}-002"):
        assert parse_payment_reference(memo) is None, memo


def test_a_line_of_another_year_is_a_slip_and_its_id_is_not_used_up() -> None:
    audit = confirm_matches("M-1")
    order = audit.order("M-1")
    line = bank_line(order.format_reference(1), 3_000)
    late = line.data.model_copy(update={"at": NOW + timedelta(days=2)})
    with pytest.raises(Invalid):
        audit.receive(line.model_copy(update={"data": late}))
    audit.receive(line)
    assert audit.kinds()[-1] == "payment"


def test_a_file_that_lists_what_was_paid_and_came_back_asks_nothing() -> None:
    """The feed stated both before."""
    audit = confirm_matches("M-1")
    memo = audit.order("M-1").format_reference(1)
    for source, state in (("feed", "entered"), ("file", "known")):
        paid = bank_line(memo, 3_000, f"{source}-1")
        returned = bank_line(
            memo, 3_000, f"{source}-2", direction="returned", bank_reference="ICBC-2"
        )
        for line in (paid, returned):
            answer = audit.receive(line).answer
            assert answer is not None
            assert answer.body["state"] == state
    assert audit.all(BankQuestion) == {}
    again = bank_line(memo, 3_000, "again", bank_reference="ICBC-3")
    audit.receive(again)
    [question] = audit.all(BankQuestion).values()
    assert question.doubt == "line_paid"


def test_what_was_released_is_not_ordered_while_the_bank_may_have_paid_it() -> None:
    audit = confirm_matches("M-1", "M-2")
    order = audit.order("M-1", "M-2")
    audit.execute(ApproveLineRelease(release_id=release_line(audit, order)), "checker")
    audit.receive(bank_line(order.format_reference(1), 3_000, bank_reference="ICBC-1"))
    [question] = audit.all(BankQuestion).values()
    again = ProposePaymentOrder(match_ids=("M-1",))
    refused = audit.answer(again, "maker")
    assert code(refused) == "payable_asked"
    assert question.id in refused.body["problems"][0]["zh"]
    assert answer_question(audit, question, "") == ""
    assert audit.answer(again, "maker").status == 202


def test_what_was_ordered_again_is_not_in_the_file_while_the_bank_may_have_paid_it() -> None:
    """Its first line was released; it is the bank's payment once the second is released too."""
    audit = confirm_matches("M-1", "M-2")
    first = audit.order("M-1")
    audit.execute(ApproveLineRelease(release_id=release_line(audit, first)), "checker")
    second = audit.order("M-1", "M-2")
    audit.receive(bank_line(first.format_reference(1), 3_000, bank_reference="ICBC-1"))
    [question] = audit.all(BankQuestion).values()
    accounts = {id_: ACCOUNTS.open(payee) for id_, payee in audit.all(Payee).items()}
    stopped_matches = {id_ for id_, payable in audit.all(Payable).items() if payable.is_stopped}
    rows = list_batch_rows(audit.get(PaymentOrder, second.id), accounts, stopped_matches)
    assert [row[-1] for row in rows] == [second.format_reference(2)]
    audit.execute(ApproveLineRelease(release_id=release_line(audit, second)), "checker")
    assert code(audit.answer(ProposePaymentOrder(match_ids=("M-1",)), "maker")) == "payable_asked"
    assert answer_question(audit, question, first.format_reference(1)) == ""
    payable = audit.get(Payable, "M-1")
    assert (payable.owed_fen, payable.question_ids, payable.order_id) == (0, (), first.id)
