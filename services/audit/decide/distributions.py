"""Goods of a fund for a match: handed over when the person has them, if the stock holds them."""

from datetime import datetime

from services.audit.decide.carrying import carried_fund, carried_stock
from services.audit.decide.matches import fact_of, foundation_of, fund_of
from services.audit.decide.refusing import Asked, No, outside
from services.audit.decide.writing import Leaf, Writer
from services.audit.ledger import entries
from services.audit.ledger.entries import Goods
from services.audit.model import Distribution, Fund, LogHead, Spending, Stock, stock_id
from services.audit.rules import Rules
from shared.contracts.envelope import Event
from shared.contracts.events import LedgerGoodsDistributed, MatchConfirmed
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States


def stock_of(event: Event[MatchConfirmed]) -> str:
    match = event.data
    return stock_id(fund_of(match), match.item, match.unit)


def touches(event: Event[MatchConfirmed]) -> tuple[AnyRef, ...]:
    fund, stock = Ref(Fund, fund_of(event.data)), Ref(Stock, stock_of(event))
    return Ref(Distribution, event.subject), fund, stock


def follow(rules: Rules, states: States, event: Event[MatchConfirmed]) -> tuple[AnyRef, ...]:
    fund = states.get(Fund, fund_of(event.data))
    return (Ref(LogHead, foundation_of(rules, fund)),)


def decide(rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime) -> Decision:
    if states.get(Distribution, event.subject) is not None:
        return NOTHING
    fund, stock = states.get(Fund, fund_of(event.data)), states.get(Stock, stock_of(event))
    writer = Writer.of(states, foundation_of(rules, fund), now)
    no = _why_not(fund, stock, event)
    if no is not None:
        return _refuse(writer, event, no)
    assert fund is not None
    assert stock is not None
    fund = carried_fund(writer, fund)
    return _hand_over(writer, event, fund, carried_stock(writer, stock, fund))


def _why_not(fund: Fund | None, stock: Stock | None, event: Event[MatchConfirmed]) -> No | None:
    if fund is None or not fund.is_open:
        return No("unknown_fund")
    there = stock.in_stock if stock else 0
    if outside(fund.terms, Spending.of(event.data)):
        return No("outside_terms", there)
    return No("insufficient_goods", there) if there < event.data.quantity else None


def _hand_over(writer: Writer, event: Event[MatchConfirmed], fund: Fund, stock: Stock) -> Decision:
    asked, purpose = _asked(event), Spending.of(event.data).said()
    leaf = writer.append(
        entries.goods_distributed(fact_of(event), fund.ref, _goods(event), purpose)
    )
    writer.keep(stock.plus(distributed=event.data.quantity))
    writer.tell(_kept(event, leaf), leaf.told(LedgerGoodsDistributed, **asked.said()))
    return writer.decision()


def _refuse(writer: Writer, event: Event[MatchConfirmed], no: No) -> Decision:
    asked = _asked(event)
    leaf = writer.append(entries.refusal(fact_of(event), asked.refused(no)))
    writer.tell(_kept(event, leaf, refused=True), asked.told_refused(leaf, no))
    return writer.decision()


def _kept(event: Event[MatchConfirmed], leaf: Leaf, *, refused: bool = False) -> Distribution:
    return Distribution(
        id=event.subject, fund_id=fund_of(event.data), refused=refused, **leaf.place
    )


def _asked(event: Event[MatchConfirmed]) -> Asked:
    match = event.data
    return Asked("goods_distributed", fund_of(match), _goods(event), event.time, match.donor_id)


def _goods(event: Event[MatchConfirmed]) -> Goods:
    match = event.data
    return Goods(match.item, match.unit, match.quantity)
