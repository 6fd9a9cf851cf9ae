"""Goods of a fund: how much of one item lies in store, and what was handed over of it."""

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field, computed_field

from services.audit.ledger.balances import GoodsArithmetic
from services.audit.ledger.entries import Goods
from services.audit.model.commands import Consent, Nothing
from services.audit.model.fund import NewFundId
from services.audit.model.proposal import Approval, ReferencedProposal, Sha256, VoucherNumber
from services.audit.model.states import CountedState, PlacedState
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.contracts.values import Identifier, Moment, ShortText, Value, Whole
from shared.ids import make_id


class Stock(GoodsArithmetic, CountedState):
    """One item of one fund in one unit; the counters are those of the ledger year `log`.

    last_count: the last that wrote something off.
    """

    COLLECTION: ClassVar[str] = "stocks"

    fund_id: str
    foundation: str
    item: str
    unit: str
    log: str
    brought_forward: int = 0
    received: int = 0
    distributed: int = 0
    written_off: int = 0
    last_count: str = ""

    @computed_field  # type: ignore[prop-decorator]  # stored, so that a job finds what remains
    @property
    def in_stock(self) -> int:
        return super().in_stock

    @property
    def is_sound(self) -> bool:
        return self.in_stock >= 0

    @property
    def goods(self) -> Goods:
        return Goods(self.item, self.unit, self.in_stock)

    def can_receive(self, quantity: int) -> bool:
        return self.brought_forward + self.received + quantity <= INTEGER_MAX

    def bring_forward(self, log: str) -> Self:
        """Into the year of `log`: its counters start anew with what is in stock."""
        counters = dict.fromkeys(("received", "distributed", "written_off"), 0)
        counters["brought_forward"] = self.in_stock
        return self.model_copy(update={"log": log, **counters})


class Distribution(PlacedState):
    """Goods for one match, whose id it has: handed over from a stock, or refused. Once."""

    COLLECTION: ClassVar[str] = "distributions"

    fund_id: str
    refused: bool


class StockCount(ReferencedProposal):
    """What somebody counted of one stock, whose id it names; approved, what is missing is written
    off. in_stock, after_count: in_stock and last_count of the books when it was proposed."""

    COLLECTION: ClassVar[str] = "stock_counts"

    stock_id: str
    fund_id: str
    item: str
    unit: str
    counted: Whole
    in_stock: Whole
    after_count: str = ""
    at: datetime


class ProposeStockCount(Value):
    """counted: how many lie there. reference, voucher, attachment: as of a fee."""

    fund_id: NewFundId
    item: ShortText
    unit: ShortText
    counted: Annotated[Whole, Field(ge=0, le=INTEGER_MAX)]
    at: Moment
    reference: Consent
    voucher: VoucherNumber | Nothing = ""
    attachment: Sha256 | Nothing = ""


class ApproveStockCount(Approval):
    count_id: Identifier


class DeclineStockCount(Value):
    count_id: Identifier


def derive_stock_id(fund_id: str, item: str, unit: str) -> str:
    return make_id("S", fund_id, item, unit)
