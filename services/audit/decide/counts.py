"""盘点: what lies in store is counted by one and approved by another; what is missing is written
off, with the paper that says why. A count may say what one unit is worth, on which basis, and where
the items lie."""

from datetime import datetime

from services.audit.decide.moments import find_month_flaw
from services.audit.decide.posting import Journal, Movement
from services.audit.decide.proposals import require_open
from services.audit.decide.vouchers import find_flaw
from services.audit.ledger.entries import Goods
from services.audit.messages import AMOUNT_TOO_LARGE, MOMENT_IMPLAUSIBLE
from services.audit.model import Fund, LogHead, Stock, derive_stock_id, is_plausible
from services.audit.model.stock import ApproveStockCount, ProposeStockCount, StockCount
from services.audit.vouchers.messages import (
    COUNT_BEFORE_GOODS,
    COUNT_EXCEEDS,
    COUNT_OUTDATED,
    PLACES_DIFFER,
    STOCK_UNKNOWN,
    VALUE_WITHOUT_BASIS,
)
from shared.answers import Answer
from shared.calendar import find_day
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.dates import name_day
from shared.ids import make_id
from shared.messaging.decision import Command, Decision, Ref, States


def decide_propose_count(
    states: States, command: Command[ProposeStockCount], now: datetime
) -> Decision:
    data, id_ = command.data, make_id("U", command.key)
    stock_id = derive_stock_id(data.fund_id, data.item, data.unit)
    stock, _ = states.get_each((Stock, stock_id), (StockCount, id_))
    if stock is None:
        return Decision(answer=STOCK_UNKNOWN.refusal(404, "item"))
    if not is_plausible(data.at, now):
        return Decision(answer=MOMENT_IMPLAUSIBLE.refusal(422, "at"))
    states.prefetch(Ref(LogHead, stock.foundation))
    flaw = _find_flaw_of_day(states, stock, data.at)
    flaw = flaw or find_flaw(states, data.attachment) or _find_flaw(stock, data.counted)
    flaw = flaw or _find_flaw_of_value(data)
    if flaw:
        return Decision(answer=flaw)
    count = StockCount(
        id=id_,
        maker=command.principal,
        foundation=stock.foundation,
        stock_id=stock.id,
        in_stock=stock.in_stock,
        after_count=stock.last_count,
        **data.model_dump(),
    )
    return Decision((count,), answer=Answer(202, count.to_json()))


@require_open(StockCount)
def decide_approve_count(
    states: States, command: Command[ApproveStockCount], now: datetime, count: StockCount
) -> Decision:
    """Against what the books have now: goods may have come or gone since. What another count wrote
    off since is missing here too, and is written off once."""
    states.prefetch(
        Ref(LogHead, count.foundation), Ref(Fund, count.fund_id), Ref(Stock, count.stock_id)
    )
    stock = states.require(Stock, count.stock_id)
    if stock.last_count != count.after_count:
        return Decision(answer=COUNT_OUTDATED.refusal(409))
    changed_by = stock.in_stock - count.in_stock
    flaw = _find_flaw_of_day(states, stock, count.at)
    if flaw := flaw or _find_flaw(stock, count.counted + changed_by):
        return Decision(answer=flaw)
    approved = count.resolve("approved", command.principal)
    missing = count.in_stock - count.counted
    if not missing:
        stock = stock.take_count(count).model_copy(update={"last_count": count.id})
        return Decision((stock, approved), answer=Answer(200, approved.to_json()))
    journal = Journal.open(states, count.foundation, now)
    approved = approved.place_at(journal.log, journal.head.size)
    fund = journal.bring_forward_fund(states.require(Fund, count.fund_id))
    stock = journal.bring_forward_stock(stock, fund)
    stock = stock.take_count(count).model_copy(update={"last_count": count.id})
    fact = journal.make_fact("stock_count", count.id, count.at)
    goods = Goods(count.item, count.unit, missing)
    movement = Movement("goods_written_off", fact, fund.id, goods)
    journal.post(movement, fund, stock=stock, authorisation=approved.authorisation)
    journal.save(approved)
    return journal.close(Answer(200, approved.to_json()))


def _find_flaw_of_value(count: ProposeStockCount) -> Answer | None:
    """What does not fit of value and places."""
    if bool(count.unit_fen) is not bool(count.basis):
        return VALUE_WITHOUT_BASIS.refusal(422, "basis")
    if count.unit_fen * count.counted > INTEGER_MAX:
        return AMOUNT_TOO_LARGE.refusal(422, "unit_fen")
    stations = [place.station for place in count.places]
    placed = sum(place.quantity for place in count.places)
    if stations and (placed != count.counted or len(set(stations)) < len(stations)):
        return PLACES_DIFFER.refusal(409, "places", counted=count.counted, placed=placed)
    return None


def _find_flaw_of_day(states: States, stock: Stock, at: datetime) -> Answer | None:
    """Nothing lay there before the first goods, and a closed month takes no entry."""
    if stock.began_at is not None and find_day(at) < find_day(stock.began_at):
        zh, en = name_day(stock.began_at)
        return COUNT_BEFORE_GOODS.refusal(422, "at", first_zh=zh, first_en=en)
    return find_month_flaw(states.require(LogHead, stock.foundation), at)


def _find_flaw(stock: Stock, counted: int) -> Answer | None:
    """What lies there and is not in the books came from somebody."""
    if not 0 <= counted <= stock.in_stock:
        return COUNT_EXCEEDS.refusal(409, "counted", in_stock=stock.in_stock)
    return None
