"""Gifts followed to what they paid for within a year, by examples worked out by hand."""

import pytest

from shared.contracts.ledger_fields import Purpose
from tests.audit.following import at, traced, two_funds, uses
from tests.audit.log_builder import FUND, GENERAL, LogBuilder


@pytest.fixture
def log() -> LogBuilder:
    return two_funds()


def test_first_gift_pays_first(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(100_00, donation="D-2")
    log.pay(at(log.promise("M-1", 150_00, purpose=Purpose(category="meals"))), 120_00)
    assert uses(traced("D-1", log)) == {("spent", "M-1"): 100_00}
    second = traced("D-2", log)
    assert uses(second) == {
        ("spent", "M-1"): 20_00,
        ("promised", "M-1"): 30_00,
        ("unspent", FUND): 50_00,
    }
    assert {part.purpose for part in second.parts if part.match} == {(("category", "meals"),)}


def test_released_money_is_first_again(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(100_00, donation="D-2")
    promised = at(log.promise("M-1", 150_00))
    log.release(promised, 150_00)
    log.pay(at(log.promise("M-2", 60_00)), 60_00)
    assert uses(traced("D-1", log)) == {("spent", "M-2"): 60_00, ("unspent", FUND): 40_00}


def test_transferred_money_is_last_at_the_taker(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(50_00, GENERAL, donation="D-2")
    moved = at(log.transfer(30_00))
    log.pay(at(log.promise("M-1", 60_00, GENERAL)), 60_00)
    first = traced("D-1", log)
    assert uses(first) == {
        ("spent", "M-1"): 10_00,
        ("unspent", FUND): 70_00,
        ("unspent", GENERAL): 20_00,
    }
    spent = next(part for part in first.parts if part.use == "spent")
    assert spent.via == ((log.origin, moved),)
    assert first.references[spent.via[0]] == "捐赠人同意书 7; [号]"


def test_what_was_set_aside_last_is_released_first(log: LogBuilder) -> None:
    log.give(60_00, donation="D-1")
    log.give(60_00, donation="D-2")
    promised = at(log.promise("M-1", 100_00))
    log.release(promised, 40_00)
    assert uses(traced("D-1", log)) == {("promised", "M-1"): 60_00}
    assert uses(traced("D-2", log)) == {("unspent", FUND): 60_00}


def test_fee_takes_the_first_money(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(100_00, donation="D-2")
    log.fee(20_00)
    assert uses(traced("D-1", log)) == {("fee", FUND): 20_00, ("unspent", FUND): 80_00}
    assert uses(traced("D-2", log)) == {("unspent", FUND): 100_00}


def test_refund_gives_back_the_gift_itself(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    second = at(log.give(100_00, donation="D-2"))
    log.refund(second, 40_00)
    assert uses(traced("D-1", log)) == {("unspent", FUND): 100_00}
    assert uses(traced("D-2", log)) == {("refunded", FUND): 40_00, ("unspent", FUND): 60_00}


def test_another_gift_takes_over_what_a_refunded_gift_had_paid(log: LogBuilder) -> None:
    first = at(log.give(100_00, donation="D-1"))
    log.give(100_00, donation="D-2")
    log.pay(at(log.promise("M-1", 100_00)), 70_00)
    log.refund(first, 90_00)
    assert uses(traced("D-1", log)) == {("refunded", FUND): 90_00, ("spent", "M-1"): 10_00}
    assert uses(traced("D-2", log)) == {
        ("spent", "M-1"): 60_00,
        ("promised", "M-1"): 30_00,
        ("unspent", FUND): 10_00,
    }


def test_reversed_payment_is_promised_again(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    paid = at(log.pay(at(log.promise("M-1", 60_00)), 50_00))
    log.reverse(paid)
    assert uses(traced("D-1", log)) == {("promised", "M-1"): 60_00, ("unspent", FUND): 40_00}


def test_reversed_transfer_brings_the_same_money_back(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(50_00, GENERAL, donation="D-2")
    moved = at(log.transfer(30_00))
    log.pay(at(log.promise("M-1", 60_00, GENERAL)), 60_00)
    log.give(50_00, GENERAL, donation="D-3")
    log.reverse(moved)
    back = traced("D-1", log)
    assert uses(back) == {("unspent", FUND): 100_00}
    assert all(not part.via for part in back.parts)
    assert uses(traced("D-3", log)) == {("spent", "M-1"): 10_00, ("unspent", GENERAL): 40_00}


def test_money_that_came_back_is_as_old_as_before(log: LogBuilder) -> None:
    log.give(100_00, donation="D-1")
    log.give(100_00, donation="D-2")
    log.reverse(at(log.transfer(30_00)))
    log.promise("M-1", 100_00)
    assert uses(traced("D-1", log)) == {("promised", "M-1"): 100_00}


def test_a_release_that_is_reversed_is_promised_again(log: LogBuilder) -> None:
    log.give(30_00, donation="D-1")
    log.give(30_00, donation="D-2")
    promised = at(log.promise("M-1", 60_00))
    log.reverse(at(log.release(promised, 60_00)))
    for donation in ("D-1", "D-2"):
        assert uses(traced(donation, log)) == {("promised", "M-1"): 30_00}


def test_what_was_never_there_is_not_unspent_when_it_is_released(log: LogBuilder) -> None:
    first = at(log.give(50_00, GENERAL, donation="D-1"))
    promised = at(log.promise("M-1", 50_00, GENERAL))
    assert log.reverse(first) is not None
    log.release(promised, 50_00)
    log.give(20_00, GENERAL, donation="D-2")
    assert uses(traced("D-2", log)) == {("unspent", GENERAL): 20_00}


def test_money_that_an_unrestricted_fund_never_had_is_covered_by_what_comes_next(
    log: LogBuilder,
) -> None:
    first = at(log.give(50_00, GENERAL, donation="D-1"))
    log.pay(at(log.promise("M-1", 40_00, GENERAL)), 40_00)
    assert log.reverse(first) is not None
    assert uses(traced("D-1", log)) == {("reversed", GENERAL): 50_00}
    log.give(100_00, GENERAL, donation="D-2")
    assert uses(traced("D-2", log)) == {("spent", "M-1"): 40_00, ("unspent", GENERAL): 60_00}


def test_goods_are_followed_in_their_units(log: LogBuilder) -> None:
    log.store(10)
    log.store(10)
    log.hand_out("M-1", 12)
    first = traced("G-2026-2", log)
    assert uses(first) == {("spent", "M-1"): 10}
    assert first.parts[0].unit.item == "大米 5kg"
    assert uses(traced("G-2026-3", log)) == {("spent", "M-1"): 2, ("unspent", FUND): 8}
