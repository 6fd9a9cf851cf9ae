"""What a bank takes back is entered whatever its fund has left; nobody else takes what it lacks."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.audit.ledger.books import Books
from services.audit.ledger.corrections import find_named
from services.audit.ledger.entries import format_timestamp
from services.audit.model import (
    NO_REFERENCE,
    AnswerBankQuestion,
    ApproveBankAnswer,
    BankFact,
    BankQuestion,
    Donation,
    LogHead,
)
from services.audit.tlog.findings import BrokenError
from shared.contracts.envelope import Event
from shared.contracts.events import LedgerRefunded
from shared.contracts.values import CHINA
from shared.errors import Invalid
from tests.audit.decisions import (
    FOUNDATION,
    NEXT_ORIGIN,
    NEXT_YEAR,
    MemoryAudit,
    last_reason,
    open_audit,
)
from tests.audit.facts import (
    BANK,
    FUND,
    NOW,
    acceptance,
    bank_line,
    confirmation,
    event,
    gift,
    refund,
)
from tests.support.answers import code

OTHER_BANK = "/banks/other"

ACCOUNT = "工行 1001"


def own_gift(amount_fen: int, id_: str = "gift-1") -> Event[Any]:
    """As a bank states it that says which account of ours it is on."""
    fact = gift(amount_fen, id_).data.model_copy(update={"own_account": ACCOUNT})
    return event(fact, id_, source=BANK)


def promise_all() -> MemoryAudit:
    """All that the fund got is promised."""
    audit = open_audit()
    audit.receive(own_gift(3_000))
    audit.receive(acceptance("M-1", 3_000))
    return audit


def find_gift(audit: MemoryAudit) -> Donation:
    """The first."""
    return next(iter(audit.all(Donation).values()))


def recall(audit: MemoryAudit, amount_fen: int = 3_000) -> None:
    audit.receive(refund(find_gift(audit).id, amount_fen))


def test_what_a_bank_takes_back_is_entered_though_it_is_promised() -> None:
    audit = promise_all()
    recall(audit)
    entry = audit.entries()[-1]
    assert entry["kind"] == "refund"
    assert entry["forced_by"] == "bank"
    fact = audit.events[-1][1]
    assert isinstance(fact, LedgerRefunded)
    assert fact.overdrawn_fen == 3_000
    assert (audit.fund().remaining_fen, audit.fund().overdrawn_fen) == (-3_000, 3_000)
    assert find_gift(audit).refunded_fen == 3_000
    audit.receive(acceptance("M-2", 1))
    assert last_reason(audit) == "insufficient_funds"
    for number, (amount_fen, remaining_fen) in enumerate(((1_000, -2_000), (2_500, 500))):
        audit.receive(own_gift(amount_fen, f"more-{number}"))
        assert audit.fund().remaining_fen == remaining_fen
        assert audit.fund().overdrawn_fen == max(0, -remaining_fen)
    audit.receive(acceptance("M-3", 501))
    assert last_reason(audit) == "insufficient_funds"
    audit.receive(acceptance("M-4", 500))
    assert audit.fund().remaining_fen == 0
    assert audit.books().funds[FUND].remaining_fen == 0


def test_a_bank_takes_back_no_more_than_the_gift_and_where_enough_is_left_forces_nothing() -> None:
    audit = promise_all()
    audit.receive(own_gift(500, "gift-2"))
    audit.receive(refund(find_gift(audit).id, 500))
    assert "forced_by" not in audit.entries()[-1]
    audit.receive(refund(find_gift(audit).id, 2_501, "refund-2"))
    assert last_reason(audit) == "exceeds_gift"


@pytest.mark.parametrize("restricted", [False, True])
def test_nobody_but_a_bank_takes_what_a_fund_has_not_got(*, restricted: bool) -> None:
    """As a verifier reads the log: the word is needed, and covers nothing that comes later."""
    audit = open_audit(restricted=restricted)
    audit.receive(own_gift(3_000))
    audit.receive(acceptance("M-1", 3_000))
    recall(audit, 1_000)
    audit.receive(own_gift(400, "more"))
    assert audit.books().funds[FUND].overdrawn_fen == 600
    for name in ("forced_by", "nothing"):
        books = Books()
        with pytest.raises(BrokenError) if name == "forced_by" else nullcontext():
            for entry in audit.entries():
                original = find_named(entry)
                shown: Any = {key: value for key, value in entry.items() if key != name}
                books.apply(shown, None if original is None else audit.entries()[original])


@pytest.mark.parametrize("paid", [False, True])
def test_a_fund_with_less_than_nothing_goes_on_in_the_next_year(*, paid: bool) -> None:
    """Promised, its bank balance covers nothing; paid, it is below zero itself."""
    audit = promise_all()
    if paid:
        audit.receive(confirmation("M-1", 3_000))
        audit.pay_out("M-1")
    recall(audit)
    before = audit.books()
    assert before.funds[FUND].balance_fen == (-3_000 if paid else 0)
    audit.receive(own_gift(1_000, "next"), NEXT_YEAR)
    assert audit.fund().log == NEXT_ORIGIN
    assert (audit.fund().remaining_fen, audit.fund().overdrawn_fen) == (-2_000, 2_000)
    carried = next(
        entry
        for entry in audit.entries()
        if entry["log"] == NEXT_ORIGIN and entry["kind"] == "fund_carried"
    )
    assert carried["overdrawn_fen"] == 3_000
    after = audit.books(NEXT_ORIGIN)
    assert after.funds[FUND].remaining_fen == -2_000
    accounts = {account: book for (_, account), book in after.accounts.items()}
    bank = next(book for account, book in accounts.items() if account.startswith("Assets:"))
    assert bank.debit - bank.credit == (-2_000 if paid else 1_000)


def test_a_reversed_transfer_is_the_refund_of_its_gift() -> None:
    """By the line's own reference, on the account of the gift, whichever way it comes."""
    audit = promise_all()
    reference = find_gift(audit).reference
    for id_ in ("feed", "file"):
        line = bank_line("冲正", 3_000, id_, bank_reference=reference, own_account=ACCOUNT)
        answer = audit.receive(line).answer
        assert answer is not None
        assert answer.body["state"] == ("entered" if id_ == "feed" else "known")
    assert audit.kinds().count("refund") == 1
    assert audit.entries()[-1]["effective_at"] >= audit.entries()[-2]["effective_at"]
    assert (find_gift(audit).refunded_fen, audit.fund().remaining_fen) == (3_000, -3_000)
    assert not any(question.is_open for question in audit.all(BankQuestion).values())
    audit.books()


@pytest.mark.parametrize("is_debit_first", [False, True])
def test_a_credit_that_is_marked_as_reversed_takes_its_gift_back_once(
    *, is_debit_first: bool
) -> None:
    """The feed had brought the gift; the file has the mark, the debit of the pair, or both."""
    audit = promise_all()
    fields: dict[str, Any] = {
        "bank_reference": find_gift(audit).reference,
        "own_account": ACCOUNT,
    }
    lines = [mark(3_000, **fields), bank_line("冲正", 3_000, "debit", **fields)]
    for line in reversed(lines) if is_debit_first else lines:
        audit.receive(line)
    assert audit.kinds().count("refund") == 1
    assert find_gift(audit).refunded_fen == 3_000
    assert not any(question.is_open for question in audit.all(BankQuestion).values())
    audit.books()


def mark(amount_fen: int, **fields: Any) -> Event[Any]:
    """The bank's mark on its credit, which has the day alone."""
    line = bank_line("", amount_fen, "mark", **fields)
    day = {"undone": True, "at": NOW - timedelta(hours=8)}
    return event(line.data.model_copy(update=day), "mark", source=BANK)


@pytest.mark.parametrize("is_debit_first", [False, True])
def test_a_reversed_pair_that_brought_no_gift_enters_and_asks_nothing(
    *, is_debit_first: bool
) -> None:
    audit = open_audit()
    fields: dict[str, Any] = {"bank_reference": "J-1", "own_account": ACCOUNT}
    lines = [mark(3_000, **fields), bank_line("冲正", 3_000, "debit", **fields)]
    size = len(audit.leaves)
    for line in reversed(lines) if is_debit_first else lines:
        audit.receive(line)
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_entered) == (False, True), "no difference of the month"
    assert len(audit.leaves) == size


@pytest.mark.parametrize("account", [ACCOUNT, ""])
def test_a_gift_that_comes_after_the_mark_on_its_credit_is_not_left_on_the_books(
    account: str,
) -> None:
    audit = open_audit()
    late = own_gift(3_000)
    late = event(late.data.model_copy(update={"own_account": account}), "gift-1", source=BANK)
    fields: dict[str, Any] = {
        "bank_reference": late.data.bank_reference,
        "own_account": ACCOUNT,
    }
    audit.receive(mark(3_000, **fields))
    audit.receive(late)
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_entered) == (True, False)
    audit.receive(bank_line("冲正", 3_000, "debit", **fields))
    assert (find_gift(audit).refunded_fen == 3_000) is (account == ACCOUNT)
    [question] = audit.all(BankQuestion).values()
    assert question.is_open is (account == ""), "finance says what left"


@pytest.mark.parametrize(("of_gift", "of_mark"), [("", ACCOUNT), (ACCOUNT, "")])
def test_a_mark_without_the_account_of_the_gift_or_of_its_own_is_asked(
    of_gift: str, of_mark: str
) -> None:
    audit = open_audit()
    fact = own_gift(3_000).data.model_copy(update={"own_account": of_gift})
    audit.receive(event(fact, "gift-1", source=BANK))
    audit.receive(mark(3_000, bank_reference=fact.bank_reference, own_account=of_mark))
    [question] = audit.all(BankQuestion).values()
    assert question.is_open


def test_a_mark_is_asked_where_the_gift_came_from_another_source_without_an_account() -> None:
    """The gift is known by its own source alone, which is not the one that marks its credit."""
    audit = open_audit()
    fact = own_gift(3_000).data.model_copy(update={"own_account": ""})
    audit.receive(event(fact, "gift-1", source=OTHER_BANK))
    audit.receive(mark(3_000, bank_reference=fact.bank_reference, own_account=ACCOUNT))
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.is_pair) == (True, False)
    assert find_gift(audit).refunded_fen == 0


def test_a_mark_for_a_closed_month_counts_from_the_first_open_moment() -> None:
    """Its day is the credit's, and the closed books had the money: it left after them. The fund has
    promised it meanwhile."""
    audit = promise_all()
    closed_until = datetime(2026, 2, 1, tzinfo=CHINA)
    head = audit.get(LogHead, FOUNDATION)
    closed = head.model_copy(update={"closed_until": closed_until})
    audit.states |= {ref: closed for ref, state in audit.states.items() if state == head}
    line = mark(3_000, bank_reference=find_gift(audit).reference, own_account=ACCOUNT)
    assert line.data.at < closed_until
    answer = audit.receive(line, closed_until + timedelta(days=40)).answer
    assert answer is not None
    assert answer.body["state"] == "entered"
    entry = audit.entries()[-1]
    assert (entry["kind"], entry["effective_at"]) == ("refund", format_timestamp(closed_until))
    assert entry["recorded_at"] > entry["effective_at"]
    fact = next(each for each in audit.all(BankFact).values() if each.moved_fen < 0)
    assert fact.at == closed_until, "the account and the log have one day of it"
    audit.books()


@pytest.mark.parametrize("is_debit_first", [False, True])
def test_a_mark_hides_nothing_that_another_source_states(*, is_debit_first: bool) -> None:
    audit = open_audit()
    fields: dict[str, Any] = {"bank_reference": "J-1", "own_account": ACCOUNT}
    debit = bank_line("", 3_000, "debit", **fields)
    lines = [mark(3_000, **fields), event(debit.data, "debit", source=OTHER_BANK)]
    for line in reversed(lines) if is_debit_first else lines:
        audit.receive(line)
    [question] = audit.all(BankQuestion).values()
    assert (question.is_open, question.source) == (True, OTHER_BANK)


def test_a_mark_without_a_reference_of_the_bank_hides_no_other_line() -> None:
    audit = open_audit()
    fields: dict[str, Any] = {"bank_reference": NO_REFERENCE, "own_account": ACCOUNT}
    audit.receive(mark(3_000, **fields))
    [question] = audit.all(BankQuestion).values()
    assert question.is_open


@pytest.mark.parametrize(
    "changes",
    [
        {"direction": "returned"},
        {"memo": "GJAAAAAAAAAA-001"},
        {"own_kind": "charge", "fund_id": FUND},
    ],
)
def test_only_a_credit_is_marked_as_reversed(changes: dict[str, Any]) -> None:
    """A mark on a payment would close what finance is asked, and block the payment's own line."""
    audit = open_audit()
    audit.receive(own_gift(9_000))
    fact = mark(3_000, bank_reference="J-1").data.model_copy(update=changes)
    with pytest.raises(Invalid, match="undone is for a credit"):
        audit.receive(event(fact, "mark", source=BANK))


def test_a_reversed_credit_under_a_shared_reference_is_asked() -> None:
    audit = promise_all()
    reference = find_gift(audit).reference
    shared = {"bank_reference": reference, "donor_id": "P-other"}
    other = own_gift(3_000, "other").data.model_copy(update=shared)
    audit.receive(event(other, "other", source=BANK))
    answer = audit.receive(mark(3_000, bank_reference=reference, own_account=ACCOUNT)).answer
    assert answer is not None
    assert code(answer) == "bank_line_asked"
    assert "refund" not in audit.kinds()


def test_the_rest_of_a_gift_given_back_in_part_is_asked() -> None:
    """Two people may have entered that very line as the part."""
    audit = open_audit()
    audit.receive(own_gift(3_000))
    audit.receive(own_gift(9_000, "gift-2"))
    gift_1 = find_gift(audit)
    recall(audit, 1_500)
    line = bank_line("退款", 1_500, bank_reference=gift_1.reference, own_account=ACCOUNT)
    answer = audit.receive(line).answer
    assert answer is not None
    assert code(answer) == "bank_line_asked"
    assert audit.kinds().count("refund") == 1


def test_a_line_that_two_people_answered_is_no_gift_taken_back() -> None:
    """It came before its gift; what they said of it stays, however often it comes."""
    audit = open_audit()
    reference = own_gift(3_000).data.bank_reference
    fields = {"bank_reference": reference, "own_account": ACCOUNT}
    audit.receive(bank_line("冲正", 3_000, "feed", **fields))
    [question] = audit.all(BankQuestion).values()
    said = AnswerBankQuestion(question_id=question.id, answer="对方账户误划后冲回")
    assert audit.answer(said, "maker").status == 202
    approval = ApproveBankAnswer(question_id=question.id)
    assert audit.answer(approval, "checker").status == 200
    audit.receive(own_gift(3_000))
    answer = audit.receive(bank_line("冲正", 3_000, "file", **fields)).answer
    assert answer is not None
    assert answer.body == {"state": "known"}
    assert "refund" not in audit.kinds()
    [question] = audit.all(BankQuestion).values()
    assert question.answered_by == "checker"


@pytest.mark.parametrize(
    "change",
    [{"amount_fen": 2_999}, {"own_account": "建行 2002"}, {"bank_reference": "another"}],
)
def test_what_is_not_the_whole_gift_or_on_another_account_is_asked(change: dict[str, Any]) -> None:
    audit = promise_all()
    fields = {"bank_reference": find_gift(audit).reference, "own_account": ACCOUNT}
    amount_fen = change.get("amount_fen", 3_000)
    changed = fields | {name: change[name] for name in change if name in fields}
    answer = audit.receive(bank_line("冲正", amount_fen, **changed)).answer
    assert answer is not None
    assert code(answer) == "bank_line_asked"
    assert "refund" not in audit.kinds()
