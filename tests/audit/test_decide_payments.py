"""A request that was paid for nothing is paid again only once that is settled."""

from services.audit.model import (
    ApproveReversal,
    ApproveSecondPayment,
    DeclineSecondPayment,
    ProposeReversal,
    ProposeSecondPayment,
    RequestPayments,
    derive_reversal_id,
)
from shared.contracts.events import (
    LedgerCommitted,
    LedgerObligated,
    LedgerReleased,
    LedgerReversed,
    PaymentSettled,
    PaymentUnsettled,
)
from tests.audit.decisions import ORIGIN, MemoryAudit, last_reason, open_audit
from tests.audit.facts import FUND, acceptance, confirmation, gift, payment, release, reopening
from tests.support.answers import code

REQUEST = {"request_id": "R-1", "request_quantity": 333_00}
REASON = "原收款账户已注销，见说明〔2026〕3号"


def pay(audit: MemoryAudit, match: str, amount: int = 333_00, **more: object) -> None:
    audit.receive(acceptance(match, amount, **REQUEST | more))
    audit.receive(confirmation(match, amount, **REQUEST | more))


def pay_and_reopen(*, by_bank: bool = False) -> MemoryAudit:
    """333 yuan are due for M-1, or were paid by the bank; then the person says that nothing
    arrived."""
    audit = open_audit()
    audit.receive(gift(1_000_00))
    pay(audit, "M-1")
    if by_bank:
        audit.pay_out("M-1")
    audit.receive(reopening("M-1", 333_00, **REQUEST))
    return audit


def reverse(audit: MemoryAudit, index: int) -> None:
    leaf = audit.leaves[index].decode()
    proposal = ProposeReversal(log=ORIGIN, index=index, reference="更正单1号", leaf=leaf)
    assert audit.answer(proposal, "maker").status == 202
    approval = ApproveReversal(reversal_id=derive_reversal_id(ORIGIN, index))
    assert audit.answer(approval, "checker").status == 200


def find_due(audit: MemoryAudit) -> int:
    return max(i for i, kind in enumerate(audit.kinds()) if kind in ("obligation", "disbursement"))


def payments(audit: MemoryAudit) -> RequestPayments:
    return audit.get(RequestPayments, "R-1")


def test_who_must_act_is_told_of_a_payment_for_nothing() -> None:
    subject, fact = pay_and_reopen().events[-1]
    assert subject == "R-1"
    assert fact == PaymentUnsettled(match_id="M-1", fund_id=FUND, amount_fen=333_00)


def test_a_reopened_match_that_was_paid_is_not_paid_a_second_time() -> None:
    audit = pay_and_reopen()
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    assert last_reason(audit) == "already_paid"
    assert audit.fund().obligated_fen == 333_00
    assert (payments(audit).is_unsettled, payments(audit).refused) == (True, ("M-2",))
    audit.books()


def test_the_second_acceptance_may_arrive_before_the_news_of_the_reopening() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    pay(audit, "M-1")
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    assert last_reason(audit) == "already_paid"


def test_a_second_match_that_was_promised_before_the_first_was_paid_waits_at_its_payment() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    audit.receive(acceptance("M-1", 333_00, **REQUEST))
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    audit.receive(confirmation("M-1", 333_00, **REQUEST))
    audit.receive(confirmation("M-2", 333_00, **REQUEST))
    assert last_reason(audit) == "exceeds_request"
    audit.receive(reopening("M-1", 333_00, **REQUEST))
    reverse(audit, find_due(audit))
    assert [type(fact) for _, fact in audit.events[-4:]] == [
        LedgerReversed,
        LedgerReleased,
        LedgerObligated,
        PaymentSettled,
    ]
    assert (audit.fund().obligated_fen, audit.commitment("M-2").outstanding_fen) == (333_00, 0)
    assert not payments(audit).is_unsettled
    audit.books()


def test_once_the_payment_is_reversed_the_money_is_free_and_the_request_is_paid_again() -> None:
    audit = pay_and_reopen()
    reverse(audit, find_due(audit))
    reversed_, released, settled = (fact for _, fact in audit.events[-3:])
    assert isinstance(reversed_, LedgerReversed)
    assert (reversed_.match_id, reversed_.amount_fen) == ("M-1", 333_00)
    assert isinstance(released, LedgerReleased)
    assert settled == PaymentSettled(match_ids=("M-1",))
    assert audit.fund().remaining_fen == 1_000_00
    pay(audit, "M-2")
    assert audit.fund().obligated_fen == 333_00
    audit.books()


def test_two_people_say_that_it_may_be_paid_again() -> None:
    audit = pay_and_reopen(by_bank=True)
    propose = ProposeSecondPayment(request_id="R-1", reason=REASON)
    assert audit.answer(propose, "maker").status == 202
    approve = ApproveSecondPayment(request_id="R-1")
    assert code(audit.answer(approve, "maker")) == "second_person_needed"
    assert audit.answer(approve, "checker").status == 200
    assert audit.events[-1][1] == PaymentSettled(
        match_ids=("M-1",), maker="maker", checker="checker", reason=REASON
    )
    pay(audit, "M-2")
    assert audit.fund().obligated_fen == 666_00
    assert code(audit.answer(propose, "maker")) == "payments_settled"


def test_what_is_due_for_a_match_that_fell_is_reversed_and_not_allowed_again() -> None:
    audit = pay_and_reopen()
    assert audit.answer(ProposeSecondPayment(request_id="R-1", reason=REASON)).status == 202
    approve = ApproveSecondPayment(request_id="R-1")
    assert code(audit.answer(approve, "checker")) == "payable_held"


def test_what_two_people_allowed_is_allowed_once() -> None:
    audit = pay_and_reopen(by_bank=True)
    audit.execute(ProposeSecondPayment(request_id="R-1", reason=REASON), "maker")
    audit.execute(ApproveSecondPayment(request_id="R-1"), "checker")
    pay(audit, "M-2")
    audit.receive(acceptance("M-3", 333_00, **REQUEST))
    assert last_reason(audit) == "already_paid"
    audit.pay_out("M-2")
    audit.receive(reopening("M-2", 333_00, **REQUEST))
    assert code(audit.answer(ApproveSecondPayment(request_id="R-1"), "checker")) == (
        "second_payment_not_proposed"
    )


def test_declined_it_stays_unpaid_and_may_be_proposed_again() -> None:
    audit = pay_and_reopen()
    propose = ProposeSecondPayment(request_id="R-1", reason=REASON)
    audit.execute(propose, "maker")
    assert audit.answer(DeclineSecondPayment(request_id="R-1"), "checker").status == 200
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    assert last_reason(audit) == "already_paid"
    assert audit.answer(propose, "maker").status == 202


def test_what_fell_after_the_proposal_is_not_part_of_it() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    for match in ("M-1", "M-2"):
        pay(audit, match, 100_00)
    audit.receive(reopening("M-1", 100_00, **REQUEST))
    audit.execute(ProposeSecondPayment(request_id="R-1", reason=REASON), "maker")
    audit.receive(reopening("M-2", 100_00, **REQUEST))
    answer = audit.answer(ApproveSecondPayment(request_id="R-1"), "checker")
    assert code(answer) == "payments_changed"


def test_the_other_part_of_a_request_goes_on() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    pay(audit, "M-1", 133_00)
    audit.receive(reopening("M-1", 133_00, **REQUEST))
    pay(audit, "M-2", 200_00)
    assert isinstance(audit.events[-1][1], LedgerObligated)
    audit.receive(acceptance("M-3", 1, **REQUEST))
    assert last_reason(audit) == "already_paid"


def test_where_nobody_says_what_the_request_asks_for_nothing_is_paid_beside_what_fell() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    silent = {"request_quantity": None}
    pay(audit, "M-1", 100_00, **silent)
    pay(audit, "M-2", 100_00, **silent)
    audit.receive(reopening("M-1", 100_00, **REQUEST))
    audit.receive(acceptance("M-3", 100_00, **REQUEST | silent))
    assert last_reason(audit) == "already_paid"


def test_an_instalment_of_a_match_that_is_given_up_is_settled_too() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    audit.receive(acceptance("M-1", 333_00, **REQUEST))
    audit.receive(payment("M-1", 100_00))
    audit.receive(release("M-1", 333_00, **REQUEST))
    unsettled, released = (fact for _, fact in audit.events[-2:])
    assert isinstance(released, LedgerReleased)
    assert unsettled == PaymentUnsettled(match_id="M-1", fund_id=FUND, amount_fen=100_00)
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    assert last_reason(audit) == "already_paid"
    reverse(audit, find_due(audit))
    assert audit.fund().remaining_fen == 1_000_00
    audit.receive(acceptance("M-3", 333_00, **REQUEST))
    assert isinstance(audit.events[-1][1], LedgerCommitted)
    audit.books()


def test_a_payment_that_was_reversed_before_the_match_was_reopened_needs_nothing_more() -> None:
    audit = open_audit()
    audit.receive(gift(1_000_00))
    pay(audit, "M-1")
    reverse(audit, find_due(audit))
    audit.receive(reopening("M-1", 333_00, **REQUEST))
    assert isinstance(audit.events[-1][1], LedgerReleased)
    assert audit.fund().remaining_fen == 1_000_00
    audit.receive(acceptance("M-2", 333_00, **REQUEST))
    assert isinstance(audit.events[-1][1], LedgerCommitted)
