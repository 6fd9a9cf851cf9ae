"""A person has what was promised: money is paid, goods of a fund leave its stock.

Goods that no fund holds are the donor's own, and leave no trace on the ledger.
"""

from datetime import datetime

from services.audit.decide import commitments, distributions
from services.audit.decide.matches import is_money
from services.audit.rules import Rules
from shared.contracts.envelope import Event
from shared.contracts.events import MatchConfirmed
from shared.messaging.decision import NOTHING, AnyRef, Decision, States


def touches(event: Event[MatchConfirmed]) -> tuple[AnyRef, ...]:
    if is_money(event.data):
        return commitments.touches(event)
    return distributions.touches(event) if event.data.fund_id else ()


def follow(rules: Rules, states: States, event: Event[MatchConfirmed]) -> tuple[AnyRef, ...]:
    if is_money(event.data):
        return commitments.follow(rules, states, event)
    return distributions.follow(rules, states, event) if event.data.fund_id else ()


def decide(rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime) -> Decision:
    if is_money(event.data):
        return commitments.decide_confirmed(rules, states, event, now)
    return distributions.decide(rules, states, event, now) if event.data.fund_id else NOTHING
