"""What a bank is told of what it sent: entered, known before, or refused by the ledger and why."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.audit import messages
from services.audit.model import BankEvent
from shared.contracts.events import LedgerGoodsRefused, LedgerRefused, RefusedReason
from shared.errors import Message
from shared.messaging.decision import Answer, Decision, States

DecideFact = Callable[[States, BankEvent[Any], datetime], Decision]
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
