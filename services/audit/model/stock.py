"""Goods of a fund: how much of one item lies in store, and what was handed over of it."""

from typing import ClassVar

from pydantic import computed_field

from services.audit.ledger.entries import Goods
from shared.contracts.ledger import INTEGER_MAX
from shared.ids import derived_id
from shared.messaging.decision import State


class Stock(State):
    """One item of one fund in one unit; the counters are those of the ledger year `log`."""

    COLLECTION: ClassVar[str] = "stocks"

    fund_id: str
    foundation: str
    item: str
    unit: str
    log: str
    brought_forward: int = 0
    received: int = 0
    distributed: int = 0

    @computed_field  # type: ignore[prop-decorator]  # stored, so that a job finds what is left
    @property
    def in_stock(self) -> int:
        return self.brought_forward + self.received - self.distributed

    @property
    def left(self) -> Goods:
        return Goods(self.item, self.unit, self.in_stock)

    def plus(self, **quantity: int) -> "Stock":
        moved = self.model_copy(update={k: getattr(self, k) + v for k, v in quantity.items()})
        assert moved.in_stock >= 0, "more was handed over than was there"
        return moved

    def can_count(self, quantity: int) -> bool:
        return self.brought_forward + self.received + quantity <= INTEGER_MAX

    def carried_into(self, log: str) -> "Stock":
        anew = {"log": log, "brought_forward": self.in_stock, "received": 0, "distributed": 0}
        return self.model_copy(update=anew)


class Distribution(State):
    """Goods for one match, whose id it bears: handed over from a stock, or refused. Once."""

    COLLECTION: ClassVar[str] = "distributions"

    fund_id: str
    log: str
    entry: int
    refused: bool


def stock_id(fund_id: str, item: str, unit: str) -> str:
    return derived_id("S", fund_id, item, unit)
