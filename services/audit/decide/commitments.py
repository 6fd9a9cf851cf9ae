"""Money for a match: reserved when the donor accepts, paid when the person has it, or released."""

from datetime import datetime
from typing import Any, TypeVar

from services.audit.decide.leaves import append_leaf, refused
from services.audit.log import entry as entries
from services.audit.model import GENERAL_FUND, Commitment, Fund
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCommitted,
    LedgerDisbursed,
    LedgerRefused,
    LedgerReleased,
    MatchAccepted,
    MatchConfirmed,
    MatchFact,
    MatchReleased,
    RefusedReason,
)
from shared.contracts.values import MONEY_UNIT
from shared.messaging.decision import NOTHING, Decision, States

M = TypeVar("M", bound=MatchFact)


def fund_of(match: MatchFact) -> str:
    return match.fund_id or GENERAL_FUND


def is_money(match: MatchFact) -> bool:
    return match.unit == MONEY_UNIT


def decide_accepted(states: States, event: Event[MatchAccepted], now: datetime) -> Decision:
    """A donor said yes: the fund sets the money aside, or says why not."""
    if not is_money(event.data) or states.get(Commitment, event.subject) is not None:
        return NOTHING
    fund = states.get(Fund, fund_of(event.data))
    if fund is None or not fund.is_open:
        return _refuse(states, event, "unknown_fund", 0, now)
    if fund.remaining_fen < event.data.quantity:
        return _refuse(states, event, "insufficient_funds", fund.remaining_fen, now)
    return _commit(states, event, fund, now)


def _commit(states: States, event: Event[MatchAccepted], fund: Fund, now: datetime) -> Decision:
    amount = event.data.quantity
    leaf = append_leaf(states, entries.commitment(_fact(event), fund.id, amount), now)
    reserved = Commitment(id=event.subject, fund_id=fund.id, entry=leaf.index, reserved_fen=amount)
    told = leaf.told(LedgerCommitted, **_said(event, amount))
    return leaf.decided(reserved, fund.plus(committed_fen=amount), events=((reserved, told),))


def _refuse(
    states: States,
    event: Event[MatchAccepted],
    reason: RefusedReason,
    available_fen: int,
    now: datetime,
) -> Decision:
    fund_id, amount = fund_of(event.data), event.data.quantity
    draft = entries.refusal(_fact(event), refused("commitment", reason, amount, fund_id))
    leaf = append_leaf(states, draft, now)
    kept = Commitment(id=event.subject, fund_id=fund_id, refused=("commitment",))
    why: dict[str, Any] = {"reason": reason, "available_fen": available_fen}
    told = leaf.told(LedgerRefused, **_said(event, amount), **why)
    return leaf.decided(kept, events=((kept, told),))


def decide_confirmed(states: States, event: Event[MatchConfirmed], now: datetime) -> Decision:
    """The person has it: what was reserved is paid."""
    if not is_money(event.data):
        return NOTHING
    known = states.get(Commitment, event.subject)
    if known is None or known.entry is None:
        return _refuse_payment(states, event, known, now)
    amount = known.outstanding_fen
    if amount == 0:
        return NOTHING
    draft = entries.disbursement(_fact(event), known.fund_id, amount, known.entry)
    leaf = append_leaf(states, draft, now)
    settled = known.model_copy(update={"disbursed_fen": known.disbursed_fen + amount})
    fund = _fund_behind(states, known).plus(disbursed_fen=amount)
    told = leaf.told(LedgerDisbursed, **_said(event, amount))
    return leaf.decided(settled, fund, events=((settled, told),))


def _refuse_payment(
    states: States, event: Event[MatchConfirmed], known: Commitment | None, now: datetime
) -> Decision:
    """Nothing is paid that was not committed; that it was asked for stands on the log, once."""
    fund_id, kind = fund_of(event.data), "disbursement"
    before = known or Commitment(id=event.subject, fund_id=fund_id)
    if kind in before.refused:
        return NOTHING
    amount, reason = event.data.quantity, "not_committed"
    asked = refused(kind, reason, amount, fund_id)
    leaf = append_leaf(states, entries.refusal(_fact(event), asked), now)
    marked = before.model_copy(update={"refused": (*before.refused, kind)})
    why: dict[str, Any] = {"reason": reason, "available_fen": 0}
    told = leaf.told(LedgerRefused, **_said(event, amount), **why)
    return leaf.decided(marked, events=((marked, told),))


def decide_released(states: States, event: Event[MatchReleased], now: datetime) -> Decision:
    """The match fell: what is still reserved goes back to the fund."""
    if not is_money(event.data):
        return NOTHING
    known = states.get(Commitment, event.subject)
    if known is None or known.entry is None or known.outstanding_fen == 0:
        return NOTHING
    amount = known.outstanding_fen
    draft = entries.release(_fact(event), known.fund_id, amount, known.entry)
    leaf = append_leaf(states, draft, now)
    settled = known.model_copy(update={"released_fen": known.released_fen + amount})
    fund = _fund_behind(states, known).plus(released_fen=amount)
    told = leaf.told(LedgerReleased, **_said(event, amount))
    return leaf.decided(settled, fund, events=((settled, told),))


def _fund_behind(states: States, commitment: Commitment) -> Fund:
    fund = states.get(Fund, commitment.fund_id)
    assert fund is not None, "the fund of a commitment is open"
    return fund


def _fact(event: Event[M]) -> entries.Fact:
    return entries.Fact({"id": event.id, "source": event.source}, event.subject, event.time)


def _said(event: Event[M], amount_fen: int) -> dict[str, Any]:
    match = event.data
    return {"fund_id": fund_of(match), "amount_fen": amount_fen, "donor_id": match.donor_id}
