"""Offers of money become pledges, which reconciliation sets beside bank and ledger.

A pledge is no entry: the ledger knows what arrived, not what was promised to arrive.
"""

from datetime import datetime

from services.audit.model import GENERAL_FUND, Pledge
from shared.contracts.envelope import Event
from shared.contracts.events import OfferRegistered, OfferWithdrawn
from shared.contracts.values import MONEY_UNIT
from shared.messaging.decision import NOTHING, Decision, States


def decide_registered(states: States, event: Event[OfferRegistered], _now: datetime) -> Decision:
    offer = event.data
    if offer.unit != MONEY_UNIT or states.get(Pledge, event.subject) is not None:
        return NOTHING
    pledge = Pledge(
        id=event.subject,
        donor_id=offer.donor_id,
        fund_id=offer.fund_id or GENERAL_FUND,
        amount_fen=offer.quantity,
        registered_at=event.time,
    )
    return Decision((pledge,))


def decide_withdrawn(states: States, event: Event[OfferWithdrawn], _now: datetime) -> Decision:
    """An offer of goods was never a pledge."""
    pledge = states.get(Pledge, event.subject)
    if pledge is None or pledge.withdrawn_at is not None:
        return NOTHING
    return Decision((pledge.model_copy(update={"withdrawn_at": event.time}),))
