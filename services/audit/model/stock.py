"""Goods of a fund: how much of one item lies in store, and what was handed over of it."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, Field, computed_field

from services.audit.ledger.balances import GoodsArithmetic
from services.audit.ledger.entries import Goods
from services.audit.model.commands import Consent, Nothing
from services.audit.model.donation import GIFT_FEN_MAX
from services.audit.model.fund import NewFundId
from services.audit.model.proposal import Approval, ReferencedProposal, Sha256, VoucherNumberOrNone
from services.audit.model.states import CountedState, PlacedState
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.contracts.values import Identifier, Moment, ShortText, Value, Whole
from shared.ids import make_id

PLACES_MAX = 50

Basis = Literal["documents", "fair_value", "appraisal"]
"""Of a value of goods: what the giver's papers say, what the like costs on the market, or what an
appraiser found."""


class StockPlace(Value):
    """So many of an item lie at one station."""

    station: ShortText
    quantity: Annotated[Whole, Field(ge=1, le=INTEGER_MAX)]


class Valued(BaseModel):
    """What a count says beside the number: what one unit is worth in fen, and by what basis (0 and
    empty where it does not say), and where the items lie."""

    unit_fen: Annotated[Whole, Field(ge=0, le=GIFT_FEN_MAX)] = 0
    basis: Basis | Nothing = ""
    places: Annotated[tuple[StockPlace, ...], Field(max_length=PLACES_MAX)] = ()


class Stock(GoodsArithmetic, Valued, CountedState):
    """One item of one fund in one unit; the counters are those of the ledger year `log`.

    last_count: the last that was approved. valued_by, valued_at: document and day of the
    value; placed_at: day of the count that says where the items lay, in the number of then. The log
    knows neither.
    began_at: when its first goods were received; None of a stock from before that was noted.
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
    valued_by: str = ""
    valued_at: datetime | None = None
    placed_at: datetime | None = None
    began_at: datetime | None = None

    @property
    def value_fen(self) -> int | None:
        """Of what is in stock; None where nobody valued it."""
        return self.unit_fen * self.in_stock if self.unit_fen else None

    def take_count(self, count: "StockCount") -> Self:
        """With what an approved count says of value and places; what it leaves out stays."""
        update: dict[str, object] = {}
        if count.unit_fen:
            update |= {"unit_fen": count.unit_fen, "basis": count.basis}
            update |= {"valued_by": count.reference, "valued_at": count.at}
        if count.places:
            update |= {"places": count.places, "placed_at": count.at}
        return self.model_copy(update=update)

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

    def include_receipt(self, at: datetime) -> Self:
        """With goods that were received then: perhaps before all others."""
        if self.began_at is None or self.began_at <= at:
            return self
        return self.model_copy(update={"began_at": at})

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


class StockCount(Valued, ReferencedProposal):
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


class ProposeStockCount(Valued, Value):
    """counted: how many lie there. reference, voucher, attachment: as of a fee."""

    fund_id: NewFundId
    item: ShortText
    unit: ShortText
    counted: Annotated[Whole, Field(ge=0, le=INTEGER_MAX)]
    at: Moment
    reference: Consent
    voucher: VoucherNumberOrNone = ""
    attachment: Sha256 | Nothing = ""


class ApproveStockCount(Approval):
    count_id: Identifier


class DeclineStockCount(Value):
    count_id: Identifier


def derive_stock_id(fund_id: str, item: str, unit: str) -> str:
    return make_id("S", fund_id, item, unit)
