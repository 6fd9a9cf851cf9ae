"""A new ledger year: what the year's job asks for, so that what nobody uses goes on in it too."""

from datetime import datetime

from services.audit.decide.posting import Journal
from services.audit.model import (
    BringCommitmentForward,
    BringFundForward,
    BringStockForward,
    CloseYear,
    Commitment,
    FinishBringingForward,
    Fund,
    LogHead,
    Stock,
)
from shared.messaging.decision import NOTHING, Command, Decision, States


def decide_close_year(states: States, command: Command[CloseYear], now: datetime) -> Decision:
    head = states.get(LogHead, command.data.foundation)
    if head is None or (begun := head.begin_year(now)) == head:
        return NOTHING
    return Decision((begun,))


def decide_bring_fund_forward(
    states: States, command: Command[BringFundForward], now: datetime
) -> Decision:
    fund = states.get(Fund, command.data.fund_id)
    if fund is None or not fund.is_open:
        return NOTHING
    journal = Journal.open(states, fund.foundation, now)
    journal.bring_forward_fund(fund)
    return journal.close()


def decide_bring_commitment_forward(
    states: States, command: Command[BringCommitmentForward], now: datetime
) -> Decision:
    commitment = states.get(Commitment, command.data.match_id)
    if commitment is None or commitment.entry is None or not commitment.outstanding_fen:
        return NOTHING
    journal = Journal.open_for(states, commitment, now)
    fund = journal.bring_forward_fund(states.require(Fund, commitment.fund_id))
    journal.bring_forward_commitment(commitment, fund)
    return journal.close()


def decide_bring_stock_forward(
    states: States, command: Command[BringStockForward], now: datetime
) -> Decision:
    stock = states.get(Stock, command.data.stock_id)
    if stock is None:
        return NOTHING
    journal = Journal.open_for(states, stock, now)
    fund = journal.bring_forward_fund(states.require(Fund, stock.fund_id))
    journal.bring_forward_stock(stock, fund)
    return journal.close()


def decide_finish_bringing_forward(
    states: States,
    command: Command[FinishBringingForward],
    now: datetime,  # noqa: ARG001
) -> Decision:
    """What was once brought forward stays so: nothing new is entered in an earlier year's log."""
    head = states.get(LogHead, command.data.foundation)
    if head is None or head.origin != command.data.log or not head.carrying:
        return NOTHING
    return Decision((head.model_copy(update={"carrying": False}),))
