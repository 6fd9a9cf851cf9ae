"""A new ledger year: what is left goes on in it, before it is used or when its turn comes."""

from datetime import datetime

from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.model import (
    CarriedAll,
    CarryCommitment,
    CarryFund,
    CarryStock,
    CloseYear,
    Commitment,
    Fund,
    LogHead,
    Stock,
)
from shared.contracts.events import LedgerCarried
from shared.messaging.decision import NOTHING, AnyRef, Command, Decision, Ref, States


def carried_fund(writer: Writer, fund: Fund) -> Fund:
    """In the log that is written: itself, or what is left of it."""
    if fund.log == writer.head.origin:
        return fund
    previous = writer.head.closed_log(fund.log).said()
    fact = _fact(writer, "fund", fund.id)
    draft = entries.fund_carried(
        fact, fund.opening, previous, fund.balance_fen, fund.outstanding_fen
    )
    leaf = writer.append(draft)
    carried = fund.carried_into(leaf.log)
    writer.tell(carried, leaf.told(LedgerCarried, fund_id=fund.id))
    return carried


def carried_commitment(writer: Writer, commitment: Commitment, fund: Fund) -> Commitment:
    """fund: carried already. What is settled stays where it is."""
    if commitment.log == writer.head.origin or not commitment.outstanding_fen:
        return commitment
    fact = _fact(writer, "commitment", commitment.id)
    amount, purpose = commitment.outstanding_fen, commitment.spending.said()
    draft = entries.commitment_carried(fact, fund.ref, amount, purpose, commitment.place)
    leaf = writer.append(draft)
    carried = commitment.carried_to(leaf.log, leaf.index)
    writer.tell(carried, leaf.told(LedgerCarried, fund_id=fund.id))
    return carried


def carried_stock(writer: Writer, stock: Stock, fund: Fund) -> Stock:
    """fund: carried already."""
    if stock.log == writer.head.origin:
        return stock
    carried = stock.carried_into(writer.head.origin)
    if not stock.in_stock:
        return carried
    previous = writer.head.closed_log(stock.log).said()
    fact = _fact(writer, "goods", stock.id)
    leaf = writer.append(entries.goods_carried(fact, fund.ref, stock.left, previous))
    writer.tell(carried, leaf.told(LedgerCarried, fund_id=fund.id))
    return carried


def _fact(writer: Writer, kind: str, id_: str) -> entries.Fact:
    """So since the year's first moment."""
    head = writer.head
    return writer.here(f"{kind}_carried:{head.year}", id_, head.began_at)


# --- what the year's job asks for -------------------------------------------------------------


def touches_close(command: Command[CloseYear] | Command[CarriedAll]) -> tuple[AnyRef, ...]:
    return (Ref(LogHead, command.data.foundation),)


def decide_close(states: States, command: Command[CloseYear], now: datetime) -> Decision:
    head = states.get(LogHead, command.data.foundation)
    if head is None or (begun := head.in_year_of(now)) == head:
        return NOTHING
    return Decision((begun,))


def decide_carried_all(
    states: States,
    command: Command[CarriedAll],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """What was found carried stays so: nothing new is entered in an earlier year's log."""
    head = states.get(LogHead, command.data.foundation)
    if head is None or head.origin != command.data.log or not head.carrying:
        return NOTHING
    return Decision((head.model_copy(update={"carrying": False}),))


def touches_fund(command: Command[CarryFund]) -> tuple[AnyRef, ...]:
    return (Ref(Fund, command.data.fund_id),)


def follow_fund(states: States, command: Command[CarryFund]) -> tuple[AnyRef, ...]:
    fund = states.get(Fund, command.data.fund_id)
    return (Ref(LogHead, fund.foundation),) if fund else ()


def decide_fund(states: States, command: Command[CarryFund], now: datetime) -> Decision:
    fund = states.get(Fund, command.data.fund_id)
    if fund is None or not fund.is_open:
        return NOTHING
    writer = Writer.of(states, fund.foundation, now)
    carried = carried_fund(writer, fund)
    return NOTHING if carried is fund else writer.decision()


def touches_commitment(command: Command[CarryCommitment]) -> tuple[AnyRef, ...]:
    return (Ref(Commitment, command.data.match_id),)


def follow_commitment(states: States, command: Command[CarryCommitment]) -> tuple[AnyRef, ...]:
    known = states.get(Commitment, command.data.match_id)
    return (Ref(Fund, known.fund_id), Ref(LogHead, known.foundation)) if known else ()


def decide_commitment(states: States, command: Command[CarryCommitment], now: datetime) -> Decision:
    known = states.get(Commitment, command.data.match_id)
    if known is None or known.entry is None:
        return NOTHING
    writer = Writer.of(states, known.foundation, now)
    carried = carried_commitment(writer, known, carried_fund(writer, fund_behind(states, known)))
    return NOTHING if carried is known else writer.decision()


def touches_stock(command: Command[CarryStock]) -> tuple[AnyRef, ...]:
    return (Ref(Stock, command.data.stock_id),)


def follow_stock(states: States, command: Command[CarryStock]) -> tuple[AnyRef, ...]:
    stock = states.get(Stock, command.data.stock_id)
    return (Ref(Fund, stock.fund_id), Ref(LogHead, stock.foundation)) if stock else ()


def decide_stock(states: States, command: Command[CarryStock], now: datetime) -> Decision:
    stock = states.get(Stock, command.data.stock_id)
    if stock is None:
        return NOTHING
    writer = Writer.of(states, stock.foundation, now)
    carried = carried_stock(writer, stock, carried_fund(writer, fund_behind(states, stock)))
    return NOTHING if carried is stock else writer.decision(carried)


def fund_behind(states: States, kept: Commitment | Stock) -> Fund:
    fund = states.get(Fund, kept.fund_id)
    assert fund is not None, "what is kept for a fund was entered when the fund was open"
    return fund
