"""A new ledger year: its own log, what is left carried into it, and the old log never touched."""

from datetime import timedelta

import pytest

from services.audit.ledger.canonical import parse_entry
from services.audit.model import (
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CloseYear,
    Donation,
    FinishBringingForward,
    LogHead,
    ProposeFund,
    ProposeReversal,
    derive_stock_id,
)
from services.audit.tlog.merkle import EMPTY_ROOT
from shared.contracts.events import LedgerCarried
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.decisions import (
    FOUNDATION,
    NEXT_ORIGIN,
    NEXT_YEAR,
    ORIGIN,
    OTHER_FOUNDATION,
    MemoryAudit,
    last_reason,
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

JUST_BEFORE = NEXT_YEAR - timedelta(microseconds=1)


def busy_year() -> MemoryAudit:
    """10,000 received; 1,000 paid; 3,000 of M-1 promised, 500 of it paid; 20 of 30 quilts left."""
    audit = open_audit()
    audit.receive(gift(10_000))
    audit.receive(acceptance("M-0", 1_000))
    audit.receive(confirmation("M-0", 1_000))
    audit.receive(acceptance("M-1", 3_000))
    audit.receive(payment("M-1", 500))
    audit.receive(goods(30))
    audit.receive(confirmation("M-2", 10, **GOODS))
    return audit


def carry_all(audit: MemoryAudit) -> None:
    audit.execute(BringFundForward(fund_id=FUND), now=NEXT_YEAR)
    for id_ in audit.commitments():
        audit.execute(BringCommitmentForward(match_id=id_), now=NEXT_YEAR)
    audit.execute(BringStockForward(stock_id=derive_stock_id(FUND, **GOODS)), now=NEXT_YEAR)


def test_the_year_ends_at_midnight_in_china() -> None:
    audit = open_audit()
    audit.receive(gift(1, "a"), JUST_BEFORE)
    audit.receive(gift(2, "b"), NEXT_YEAR)
    assert audit.kinds(ORIGIN) == ["fund_opened", "donation_received"]
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "donation_received"]


def test_the_first_entry_of_a_year_closes_the_one_before() -> None:
    audit = busy_year()
    audit.receive(gift(5, "new"), NEXT_YEAR)
    (closed,) = audit.head.closed
    assert (closed.origin, closed.size) == (ORIGIN, len(audit.entries(ORIGIN)))
    assert closed.root == audit.root(ORIGIN)
    assert (audit.head.origin, audit.head.size) == (NEXT_ORIGIN, 2)
    assert audit.head.tree.compute_root() == audit.root(NEXT_ORIGIN)


def test_a_year_is_closed_when_nothing_arrives() -> None:
    audit = busy_year()
    assert audit.execute(CloseYear(foundation=FOUNDATION), now=JUST_BEFORE) == NOTHING
    audit.execute(CloseYear(foundation=FOUNDATION), now=NEXT_YEAR)
    assert (audit.head.origin, audit.head.size) == (NEXT_ORIGIN, 0)
    assert audit.execute(CloseYear(foundation=FOUNDATION), now=NEXT_YEAR) == NOTHING
    assert audit.execute(CloseYear(foundation="nobody"), now=NEXT_YEAR) == NOTHING


def test_a_foundation_without_entries_closes_an_empty_year() -> None:
    audit = open_audit()
    audit.execute(CloseYear(foundation=OTHER_FOUNDATION), now=NEXT_YEAR)
    (closed,) = audit.get(LogHead, OTHER_FOUNDATION).closed
    assert (closed.size, closed.root) == (0, EMPTY_ROOT)


def test_a_clock_that_goes_back_over_midnight_reopens_no_year() -> None:
    audit = open_audit()
    audit.receive(gift(1, "a"), NEXT_YEAR)
    audit.receive(gift(2, "b"), JUST_BEFORE)
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "donation_received", "donation_received"]
    first, second = (entry["recorded_at"] for entry in audit.entries(NEXT_ORIGIN)[-2:])
    assert first == second


def test_a_fund_goes_on_with_what_it_has_and_what_of_it_is_promised() -> None:
    audit = busy_year()
    audit.execute(BringFundForward(fund_id=FUND), now=NEXT_YEAR)
    fund = audit.fund()
    assert fund.log == NEXT_ORIGIN
    assert (fund.brought_forward_fen, fund.received_fen) == (8_500, 0)
    assert (fund.committed_fen, fund.disbursed_fen, fund.released_fen) == (2_500, 0, 0)
    assert (fund.outstanding_fen, fund.remaining_fen) == (2_500, 6_000)
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerCarried)
    assert (subject, event.index) == (FUND, 0)
    entry = audit.entries(NEXT_ORIGIN)[0]
    assert entry["kind"] == "fund_carried"
    assert entry["previous"]["log"] == ORIGIN
    assert entry["effective_at"] == "2026-12-31T16:00:00.000000Z"


def test_what_is_carried_is_carried_once() -> None:
    audit = busy_year()
    carry_all(audit)
    size = audit.head.size
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "commitment_carried", "goods_carried"]
    carry_all(audit)
    assert audit.head.size == size


def test_nothing_is_carried_within_a_year_nor_what_is_not_there() -> None:
    audit = busy_year()
    audit.execute(ProposeFund(fund_id="SOON", name="将来的基金"))
    for command in (
        BringFundForward(fund_id=FUND),
        BringCommitmentForward(match_id="M-1"),
        BringStockForward(stock_id=derive_stock_id(FUND, **GOODS)),
    ):
        assert audit.execute(command) == NOTHING
    for command in (
        BringFundForward(fund_id="SOON"),
        BringFundForward(fund_id="NONE"),
        BringCommitmentForward(match_id="NONE"),
        BringStockForward(stock_id="NONE"),
    ):
        assert audit.execute(command, now=NEXT_YEAR) == NOTHING


def test_what_was_carried_cannot_be_undone() -> None:
    audit = busy_year()
    carry_all(audit)
    carried = [leaf for leaf in audit.leaves if parse_entry(leaf)["log"] == NEXT_ORIGIN]
    for index, leaf in enumerate(carried):
        place = {"log": NEXT_ORIGIN, "index": index, "leaf": leaf.decode()}
        with pytest.raises(Invalid):
            audit.execute(ProposeReversal(**place, reference="minute 7"), now=NEXT_YEAR)
    assert len(carried) == 3


def test_what_is_settled_or_empty_stays_in_its_year() -> None:
    audit = busy_year()
    audit.receive(confirmation("M-3", 20, **GOODS))
    carry_all(audit)
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "commitment_carried"]
    assert audit.commitment("M-0").log == ORIGIN


def test_a_promise_of_the_year_before_is_paid_or_released() -> None:
    audit = busy_year()
    audit.receive(payment("M-1", 1_000, "pay-2"), NEXT_YEAR)
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "commitment_carried", "disbursement"]
    commitment = audit.commitment("M-1")
    assert (commitment.log, commitment.entry) == (NEXT_ORIGIN, 1)
    assert (commitment.reserved_fen, commitment.disbursed_fen, commitment.outstanding_fen) == (
        2_500,
        1_000,
        1_500,
    )
    audit.receive(release("M-1", 3_000), NEXT_YEAR)
    assert audit.fund().released_fen == 1_500
    assert audit.fund().remaining_fen == 7_500
    same_as_the_log(audit)


def test_goods_of_the_year_before_are_handed_over() -> None:
    audit = busy_year()
    audit.receive(confirmation("M-3", 20, **GOODS), NEXT_YEAR)
    assert audit.kinds(NEXT_ORIGIN) == ["fund_carried", "goods_carried", "goods_distributed"]
    assert audit.stock().in_stock == 0
    same_as_the_log(audit)


def test_goods_are_received_beside_what_is_left_of_the_year_before() -> None:
    audit = busy_year()
    audit.receive(goods(5, "goods-2"), NEXT_YEAR)
    assert (audit.stock().brought_forward, audit.stock().received) == (20, 5)
    same_as_the_log(audit)


def test_fees_are_limited_by_the_gifts_of_their_own_year() -> None:
    audit = busy_year()
    audit.receive(fee(1), NEXT_YEAR)
    assert last_reason(audit) == "exceeds_fee_limit"
    audit.receive(gift(1_000, "new"), NEXT_YEAR)
    audit.receive(fee(100, "f-2"), NEXT_YEAR)
    assert audit.fund().fees_fen == 100
    same_as_the_log(audit)


def test_a_gift_of_the_year_before_is_given_back() -> None:
    audit = busy_year()
    donation = next(each for each in audit.all(Donation).values() if each.is_money)
    audit.receive(refund(donation.id, 6_000), NEXT_YEAR)
    entry = audit.entries(NEXT_ORIGIN)[-1]
    assert entry["kind"] == "refund"
    assert entry["gift"] == {"log": ORIGIN, "index": 1}
    assert audit.fund().remaining_fen == 0
    same_as_the_log(audit)


def test_a_repetition_across_years_is_still_one() -> None:
    audit = busy_year()
    assert audit.receive(gift(10_000), NEXT_YEAR) == NOTHING
    assert audit.receive(acceptance("M-0", 1_000), NEXT_YEAR) == NOTHING
    assert audit.receive(confirmation("M-0", 1_000), NEXT_YEAR) == NOTHING
    assert audit.receive(confirmation("M-2", 10, **GOODS), NEXT_YEAR) == NOTHING
    assert audit.head.origin == ORIGIN


def test_two_years_pass_with_nothing_between() -> None:
    audit = busy_year()
    later = NEXT_YEAR + timedelta(days=400)
    audit.receive(gift(1, "new"), later)
    assert audit.head.origin == "guanjia.test/log/2028"
    assert [closed.origin for closed in audit.head.closed] == [ORIGIN]


def test_no_later_year_begins_before_all_of_the_last_is_carried() -> None:
    """Stopped in the middle of carrying, for a year: a log would carry from two logs at once."""
    audit, later = busy_year(), NEXT_YEAR + timedelta(days=400)
    open_fund(audit, "LATE")
    audit.execute(BringFundForward(fund_id=FUND), now=NEXT_YEAR)
    audit.receive(gift(1, "new"), later)
    assert audit.execute(CloseYear(foundation=FOUNDATION), now=later) == NOTHING
    assert audit.head.origin == NEXT_ORIGIN
    carry_all(audit)
    audit.execute(BringFundForward(fund_id="LATE"), now=later)
    audit.execute(FinishBringingForward(foundation=FOUNDATION, log=NEXT_ORIGIN), now=later)
    audit.receive(gift(2, "newer"), later)
    audit.execute(BringFundForward(fund_id="LATE"), now=later)
    assert audit.head.origin == "guanjia.test/log/2028"
    carried = [e for e in audit.entries(audit.head.origin) if e["kind"] == "fund_carried"]
    assert [each["previous"]["log"] for each in carried] == [NEXT_ORIGIN, NEXT_ORIGIN]


def test_what_was_said_of_another_log_ends_no_carrying() -> None:
    audit = busy_year()
    assert audit.execute(FinishBringingForward(foundation=FOUNDATION, log=ORIGIN)) == NOTHING
    audit.execute(CloseYear(foundation=FOUNDATION), now=NEXT_YEAR)
    assert (
        audit.execute(FinishBringingForward(foundation=FOUNDATION, log=ORIGIN), now=NEXT_YEAR)
        == NOTHING
    )
    assert audit.head.carrying


def test_a_fund_opened_in_the_new_year_is_not_carried() -> None:
    audit = busy_year()
    open_fund(audit, "NEW", NEXT_YEAR)
    assert audit.kinds(NEXT_ORIGIN) == ["fund_opened"]


def same_as_the_log(audit: MemoryAudit) -> None:
    """The states, and the books rebuilt from this year's log alone."""
    carry_all(audit)
    books = audit.books(NEXT_ORIGIN)
    book, fund = books.funds[FUND], audit.fund()
    for name in ("brought_forward_fen", "received_fen", "fees_fen", "refunded_fen"):
        assert getattr(book, name) == getattr(fund, name), name
    for name in ("committed_fen", "disbursed_fen", "released_fen", "remaining_fen"):
        assert getattr(book, name) == getattr(fund, name), name
    outstanding = {
        c.entry: c.outstanding_fen for c in audit.commitments().values() if c.log == fund.log
    }
    assert {i: c.outstanding_fen for i, c in books.commitments.items()} == outstanding
    thing = books.goods.get((FUND, GOODS["item"], GOODS["unit"]))
    assert (thing.in_stock if thing else 0) == audit.stock().in_stock
