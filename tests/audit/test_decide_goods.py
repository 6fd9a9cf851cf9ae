"""Goods: received into a fund's stock, handed over to a match that names the fund."""

import pytest

from services.audit.model import FundTerms
from shared.contracts.events import (
    LedgerGoodsDistributed,
    LedgerGoodsReceived,
    LedgerGoodsRefused,
)
from shared.contracts.values import Category
from shared.errors import Invalid
from shared.messaging.decision import NOTHING
from tests.audit.decisions import MemoryAudit, last_reason, open_audit
from tests.audit.facts import FUND, GOODS, acceptance, confirmation, goods, release


def handed_over(
    audit: MemoryAudit, id_: str, quantity: int, fund: str | None = FUND, **more: str
) -> None:
    audit.receive(confirmation(id_, quantity, fund=fund, **{**GOODS, **more}))


def test_goods_that_no_fund_holds_leave_no_entry_and_touch_nothing() -> None:
    audit = open_audit()
    for fact in (acceptance, confirmation, release):
        assert audit.receive(fact("M-1", 3, fund=None, unit="份")) == NOTHING
    for fact in (acceptance, release):
        assert audit.receive(fact("M-1", 3, unit="份")) == NOTHING


def test_goods_received_are_in_stock_and_told() -> None:
    audit = open_audit()
    audit.receive(goods(30))
    assert audit.kinds() == ["fund_opened", "goods_received"]
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerGoodsReceived)
    assert subject == audit.donation().id
    assert (event.item, event.unit, event.quantity) == ("棉被", "床", 30)
    assert audit.stock().in_stock == 30
    assert audit.fund().received_fen == 0


@pytest.mark.parametrize("unit", ["fen", "元", "万元", "人民币", "yuan", "CNY"])
def test_money_is_not_received_as_goods(unit: str) -> None:
    audit = open_audit()
    for fund in (FUND, "UNKNOWN"):
        fact = goods(30, fund=fund)
        money = fact.data.model_copy(update={"unit": unit})
        with pytest.raises(Invalid, match="money is not received as goods"):
            audit.receive(fact.model_copy(update={"data": money}))
    assert audit.kinds() == ["fund_opened"]


def test_soap_comes_in_pieces_whose_word_is_also_a_yuans() -> None:
    audit = open_audit()
    fact = goods(30)
    soap = fact.data.model_copy(update={"item": "肥皂", "unit": "块"})
    audit.receive(fact.model_copy(update={"data": soap}))
    assert audit.kinds() == ["fund_opened", "goods_received"]


def test_the_same_goods_twice_are_one_entry() -> None:
    audit = open_audit()
    audit.receive(goods(30))
    assert audit.receive(goods(30)) == NOTHING
    audit.receive(goods(31))
    assert last_reason(audit) == "id_reused"
    assert audit.stock().in_stock == 30


def test_goods_for_an_unknown_fund_are_refused() -> None:
    audit = open_audit()
    audit.receive(goods(30, fund="UNKNOWN"))
    assert last_reason(audit) == "unknown_fund"
    assert audit.donation().refused
    refused = audit.entries()[-1]
    assert refused["kind"] == "refusal"
    assert refused["refused"]["quantity"] == 30
    assert "amount_fen" not in refused["refused"]


def test_goods_of_a_fund_are_handed_over_once() -> None:
    audit = open_audit()
    audit.receive(goods(30))
    handed_over(audit, "M-1", 12)
    subject, event = audit.events[-1]
    assert isinstance(event, LedgerGoodsDistributed)
    assert (subject, event.quantity, event.donor_id) == ("M-1", 12, "P-donor")
    handed_over(audit, "M-1", 12)
    assert audit.stock().in_stock == 18
    assert audit.books().goods[FUND, "棉被", "床"].in_stock == 18


def test_no_more_is_handed_over_than_is_in_stock() -> None:
    audit = open_audit()
    audit.receive(goods(30))
    handed_over(audit, "M-1", 31)
    event = audit.events[-1][1]
    assert isinstance(event, LedgerGoodsRefused)
    assert (event.reason, event.available) == ("insufficient_goods", 30)
    audit.receive(goods(30, "goods-2"))
    handed_over(audit, "M-1", 31)
    assert audit.stock().in_stock == 60, "what was refused stays refused"


@pytest.mark.parametrize("more", [{"item": "大米"}, {"unit": "件"}, {"item": ""}])
def test_goods_of_another_kind_or_unit_are_another_stock(more: dict[str, str]) -> None:
    audit = open_audit()
    audit.receive(goods(30))
    handed_over(audit, "M-1", 1, **more)
    assert last_reason(audit) == "insufficient_goods"


def test_goods_go_only_where_the_funds_terms_let_them() -> None:
    audit = open_audit(terms=FundTerms(categories=(Category.SUPPLIES,)))
    audit.receive(goods(30))
    handed_over(audit, "M-1", 1, category="meals")
    assert last_reason(audit) == "outside_terms"
    handed_over(audit, "M-2", 1, category="supplies")
    assert audit.stock().in_stock == 29
    audit.books()


def test_goods_of_an_unknown_fund_are_not_handed_over() -> None:
    audit = open_audit()
    handed_over(audit, "M-1", 1, fund="UNKNOWN")
    assert last_reason(audit) == "unknown_fund"


def test_more_goods_than_the_ledger_can_count_are_invalid() -> None:
    audit = open_audit()
    stock = goods(10**12)
    audit.receive(stock)
    full = audit.stock().model_copy(update={"received": 2**53 - 1})
    audit.states[next(ref for ref, s in audit.states.items() if s == audit.stock())] = full
    with pytest.raises(Invalid):
        audit.receive(goods(1, "goods-2"))
