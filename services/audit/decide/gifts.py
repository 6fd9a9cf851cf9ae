"""Gifts arrive, money at the bank or goods at the store: entered, or refused without a fund."""

from abc import abstractmethod
from typing import Any, TypeVar

from services.audit.decide.bank import BankCase
from services.audit.decide.carrying import carried_fund, carried_stock
from services.audit.decide.refusing import Asked, No
from services.audit.decide.writing import Leaf, Writer
from services.audit.ledger import entries
from services.audit.ledger.entries import Goods
from services.audit.model import Donation, Fund, Stock, donation_id, stock_id
from shared.contracts.envelope import Event
from shared.contracts.events import (
    DonationReceived,
    GoodsReceived,
    LedgerGoodsReceived,
    LedgerReceived,
)
from shared.contracts.values import MONEY_UNIT
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States

G = TypeVar("G", DonationReceived, GoodsReceived)


class GiftCase(BankCase[G]):
    """Either way the gift is known from then on, and tells of itself."""

    @staticmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        return Ref(Donation, donation_id(event)), Ref(Fund, event.data.fact.fund_id)

    @staticmethod
    def about(states: States, event: Event[Any]) -> Fund | None:
        return states.get(Fund, event.data.fact.fund_id)

    def enter(self, writer: Writer) -> None:
        fund = self.fund
        if fund is not None and fund.is_open:
            self.receive(writer, carried_fund(writer, fund))
            return
        leaf, told = self.refused(writer, No("unknown_fund"), donation_id(self.event))
        writer.tell(self.donation(leaf, refused=True), told)

    @abstractmethod
    def receive(self, writer: Writer, fund: Fund) -> None:
        """Into an open fund, in the year that is written."""

    @abstractmethod
    def given(self) -> dict[str, Any]:
        """What only this kind of gift has."""

    def donation(self, leaf: Leaf, *, refused: bool = False) -> Donation:
        fact = self.fact
        return Donation(
            id=donation_id(self.event),
            donor_id=fact.donor_id,
            fund_id=fact.fund_id,
            foundation=self.foundation,
            received_at=fact.received_at,
            refused=refused,
            **leaf.place,
            **self.given(),
        )


class MoneyGift(GiftCase[DonationReceived]):
    def asked(self) -> Asked:
        fact = self.fact
        return Asked(
            "donation_received", fact.fund_id, fact.amount_fen, fact.received_at, fact.donor_id
        )

    def given(self) -> dict[str, Any]:
        fact = self.fact
        return {
            "amount_fen": fact.amount_fen,
            "reference": fact.bank_reference,
            "statements": (fact.statement,) if fact.statement else (),
            "designation": self.event.data.designation,
        }

    def receive(self, writer: Writer, fund: Fund) -> None:
        amount = self.fact.amount_fen
        if not fund.can_count(amount):
            raise _too_much("amount_fen")
        fact = self.recorded(donation_id(self.event))
        leaf = writer.append(entries.donation_received(fact, fund.ref, amount))
        writer.keep(fund.plus(received_fen=amount))
        writer.tell(self.donation(leaf), leaf.told(LedgerReceived, **self.asked().said()))

    def repeated(self) -> Decision:
        """Another statement lists it too: that is kept, and nothing is entered.

        So is what the giver wrote, where no statement said it before.
        """
        known = self.states.get(Donation, donation_id(self.event))
        listed = self.fact.statement
        if known is None or listed is None or listed in known.statements:
            return NOTHING
        wrote = known.designation or self.event.data.designation
        changed = {"statements": (*known.statements, listed), "designation": wrote}
        return Decision((known.model_copy(update=changed),))


class GoodsGift(GiftCase[GoodsReceived]):
    @staticmethod
    def touches(event: Event[Any]) -> tuple[AnyRef, ...]:
        return *GiftCase.touches(event), Ref(Stock, _stock_id(event.data.fact))

    def enter(self, writer: Writer) -> None:
        if self.fact.unit == MONEY_UNIT:
            zh, en = "金额不能按物资入账", "money is not received as goods"
            raise Invalid.of("money_as_goods", zh, en, "data.unit")
        super().enter(writer)

    @property
    def goods(self) -> Goods:
        return Goods(self.fact.item, self.fact.unit, self.fact.quantity)

    def asked(self) -> Asked:
        fact = self.fact
        return Asked("goods_received", fact.fund_id, self.goods, fact.received_at, fact.donor_id)

    def given(self) -> dict[str, Any]:
        fact = self.fact
        goods = {"item": fact.item, "unit": fact.unit, "quantity": fact.quantity}
        return goods | {"reference": fact.reference}

    def receive(self, writer: Writer, fund: Fund) -> None:
        stock = self._stock(writer, fund)
        if not stock.can_count(self.fact.quantity):
            raise _too_much("quantity")
        fact = self.recorded(donation_id(self.event))
        leaf = writer.append(entries.goods_received(fact, fund.ref, self.goods))
        writer.keep(stock.plus(received=self.fact.quantity))
        writer.tell(self.donation(leaf), leaf.told(LedgerGoodsReceived, **self.asked().said()))

    def _stock(self, writer: Writer, fund: Fund) -> Stock:
        known = self.states.get(Stock, _stock_id(self.fact))
        if known is not None:
            return carried_stock(writer, known, fund)
        return Stock(
            id=_stock_id(self.fact),
            fund_id=fund.id,
            foundation=fund.foundation,
            item=self.fact.item,
            unit=self.fact.unit,
            log=writer.head.origin,
        )


def _stock_id(fact: GoodsReceived) -> str:
    return stock_id(fact.fund_id, fact.item, fact.unit)


def _too_much(field: str) -> Invalid:
    return Invalid.of(
        "amount_too_large",
        "数额超出账本可表示的范围",
        "more than the ledger can count",
        f"data.{field}",
    )
