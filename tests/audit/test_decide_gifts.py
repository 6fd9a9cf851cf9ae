"""Gifts of money: one entry each, whoever repeats them, whatever statement lists them."""

from datetime import timedelta, timezone

import pytest

from services.audit.model import GIFT_FEN_MAX, ApproveFund, Donation, ProposeFund
from shared.contracts.events import LedgerReceived, LedgerRefused
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.decisions import (
    ORIGIN,
    OTHER_FOUNDATION,
    SECRETS,
    last_reason,
    open_audit,
    open_fund,
)
from tests.audit.facts import NOW, acceptance, fee, gift, goods, match, payment


def test_a_gift_becomes_an_entry_and_is_told() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    assert audit.kinds() == ["fund_opened", "donation_received"]
    assert audit.fund().received_fen == 5_000
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerReceived)
    assert subject.startswith("D-")
    assert (event.log, event.index, event.amount_fen) == (ORIGIN, 1, 5_000)


def test_the_same_gift_twice_is_one_entry() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    assert audit.receive(gift(5_000)) == NOTHING
    assert audit.fund().received_fen == 5_000


def test_a_payers_phone_stands_neither_in_the_ledger_nor_beside_the_gift() -> None:
    """Some tills write it where a reference belongs, and some send it as the message's id."""
    phone = "13800138000"
    event = gift(5_000, phone)
    event = event.model_copy(
        update={"data": event.data.model_copy(update={"bank_reference": phone})}
    )
    audit = open_audit()
    audit.receive(event)
    assert audit.receive(event) == NOTHING, "the same gift is still known"
    (donation,) = (state for state in audit.states.values() if isinstance(state, Donation))
    assert donation.reference == SECRETS.hide_reference(phone) != phone
    assert phone not in repr([audit.leaves, audit.events, donation])
    other = gift(5_000, "13900139000")
    audit.receive(other)
    assert audit.fund().received_fen == 10_000


def test_a_time_zone_spelled_otherwise_is_the_same_gift() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    again = gift(5_000)
    china = again.data.received_at.astimezone(timezone(timedelta(hours=8)))
    same = again.data.model_copy(update={"received_at": china})
    assert audit.receive(again.model_copy(update={"data": same})) == NOTHING


def test_a_used_id_with_other_content_is_refused_and_logged_once() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(gift(9_000))
    assert audit.receive(gift(9_000)) == NOTHING
    assert audit.receive(gift(5_000)) == NOTHING
    assert audit.kinds() == ["fund_opened", "donation_received", "refusal"]
    named = {"id": f"id_reused:2:{audit.events[-1][0]}", "source": "/audit"}
    assert audit.entries()[-1]["event"] == named
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert (event.reason, event.amount_fen) == ("id_reused", 9_000)
    assert audit.fund().received_fen == 5_000


def test_no_id_of_a_bank_is_taken_by_the_refusal_of_another() -> None:
    audit = open_audit()
    for fact in (gift(5_000), gift(9_000), gift(100, "gift-1#2"), gift(1, "id_reused:2:gift-1")):
        audit.receive(fact)
    events = [(entry["event"]["source"], entry["event"]["id"]) for entry in audit.entries()]
    assert len(events) == len(set(events)) == 5


def test_the_same_id_from_another_bank_is_another_gift() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    audit.receive(gift(5_000).model_copy(update={"source": "/partners/other-bank"}))
    assert audit.fund().received_fen == 10_000


@pytest.mark.parametrize("fund", ["UNKNOWN", "a:b", "x" * 190])
def test_a_gift_to_an_unknown_fund_is_refused_and_stays_refused(fund: str) -> None:
    audit = open_audit()
    audit.receive(gift(5_000, fund=fund))
    event = audit.events[-1][1]
    assert isinstance(event, LedgerRefused)
    assert event.reason == "unknown_fund"
    if len(fund) < 60 and ":" not in fund:
        audit.execute(ProposeFund(fund_id=fund, name="迟到的基金"))
        audit.execute(ApproveFund(fund_id=fund), "checker")
    assert audit.receive(gift(5_000, fund=fund)) == NOTHING


def test_a_fund_that_is_only_proposed_takes_no_money() -> None:
    audit = open_audit()
    audit.execute(ProposeFund(fund_id="SOON", name="将来的基金"))
    audit.receive(gift(5_000, fund="SOON"))
    assert audit.donation().waiting
    assert audit.kinds() == ["fund_opened"]
    assert audit.fund("SOON").received_fen == 0


def test_a_gift_whose_id_is_too_long_for_an_entry_is_invalid() -> None:
    with pytest.raises(Invalid):
        open_audit().receive(gift(5_000, "x" * 201))


def test_more_than_the_ledger_can_count_is_invalid() -> None:
    audit = open_audit()
    for number in range(2**53 // GIFT_FEN_MAX):
        audit.receive(gift(GIFT_FEN_MAX, f"gift-{number}"))
    with pytest.raises(Invalid):
        audit.receive(gift(GIFT_FEN_MAX, "one-more"))


def test_one_gift_leaves_a_fund_able_to_take_others() -> None:
    audit = open_audit()
    with pytest.raises(Invalid, match="check the unit"):
        audit.receive(gift(2**53 - 1))
    audit.receive(gift(GIFT_FEN_MAX, "gift-2"))
    audit.receive(gift(1, "gift-3"))
    assert audit.fund().received_fen == GIFT_FEN_MAX + 1


@pytest.mark.parametrize("year", [1900, 1999, 2099])
def test_a_slip_of_the_year_is_invalid_and_may_be_sent_again_corrected(year: int) -> None:
    audit = open_audit()
    slip = gift(100)
    fact = slip.data.model_copy(update={"received_at": NOW.replace(year=year)})
    with pytest.raises(Invalid, match="before the year 2000 or after today"):
        audit.receive(slip.model_copy(update={"data": fact}))
    audit.receive(slip)
    assert audit.fund().received_fen == 100


def test_recorded_time_never_decreases_when_the_clock_does() -> None:
    audit = open_audit()
    audit.receive(gift(1, "a"), now=NOW + timedelta(hours=1))
    audit.receive(gift(1, "b"), now=NOW)
    first, second = (entry["recorded_at"] for entry in audit.entries()[-2:])
    assert first == second


def test_no_entry_carries_what_a_bank_or_donor_wrote() -> None:
    audit = open_audit()
    audit.receive(gift(5_000, donor="P-somebody"))
    audit.receive(acceptance("M-1", 3_000))
    log = b"".join(audit.leaves)
    for private in ("P-somebody", "ref-gift-1", match(1)["person_id"], match(1)["donor_id"]):
        assert private.encode() not in log


def test_another_statement_that_lists_a_gift_is_kept_and_enters_nothing() -> None:
    audit = open_audit()
    for listed in (("bank-01", 7), ("bank-02", 1), ("bank-01", 7)):
        audit.receive(gift(5_000, listed=listed))
    assert [(row.statement, row.row) for row in audit.donation().statements] == [
        ("bank-01", 7),
        ("bank-02", 1),
    ]
    assert audit.kinds() == ["fund_opened", "donation_received"]


def test_statements_of_a_refused_gift_are_kept_too() -> None:
    audit = open_audit()
    audit.receive(gift(5_000, fund="UNKNOWN", listed=("bank-01", 1)))
    audit.receive(gift(5_000, fund="UNKNOWN", listed=("bank-02", 9)))
    assert len(audit.donation().statements) == 2
    assert audit.donation().refused


def test_what_a_giver_wrote_is_kept_sealed_and_nowhere_else() -> None:
    audit = open_audit()
    wrote = "给石龙镇陈零一家, 电话 16100000001"
    audit.receive(gift(5_000, designation=wrote))
    assert SECRETS.open_designation(audit.donation()) == wrote
    assert wrote.encode() not in repr(audit).encode() + b"".join(audit.leaves)


def test_a_statement_that_says_more_of_a_gift_is_the_same_gift() -> None:
    audit = open_audit()
    audit.receive(gift(5_000, listed=("bank-01", 1)))
    audit.receive(gift(5_000, listed=("bank-02", 1), designation="助学"))
    audit.receive(gift(5_000, listed=("bank-03", 1), designation="助学金"))
    assert SECRETS.open_designation(audit.donation()) == "助学"
    assert len(audit.donation().statements) == 3
    assert audit.kinds() == ["fund_opened", "donation_received"]


def test_a_gift_of_no_words_has_none() -> None:
    audit = open_audit()
    audit.receive(gift(5_000))
    assert SECRETS.open_designation(audit.donation()) == ""


def test_one_id_of_a_bank_is_one_fact_of_whatever_kind() -> None:
    audit = open_audit()
    audit.receive(gift(5_000, "id-1"))
    audit.receive(acceptance("M-1", 3_000))
    for other in (goods(5, "id-1"), payment("M-1", 3_000, "id-1"), fee(1, "id-1")):
        audit.receive(other)
        assert last_reason(audit) == "id_reused"
        assert audit.receive(other) == NOTHING
    ids = [entry["event"]["id"].split(":")[:2] for entry in audit.entries()[-3:]]
    assert ids == [["id_reused", "2"], ["id_reused", "3"], ["id_reused", "4"]]
    assert audit.commitment("M-1").disbursed_fen == 0
    assert list(audit.all(Donation)) == [audit.donation().id]
    audit.books()


def test_a_gift_is_entered_in_the_log_of_its_funds_foundation() -> None:
    audit = open_audit()
    open_fund(audit, "TEA", foundation=OTHER_FOUNDATION)
    audit.receive(gift(5_000, fund="TEA"))
    audit.receive(gift(70, "gift-2"))
    assert audit.kinds("guanjia.test/log/chashan/2026") == ["fund_opened", "donation_received"]
    assert audit.kinds(ORIGIN) == ["fund_opened", "donation_received"]
