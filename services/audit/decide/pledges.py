"""Offers of money become pledges, which reconciliation sets beside bank and ledger.

A pledge is no entry: the ledger knows what arrived, not what was promised to arrive.
"""

from datetime import datetime

from services.audit.model.fund import GENERAL_FUND
from services.audit.model.pledge import Pledge
from shared.contracts.envelope import Event
from shared.contracts.events import OfferRegistered, OfferWithdrawn
from shared.contracts.values import MONEY_UNIT
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States


def touches_registered(event: Event[OfferRegistered]) -> tuple[AnyRef, ...]:
    return (Ref(Pledge, event.subject),) if event.data.unit == MONEY_UNIT else ()


def touches_withdrawn(event: Event[OfferWithdrawn]) -> tuple[AnyRef, ...]:
    return (Ref(Pledge, event.subject),)


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
    return Decision(states=(pledge,))


def decide_withdrawn(states: States, event: Event[OfferWithdrawn], _now: datetime) -> Decision:
    """Of goods, it is nobody's pledge."""
    pledge = states.get(Pledge, event.subject)
    if pledge is None or pledge.withdrawn_at is not None:
        return NOTHING
    return Decision(states=(pledge.model_copy(update={"withdrawn_at": event.time}),))
