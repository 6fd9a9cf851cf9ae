"""Each bookkeeping rule broken once, in a log that is otherwise right and signed as it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.audit.ledger import entries
from services.audit.ledger.balances import list_totals
from services.audit.ledger.books import Books
from services.audit.ledger.corrections import find_named
from services.audit.ledger.entries import Draft
from services.audit.ledger.verification import verify_log
from shared.contracts.ledger_fields import EntryRef, PreviousLog, Purpose
from tests.audit.ledgers import (
    CHASHAN,
    FROZEN,
    FUND,
    GENERAL,
    LAST_YEAR,
    MEALS,
    OLD,
    RICE,
    Writer,
    fund_ref,
    log_key,
    opening,
    publish_all,
)

VKEY = str(log_key().vkey)
Break = Callable[[Writer], int]
"""Adds what is wrong; returns the index of the entry to be named."""


def started() -> Writer:
    """Both funds open: 10,000 fen and 50 kg of rice in FUND, 500 fen in GENERAL; OLD is carried
    with 900 fen of which 300 are promised, and 50 kg."""
    writer = Writer()
    for fund in (FUND, GENERAL):
        writer.open(fund)
    writer.donate(10_000)  # 2
    writer.donate(500, GENERAL)
    writer.receive()
    writer.carry(900, 300)
    writer.carry_goods()
    return writer


def fund_draft(writer: Writer, **changed: object) -> Draft:
    return entries.draft_fund_opened(writer.fact("X"), opening("X"), "maker", "checker") | changed


def goods_legs(writer: Writer, **changed: object) -> Draft:
    draft = entries.draft_goods_received(writer.fact("d"), fund_ref(FUND), RICE)
    draft["legs"][0] |= changed
    return draft


def spent(category: str = "", town: str = "") -> Purpose:
    said = Purpose()
    if category:
        said["category"] = category
    if town:
        said["town"] = town
    return said


RULES: dict[str, tuple[int, Break]] = {
    "a fund is carried after it was opened": (7, lambda w: w.carry(1, fund=FUND)),
    "a fund is opened after it was carried": (7, lambda w: w.open(OLD)),
    "goods legs do not balance": (7, lambda w: w.add(goods_legs(w, quantity=51))),
    "goods change their item": (7, lambda w: w.add(goods_legs(w, item="flour"))),
    "goods change their unit": (7, lambda w: w.add(goods_legs(w, unit="bag"))),
    "goods on an account that was not opened": (
        7,
        lambda w: w.add(goods_legs(w, account="Assets:Shed")),
    ),
    "goods on an account of money": (7, lambda w: w.add(goods_legs(w, account="Assets:Bank"))),
    "goods in two funds": (8, lambda w: w.add(goods_legs(w, fund=GENERAL))),
    "goods are carried twice": (7, lambda w: w.carry_goods()),
    "goods are carried after they moved": (7, lambda w: carry_moved_goods(w)),
    "goods are carried into a fund of this year": (7, lambda w: w.carry_goods(fund=FUND)),
    "a promise is carried into an unknown fund": (
        7,
        lambda w: w.carry_commitment("m", 1, fund="NONE"),
    ),
    "a carried fund does not balance": (7, lambda w: w.add(unbalanced_carry(w))),
    "money is spent on another category": (
        8,
        lambda w: w.commit("m", 1, purpose=spent(category="medical", town=CHASHAN)),
    ),
    "money is spent in another town": (
        8,
        lambda w: w.commit("m", 1, purpose=spent(category="meals", town="441900104")),
    ),
    "money is spent on nothing in particular": (8, lambda w: w.commit("m", 1, purpose=spent())),
    "goods are given outside the terms": (
        8,
        lambda w: w.distribute("m", purpose=spent(category="medical", town=CHASHAN)),
    ),
    "a carried promise is outside the terms": (8, lambda w: carry_outside_terms(w)),
    "more is promised than there is": (8, lambda w: w.commit("m", 10_001)),
    "an open fund promises more than it has": (8, lambda w: w.commit("m", 501, GENERAL)),
    "more goods are given than there are": (8, lambda w: give_twice(w)),
    "a transfer takes more than there is": (8, lambda w: w.transfer(501, GENERAL, FUND)),
    "a fee beyond the limit": (8, lambda w: w.fee(1_001)),
    "fees together beyond the limit": (8, lambda w: w.fee(w.fee(1_000) and 1)),
    "a fee on money of an earlier year": (8, lambda w: w.fee(1, OLD)),
    "a fee of what was given back": (8, lambda w: w.fee(w.refund(9_000, 2) and 101)),
    "more is given back than was given": (8, lambda w: w.refund(10_001, 2)),
    "together more is given back than was given": (
        8,
        lambda w: w.refund(w.refund(6_000, 2) and 4_001, 2),
    ),
    "a refund of what is no gift": (8, lambda w: w.refund(1, 0)),
    "a refund of a later gift": (8, lambda w: w.refund(1, 99)),
    "a refund from another fund": (8, lambda w: w.refund(1, 2, GENERAL)),
    "a refund of a gift that was reversed": (8, lambda w: w.refund(w.reverse(2) and 1, 2)),
    "a refund of what was spent since": (8, lambda w: w.refund(w.commit("m", 9_999) and 2, 2)),
    "a refund of an earlier year's gift by a new fund": (
        8,
        lambda w: w.refund(1, 5, log=LAST_YEAR),
    ),
    "more is promised than carried": (8, lambda w: carry_overdrawn(w, 101, None)),
    "another shortfall is carried than there is": (8, lambda w: carry_overdrawn(w, 103, 2)),
    "a shortfall is carried where there is none": (8, lambda w: carry_overdrawn(w, 100, 1)),
    "a gift is reversed that was promised": (8, lambda w: w.reverse(w.commit("m", 10_000) and 2)),
    "goods are reversed that were given": (8, lambda w: w.reverse(w.distribute("m") and 4)),
    "more promises are carried than the fund carried": (9, lambda w: w.carry_commitment("m", 301)),
    "a promise is carried twice": (
        9,
        lambda w: w.carry_commitment("m", w.carry_commitment("m", 100)),
    ),
    "a carried promise is paid twice": (9, lambda w: pay_carried(w, 100, 201)),
    "a reversal of what was carried": (10, lambda w: w.reverse(5)),
    "a reversal of carried goods": (10, lambda w: w.reverse(6)),
    "a reversal of an opening": (10, lambda w: w.reverse(0)),
    "goods are reversed twice": (10, lambda w: w.reverse(w.reverse(4) and 4)),
    "a reversal of a gift that was refunded": (10, lambda w: w.reverse(w.refund(1, 2) and 2)),
    "carried from two different logs": (3, lambda w: carry_from(w, size=999)),
    "carried from itself": (3, lambda w: carry_from(w, log=w.head.origin)),
    "a promise of another log": (3, lambda w: promise_of(w, EntryRef(log="other", index=1))),
    "a promise beyond the frozen log": (
        3,
        lambda w: promise_of(w, EntryRef(log=LAST_YEAR, index=1_000)),
    ),
}


def carry_moved_goods(writer: Writer) -> int:
    flour = entries.Goods("flour", "kg", 1)
    writer.receive(flour, OLD)
    return writer.carry_goods(flour)


def unbalanced_carry(writer: Writer) -> Draft:
    draft = entries.draft_fund_carried(writer.fact("B"), opening("FUND-B"), FROZEN, 10, 5)
    draft["legs"][3]["amount_fen"] = 6
    return draft


def carry_overdrawn(writer: Writer, promised_fen: int, overdrawn_fen: int | None) -> int:
    """Of 100 fen; overdrawn_fen: as the entry says it."""
    fact = writer.fact("B")
    draft = entries.draft_fund_carried(fact, opening("FUND-B"), FROZEN, 100, promised_fen)
    draft.pop("overdrawn_fen", None)
    return writer.add(draft | ({"overdrawn_fen": overdrawn_fen} if overdrawn_fen else {}))


def carry_outside_terms(writer: Writer) -> int:
    fact = writer.fact("m")
    previous, purpose = EntryRef(log=LAST_YEAR, index=1), spent(category="medical", town=CHASHAN)
    return writer.add(entries.draft_commitment_carried(fact, fund_ref(OLD), 1, purpose, previous))


def give_twice(writer: Writer) -> int:
    writer.distribute("m")
    return writer.distribute("n", entries.Goods(RICE.item, RICE.unit, 1))


def pay_carried(writer: Writer, first: int, second: int) -> int:
    named = writer.carry_commitment("m", 300)
    writer.disburse("m", first, named, OLD)
    return writer.disburse("m", second, named, OLD)


def carry_from(writer: Writer, log: str = LAST_YEAR, size: int = FROZEN["size"]) -> int:
    fact, said = writer.fact("B"), PreviousLog(log=log, size=size, root=FROZEN["root"])
    return writer.add(entries.draft_fund_carried(fact, opening("FUND-B"), said, 10, 5))


def promise_of(writer: Writer, previous: EntryRef) -> int:
    fact = writer.fact("m")
    return writer.add(entries.draft_commitment_carried(fact, fund_ref(OLD), 1, MEALS, previous))


@pytest.mark.parametrize("rule", RULES, ids=[name.replace(" ", "-") for name in RULES])
def test_the_broken_rule_and_its_entry_are_named(tmp_path: Path, rule: str) -> None:
    invariant, break_it = RULES[rule]
    writer = started()
    index = break_it(writer)
    assert index == writer.head.size - 1
    publish_all(writer, tmp_path, step=1_000)
    report = verify_log(tmp_path, VKEY)
    assert report.broken is not None
    assert (report.broken.invariant, report.broken.index) == (invariant, index), report.broken
    assert report.entries == index


def test_the_log_they_begin_with_is_right(tmp_path: Path) -> None:
    writer = started()
    publish_all(writer, tmp_path)
    assert verify_log(tmp_path, VKEY).ok


def books_of(writer: Writer) -> Books:
    books = Books()
    for each in writer.sealed:
        named = find_named(each.entry)
        books.apply(each.entry, None if named is None else writer.sealed[named].entry)
    return books


def test_what_every_kind_does_to_a_fund() -> None:
    writer = started()
    named = writer.commit("m", 5_000)
    writer.disburse("m", 1_500, named)
    writer.disburse("m", 500, named)
    writer.release("m", 1_000, named)
    writer.fee(400)
    writer.refund(600, 2)
    writer.transfer(300, FUND, GENERAL)
    assert list_totals(books_of(writer).funds[FUND]) == {
        "brought_forward_fen": 0,
        "received_fen": 10_000,
        "transferred_fen": -300,
        "fees_fen": 400,
        "interest_fen": 0,
        "charges_fen": 0,
        "refunded_fen": 600,
        "committed_fen": 5_000,
        "disbursed_fen": 2_000,
        "released_fen": 1_000,
        "obligated_fen": 0,
        "paid_fen": 0,
        "returned_fen": 0,
        "payable_forward_fen": 0,
        "outstanding_fen": 2_000,
        "remaining_fen": 10_000 - 300 - 400 - 600 - 5_000 + 1_000,
        "payable_fen": 0,
        "spent_fen": 2_000,
    }


def test_a_carried_fund_goes_on_with_its_promises_and_goods() -> None:
    writer = started()
    named = writer.carry_commitment("m", 300)
    writer.disburse("m", 200, named, OLD)
    writer.release("m", 100, named, OLD)
    writer.commit("n", 700, OLD)
    writer.distribute("m", entries.Goods(RICE.item, RICE.unit, 20), OLD)
    books = books_of(writer)
    fund = books.funds[OLD]
    assert (fund.brought_forward_fen, fund.remaining_fen, fund.outstanding_fen) == (900, 0, 700)
    assert books.goods[OLD, RICE.item, RICE.unit].in_stock == 30


@pytest.mark.parametrize("undone", ["fee", "refund", "transfer", "disburse", "release", "give"])
def test_a_reversal_restores_every_balance(undone: str) -> None:
    writer = started()
    named = writer.commit("m", 5_000)
    before = books_of(writer).take_snapshot()
    index = {
        "fee": lambda: writer.fee(100),
        "refund": lambda: writer.refund(100, 2),
        "transfer": lambda: writer.transfer(100, FUND, GENERAL),
        "disburse": lambda: writer.disburse("m", 100, named),
        "release": lambda: writer.release("m", 100, named),
        "give": lambda: writer.distribute("m"),
    }[undone]()
    writer.reverse(index)
    after = books_of(writer).take_snapshot()
    for part in ("funds", "commitments", "goods"):
        assert after[part] == before[part]
    assert [net(each) for each in after["accounts"] if net(each)[2]] == [
        net(each) for each in before["accounts"]
    ]


def net(account: dict[str, object]) -> tuple[object, object, int]:
    debit, credit = account["debit_fen"], account["credit_fen"]
    assert isinstance(debit, int)
    assert isinstance(credit, int)
    return account["fund"], account["account"], debit - credit
