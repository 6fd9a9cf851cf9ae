"""Each decision of audit: which entry a fact becomes, what is refused, what changes nothing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.audit.model import ApproveFund, DeclineFund, ProposeFund
from shared.contracts.events import (
    LedgerCommitted,
    LedgerDisbursed,
    LedgerFact,
    LedgerFundOpened,
    LedgerReceived,
    LedgerRefused,
    LedgerReleased,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.deciding import (
    FUND,
    NOW,
    ORIGIN,
    accepted,
    confirmed,
    gift,
    match,
    open_audit,
    released,
)


def test_a_gift_becomes_an_entry_and_is_told() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    assert audit.kinds() == ["fund_opened", "donation_received"]
    assert audit.fund().received_fen == 5_000
    subject, told = audit.said[-1]
    assert isinstance(told, LedgerReceived)
    assert subject.startswith("D-")
    assert (told.log, told.index, told.amount_fen) == (ORIGIN, 1, 5_000)


def test_every_entry_is_told_with_its_exact_leaf() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(accepted("M-1", 3_000))
    audit.hear(confirmed("M-1", 3_000))
    audit.hear(gift(9_000))
    audit.hear(accepted("M-2", 3_000))
    audit.hear(confirmed("M-2", 3_000))
    told = [fact for _, fact in audit.said if isinstance(fact, LedgerFact)]
    assert [fact.entry.encode() for fact in told] == audit.leaves
    assert [fact.index for fact in told] == list(range(7))


def test_an_opened_fund_is_told() -> None:
    subject, told = open_audit().said[-1]
    assert isinstance(told, LedgerFundOpened)
    assert (subject, told.fund_id, told.index) == (FUND, FUND, 0)


def test_the_same_gift_twice_is_one_entry() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    assert audit.hear(gift(5_000)) == NOTHING
    assert audit.fund().received_fen == 5_000


def test_a_time_zone_spelled_otherwise_is_the_same_gift() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    again = gift(5_000)
    china = again.data.received_at.astimezone(timezone(timedelta(hours=8)))
    same = again.data.model_copy(update={"received_at": china})
    assert audit.hear(again.model_copy(update={"data": same})) == NOTHING


def test_a_used_id_with_other_content_is_refused_and_logged_once() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(gift(9_000))
    assert audit.hear(gift(9_000)) == NOTHING
    assert audit.hear(gift(5_000)) == NOTHING
    assert audit.kinds() == ["fund_opened", "donation_received", "refusal"]
    assert audit.entries()[-1]["event"]["id"] == "gift-1#2"
    donation, told = audit.said[-1]
    assert isinstance(told, LedgerRefused)
    assert (told.reason, told.amount_fen) == ("id_reused", 9_000)
    assert donation == audit.said[-2][0]
    assert audit.fund().received_fen == 5_000


def test_the_same_id_from_another_bank_is_another_gift() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(gift(5_000).model_copy(update={"source": "/partners/other-bank"}))
    assert audit.fund().received_fen == 10_000


@pytest.mark.parametrize("fund", ["UNKNOWN", "a:b", "x" * 190])
def test_a_gift_to_an_unknown_fund_is_refused_and_stays_refused(fund: str) -> None:
    audit = open_audit()
    audit.hear(gift(5_000, fund=fund))
    told = audit.said[-1][1]
    assert isinstance(told, LedgerRefused)
    assert told.reason == "unknown_fund"
    if len(fund) < 60 and ":" not in fund:
        audit.do(ProposeFund(fund_id=fund, name="迟到的基金"))
        audit.do(ApproveFund(fund_id=fund), "checker")
    assert audit.hear(gift(5_000, fund=fund)) == NOTHING


def test_a_fund_that_is_only_proposed_takes_no_money() -> None:
    audit = open_audit()
    audit.do(ProposeFund(fund_id="SOON", name="将来的基金"))
    audit.hear(gift(5_000, fund="SOON"))
    assert isinstance(audit.said[-1][1], LedgerRefused)
    assert audit.fund("SOON").received_fen == 0


@pytest.mark.parametrize(
    "received_at",
    [datetime(2026, 1, 1), datetime(1, 1, 1, tzinfo=UTC)],  # noqa: DTZ001
)
def test_a_gift_received_at_no_clear_time_is_invalid(received_at: datetime) -> None:
    wrong = gift(5_000)
    data = wrong.data.model_copy(update={"received_at": received_at})
    with pytest.raises(Invalid):
        open_audit().hear(wrong.model_copy(update={"data": data}))


def test_a_gift_whose_id_is_too_long_for_an_entry_is_invalid() -> None:
    with pytest.raises(Invalid):
        open_audit().hear(gift(5_000, "x" * 201))


def test_more_than_the_ledger_can_count_is_invalid() -> None:
    audit = open_audit()
    audit.hear(gift(2**53 - 1))
    with pytest.raises(Invalid):
        audit.hear(gift(1, "gift-2"))


def test_an_accepted_match_reserves_its_money() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(accepted("M-1", 3_000))
    assert isinstance(audit.said[-1][1], LedgerCommitted)
    assert audit.said[-1][0] == "M-1"
    assert audit.fund().remaining_fen == 2_000
    assert audit.commitment("M-1").outstanding_fen == 3_000


def test_a_commitment_beyond_the_fund_is_refused_and_says_so() -> None:
    audit = open_audit()
    audit.hear(gift(2_999))
    audit.hear(accepted("M-1", 3_000))
    told = audit.said[-1][1]
    assert isinstance(told, LedgerRefused)
    assert (told.reason, told.available_fen) == ("insufficient_funds", 2_999)
    assert audit.kinds()[-1] == "refusal"
    assert audit.fund().committed_fen == 0


def test_a_refused_match_stays_refused_when_money_comes() -> None:
    audit = open_audit()
    audit.hear(accepted("M-1", 3_000))
    audit.hear(gift(5_000))
    assert audit.hear(accepted("M-1", 3_000)) == NOTHING


def test_a_match_on_an_unknown_fund_is_refused() -> None:
    audit = open_audit()
    audit.hear(accepted("M-1", 3_000, fund=None))
    told = audit.said[-1][1]
    assert isinstance(told, LedgerRefused)
    assert (told.reason, told.fund_id) == ("unknown_fund", "general")


def test_goods_leave_no_entry_and_touch_nothing() -> None:
    audit = open_audit()
    for fact in (accepted, confirmed, released):
        assert audit.hear(fact("M-1", 3, unit="份")) == NOTHING


def test_a_confirmed_match_is_paid_once() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(accepted("M-1", 3_000))
    audit.hear(confirmed("M-1", 3_000))
    assert isinstance(audit.said[-1][1], LedgerDisbursed)
    assert audit.hear(confirmed("M-1", 3_000)) == NOTHING
    assert audit.hear(released("M-1", 3_000)) == NOTHING
    assert (audit.fund().disbursed_fen, audit.fund().outstanding_fen) == (3_000, 0)


def test_a_released_match_gives_its_money_back_once() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(accepted("M-1", 3_000))
    audit.hear(released("M-1", 3_000))
    assert isinstance(audit.said[-1][1], LedgerReleased)
    assert audit.hear(released("M-1", 3_000)) == NOTHING
    assert audit.fund().remaining_fen == 5_000


def test_a_release_without_commitment_is_nothing() -> None:
    audit = open_audit()
    assert audit.hear(released("M-1", 3_000)) == NOTHING
    audit.hear(accepted("M-1", 3_000))
    assert audit.hear(released("M-1", 3_000)) == NOTHING


def test_nothing_is_paid_that_was_not_committed() -> None:
    audit = open_audit()
    audit.hear(gift(5_000))
    audit.hear(confirmed("M-1", 3_000))
    assert audit.entries()[-1]["kind"] == "refusal"
    subject, told = audit.said[-1]
    assert isinstance(told, LedgerRefused)
    assert (subject, told.reason) == ("M-1", "not_committed")
    assert audit.hear(confirmed("M-1", 3_000)) == NOTHING
    assert audit.fund().disbursed_fen == 0


def test_the_commitment_says_which_fund_pays() -> None:
    audit = open_audit(FUND, "OTHER")
    audit.hear(gift(5_000))
    audit.hear(accepted("M-1", 3_000))
    audit.hear(confirmed("M-1", 3_000, fund="OTHER"))
    assert audit.fund().disbursed_fen == 3_000
    assert audit.fund("OTHER").disbursed_fen == 0


def test_a_fund_needs_a_second_person() -> None:
    audit = open_audit()
    audit.do(ProposeFund(fund_id="NEW", name="裕杨奖励自强残疾人基金", restricted=True), "ann")
    refused = audit.do(ApproveFund(fund_id="NEW"), "ann").answer
    assert refused is not None
    assert refused.status == 409
    opened = audit.do(ApproveFund(fund_id="NEW"), "bo").answer
    assert opened is not None
    assert (opened.status, opened.body["state"]) == (200, "open")
    assert audit.books().funds["NEW"].restricted


def test_a_declined_fund_may_be_proposed_again() -> None:
    audit = open_audit()
    audit.do(ProposeFund(fund_id="NEW", name="写错了"), "ann")
    audit.do(DeclineFund(fund_id="NEW"), "bo")
    again = audit.do(ProposeFund(fund_id="NEW", name="写对了"), "ann").answer
    assert again is not None
    assert again.status == 202
    assert audit.fund("NEW").checker == ""


@pytest.mark.parametrize("command", [ApproveFund, DeclineFund])
def test_only_a_proposed_fund_can_be_decided_on(
    command: type[ApproveFund] | type[DeclineFund],
) -> None:
    audit = open_audit()
    unknown = audit.do(command(fund_id="NONE"), "bo").answer
    decided = audit.do(command(fund_id=FUND), "bo").answer
    assert unknown is not None
    assert decided is not None
    assert (unknown.status, decided.status) == (404, 409)


def test_an_open_fund_cannot_be_proposed_again() -> None:
    answer = open_audit().do(ProposeFund(fund_id=FUND, name="又一个")).answer
    assert answer is not None
    assert answer.status == 409


def test_recorded_time_never_decreases_when_the_clock_does() -> None:
    audit = open_audit()
    audit.hear(gift(1, "a"), now=NOW + timedelta(hours=1))
    audit.hear(gift(1, "b"), now=NOW)
    first, second = (entry["recorded_at"] for entry in audit.entries()[-2:])
    assert first == second


def test_no_entry_carries_what_a_bank_or_donor_wrote() -> None:
    audit = open_audit()
    audit.hear(gift(5_000, donor="P-somebody"))
    audit.hear(accepted("M-1", 3_000))
    log = b"".join(audit.leaves)
    for private in ("P-somebody", "ref-gift-1", match(1)["person_id"], match(1)["donor_id"]):
        assert private.encode() not in log
