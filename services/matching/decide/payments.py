"""What audit says of payments: due, made, reversed, settled.

Money that was paid for a match that fell is gone from its offer, and its request does not ask for
it anew: until the payment is reversed, which gives it back to the offer, or two people say that
the request may be paid again.
"""

from datetime import datetime

from services.matching.decide.cases import Case
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerDisbursed,
    LedgerObligated,
    LedgerReversed,
    MatchPaid,
    PaymentSettled,
)
from shared.messaging.decision import NOTHING, Decision, Ref, States

FALLEN_STATES = ("released", "reopened")


def decide_disbursed(states: States, event: Event[LedgerDisbursed], now: datetime) -> Decision:  # noqa: ARG001
    """Of a match that was released before this was known, the offer was given back too much."""
    if event.data.was_due:
        return _tell_paid(states, event.subject, event.data.amount_fen)
    return _spend(states, event.subject, event.data.amount_fen)


def _tell_paid(states: States, match_id: str, amount_fen: int) -> Decision:
    """It was counted when it became due; who was helped is told."""
    match = states.get(Match, match_id)
    if match is None:
        return NOTHING
    return Decision((match,), ((match, match.build_fact(MatchPaid, amount_fen=amount_fen)),))


def decide_obligated(states: States, event: Event[LedgerObligated], now: datetime) -> Decision:  # noqa: ARG001
    """What is due is gone from its offer, whenever the bank pays it."""
    return _spend(states, event.subject, event.data.amount_fen)


def _spend(states: States, match_id: str, amount_fen: int) -> Decision:
    match = states.get(Match, match_id)
    if match is None:
        return NOTHING
    paid = match.model_copy(update={"paid_fen": match.paid_fen + amount_fen})
    return _move_spent(states, match, paid)


def decide_reversed(states: States, event: Event[LedgerReversed], now: datetime) -> Decision:  # noqa: ARG001
    """Of what else is undone on the ledger nothing here depends."""
    match_id, amount_fen = event.data.match_id, event.data.amount_fen
    match = states.get(Match, match_id) if match_id else None
    if match is None or amount_fen is None:
        return NOTHING
    taken_back = match.model_copy(update={"reversed_fen": match.reversed_fen + amount_fen})
    return _move_spent(states, match, taken_back)


def decide_settled(states: States, event: Event[PaymentSettled], now: datetime) -> Decision:  # noqa: ARG001
    need = states.get(Need, event.subject)
    if need is None or not need.unsettled:
        return NOTHING
    return Decision((need.without_unsettled(event.data.match_ids),))


def _move_spent(states: States, before: Match, match: Match) -> Decision:
    """Of a match that fell, offer, budget and need follow what is spent for it."""
    if match.state not in FALLEN_STATES:
        return Decision((match,))
    more = match.spent_fen - before.spent_fen
    case = _load_fallen(states, match)
    need = case.need.with_unsettled(match.id, more)
    budget = (case.campaign.reserve(more),) if case.campaign else ()
    return Decision((match, case.offer.spend(more), need, *budget))


def _load_fallen(states: States, match: Match) -> Case:
    """The need does not say any more whose budget a match of money is of; its offer's campaign."""
    campaign_id = match.campaign_id if match.is_money else None
    refs = (Ref(Campaign, campaign_id),) if campaign_id else ()
    states.prefetch(Ref(Offer, match.offer_id), Ref(Need, match.request_id), *refs)
    return Case(
        match,
        states.require(Offer, match.offer_id),
        states.require(Need, match.request_id),
        states.get(Campaign, campaign_id) if campaign_id else None,
    )
