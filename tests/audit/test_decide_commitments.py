"""Money for a match: reserved, due at once or paid in instalments, released; or refused."""

from datetime import timedelta

import pytest

from services.audit.model import FundTerms, Payable
from shared.contracts.events import (
    LedgerCommitted,
    LedgerObligated,
    LedgerRefused,
    LedgerReleased,
    PaymentUnsettled,
)
from shared.contracts.values import BeneficiaryClass, Category
from shared.messaging.decision import NOTHING
from tests.audit.decisions import last_reason, open_audit
from tests.audit.facts import FUND, NOW, acceptance, confirmation, gift, payment, release

MEALS_IN_SHILONG = FundTerms(
    purpose="石龙镇长者配餐",
    categories=(Category.MEALS, Category.HOME_CARE),
    town_codes=("441900101",),
    beneficiary_classes=(BeneficiaryClass.ELDERLY_ALONE,),
)
WITHIN = {
    "category": "meals",
    "town_code": "441900101",
    "beneficiary_class": "elderly_alone",
}


def test_an_accepted_match_reserves_its_money() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    assert isinstance(audit.events[-1][1], LedgerCommitted)
    assert audit.events[-1][0] == "M-1"
    assert audit.fund().remaining_fen == 2_000
    assert audit.commitment("M-1").outstanding_fen == 3_000


def test_a_commitment_beyond_the_fund_is_refused_and_says_so() -> None:
    audit = open_audit()
    audit.receive(gift(2_999))
    audit.receive(acceptance("M-1", 3_000))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.available_fen) == ("insufficient_funds", 2_999)
    assert audit.kinds()[-1] == "refusal"
    assert audit.fund().committed_fen == 0


def test_a_refused_match_stays_refused_when_money_comes() -> None:
    audit = open_audit()
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(gift(5_000))
    assert audit.receive(acceptance("M-1", 3_000)) == NOTHING


def test_a_match_on_an_unknown_fund_is_refused() -> None:
    audit = open_audit()
    audit.receive(acceptance("M-1", 3_000, fund=None))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.fund_id) == ("unknown_fund", "general")


def test_what_a_confirmed_match_is_for_is_due_once() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(confirmation("M-1", 3_000))
    assert isinstance(audit.events[-1][1], LedgerObligated)
    assert audit.receive(confirmation("M-1", 3_000)) == NOTHING
    entries = audit.entries()
    audit.receive(release("M-1", 3_000))
    assert isinstance(audit.events[-1][1], PaymentUnsettled)
    assert audit.entries() == entries
    assert audit.receive(release("M-1", 3_000)) == NOTHING
    assert (audit.fund().obligated_fen, audit.fund().outstanding_fen) == (3_000, 0)


def test_a_released_match_gives_its_money_back_once() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(release("M-1", 3_000))
    assert isinstance(audit.events[-1][1], LedgerReleased)
    assert audit.receive(release("M-1", 3_000)) == NOTHING
    assert audit.fund().remaining_fen == 5_000


def test_a_release_without_commitment_is_nothing() -> None:
    audit = open_audit()
    assert audit.receive(release("M-1", 3_000)) == NOTHING
    audit.receive(acceptance("M-1", 3_000))
    assert audit.receive(release("M-1", 3_000)) == NOTHING


def test_nothing_is_paid_that_was_not_committed() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(confirmation("M-1", 3_000))
    assert audit.entries()[-1]["kind"] == "refusal"
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerRefused)
    assert (subject, event.reason) == ("M-1", "not_committed")
    assert audit.receive(confirmation("M-1", 3_000)) == NOTHING
    assert audit.fund().disbursed_fen == 0


def test_the_commitment_says_which_fund_pays() -> None:
    audit = open_audit(FUND, "OTHER")
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(confirmation("M-1", 3_000, fund="OTHER"))
    assert audit.fund().obligated_fen == 3_000
    assert audit.fund("OTHER").obligated_fen == 0


def test_money_is_spent_on_what_the_funds_terms_name() -> None:
    audit = open_audit(terms=MEALS_IN_SHILONG, restricted=True)
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000, **WITHIN))
    assert isinstance(audit.events[-1][1], LedgerCommitted)
    entry = audit.entries()[-1]
    assert entry["kind"] == "commitment"
    assert entry["purpose"] == {
        "category": "meals",
        "town": "441900101",
        "beneficiary_class": "elderly_alone",
    }
    audit.books()


@pytest.mark.parametrize(
    "other",
    [
        {"category": "medical"},
        {"town_code": "441900102"},
        {"beneficiary_class": "child"},
        {"category": None},
        {"town_code": None},
        {"beneficiary_class": None},
    ],
)
def test_restricted_money_is_refused_for_another_purpose_or_none(other: dict[str, str]) -> None:
    audit = open_audit(terms=MEALS_IN_SHILONG, restricted=True)
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000, **WITHIN | other))
    assert last_reason(audit) == "outside_terms"
    assert audit.fund().committed_fen == 0


def test_a_fund_with_an_open_purpose_pays_for_a_match_that_names_none() -> None:
    audit = open_audit(terms=FundTerms(purpose="扶贫济困"))
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    assert isinstance(audit.events[-1][1], LedgerCommitted)


def test_instalments_are_paid_until_the_rest_is_confirmed_and_due() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 1_000, "pay-1"))
    audit.receive(payment("M-1", 500, "pay-2"))
    assert audit.events[-1][0] == "M-1"
    assert audit.commitment("M-1").outstanding_fen == 1_500
    audit.receive(confirmation("M-1", 3_000))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerObligated)
    assert (event.amount_fen, event.donor_id) == (1_500, "P-donor")
    assert (audit.fund().disbursed_fen, audit.fund().payable_fen) == (1_500, 1_500)
    audit.books()


def test_what_was_not_paid_is_released() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 1_000))
    audit.receive(release("M-1", 3_000))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerReleased)
    assert event.amount_fen == 2_000
    commitment = audit.commitment("M-1")
    assert (commitment.reserved_fen, commitment.disbursed_fen, commitment.released_fen) == (
        3_000,
        1_000,
        2_000,
    )
    assert audit.fund().remaining_fen == 4_000
    audit.books()


def test_a_match_paid_in_full_by_instalments_needs_no_entry_when_it_is_confirmed() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 3_000))
    assert audit.receive(confirmation("M-1", 3_000)) == NOTHING


def test_no_instalment_exceeds_what_is_outstanding_and_the_refused_one_stays_refused() -> None:
    audit = open_audit()
    audit.receive(gift(9_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 3_001))
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.available_fen) == ("exceeds_commitment", 3_000)
    assert subject.startswith("B-"), "matching would take it for an answer to the acceptance"
    assert audit.receive(payment("M-1", 3_001)) == NOTHING
    assert audit.fund().disbursed_fen == 0


@pytest.mark.parametrize("is_known", [True, False])
def test_a_payment_for_what_was_not_committed_is_refused(is_known: bool) -> None:
    audit = open_audit()
    if is_known:
        audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 1))
    assert last_reason(audit) == "not_committed"
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    assert audit.fund().committed_fen == (0 if is_known else 3_000)


def test_a_settlement_is_made_from_the_fund_that_promised() -> None:
    audit = open_audit(FUND, "OTHER")
    audit.receive(gift(5_000))
    audit.receive(gift(5_000, "gift-2", fund="OTHER"))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(release("M-1", 3_000, fund="OTHER"))
    assert (audit.fund().released_fen, audit.fund("OTHER").released_fen) == (3_000, 0)


def test_each_sum_of_a_match_has_the_time_when_it_moved() -> None:
    """For the way of its request: first it is reserved, then due; or refused."""
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(acceptance("M-1", 3_000))
    later = NOW + timedelta(hours=2)
    audit.receive(confirmation("M-1", 3_000), later)
    commitment, payable = audit.commitment("M-1"), audit.get(Payable, "M-1")
    assert commitment.moved_at == {"reserved_fen": NOW, "obligated_fen": later}
    assert payable.moved_at == {"obligated_fen": later}
    audit.receive(acceptance("M-2", 9_000), later)
    assert audit.commitment("M-2").refused_at == later
