"""Which bank may say what, and what it is told of what it said."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.audit import messages
from services.audit.model import BankEvent
from shared.answers import Answer
from shared.contracts.events import LedgerGoodsRefused, LedgerRefused, RefusedReason
from shared.errors import Message
from shared.messaging.decision import Decision, States

# Of whichever fact: the table of `events.py` says at each row of which.
DecideFact = Callable[[States, BankEvent[Any], datetime], Decision]


def decide_of_source(
    sources: Collection[str],
    decide: DecideFact,
    states: States,
    event: BankEvent[Any],
    now: datetime,
) -> Decision:
    """What `decide` decides of what one of these sources says; empty: of any. Its id is not used up
    by another's word. Raises Invalid."""
    if sources and event.source not in sources:
        raise messages.SOURCE_OF_NO_PAYMENTS.invalid("source", source=event.source)
    return decide(states, event, now)


REFUSALS: Mapping[RefusedReason, Message] = {
    "unknown_fund": messages.FACT_UNKNOWN_FUND,
    "id_reused": messages.FACT_ID_REUSED,
    "not_committed": messages.FACT_NOT_COMMITTED,
    "exceeds_commitment": messages.FACT_EXCEEDS_COMMITMENT,
    "unknown_donation": messages.FACT_UNKNOWN_DONATION,
    "exceeds_gift": messages.FACT_EXCEEDS_GIFT,
    "insufficient_funds": messages.FACT_INSUFFICIENT_FUNDS,
    "exceeds_fee_limit": messages.FACT_EXCEEDS_FEE_LIMIT,
}


def decide_with_answer(
    decide: DecideFact, states: States, event: BankEvent[Any], now: datetime
) -> Decision:
    """What `decide` decides, with what the bank is told of it; nothing where nothing is entered."""
    decision = decide(states, event, now)
    if not decision.events:
        return decision
    aggregate, fact = decision.events[-1]
    if isinstance(fact, LedgerRefused | LedgerGoodsRefused):
        refusal = REFUSALS.get(fact.reason, messages.FACT_REFUSED).refusal(409)
        return replace(decision, answer=refusal)
    return replace(decision, answer=Answer(201, {"ledger_id": aggregate.id, "state": "entered"}))
