"""Money for a match: reserved when the donor accepts, paid when the person has it, or released."""

from datetime import datetime

from services.audit.decide.carrying import carried_fund, fund_behind
from services.audit.decide.matches import M, fact_of, foundation_of, fund_of, is_money
from services.audit.decide.refusing import Asked, No, outside
from services.audit.decide.settling import PAID, RELEASED, Settling, settle
from services.audit.decide.writing import Writer
from services.audit.ledger import entries
from services.audit.model import Commitment, Fund, LogHead, Spending
from services.audit.rules import Rules
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCommitted,
    MatchAccepted,
    MatchConfirmed,
    MatchReleased,
)
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States


def touches(event: Event[M]) -> tuple[AnyRef, ...]:
    """Goods wait for nobody's money, and do not contend for the head."""
    if not is_money(event.data):
        return ()
    return Ref(Commitment, event.subject), Ref(Fund, fund_of(event.data))


def follow(rules: Rules, states: States, event: Event[M]) -> tuple[AnyRef, ...]:
    """The commitment says which fund pays, should a later event say otherwise."""
    if not is_money(event.data):
        return ()
    known = states.get(Commitment, event.subject)
    if known is not None:
        return Ref(Fund, known.fund_id), Ref(LogHead, known.foundation)
    return (Ref(LogHead, foundation_of(rules, states.get(Fund, fund_of(event.data)))),)


def decide_accepted(
    rules: Rules, states: States, event: Event[MatchAccepted], now: datetime
) -> Decision:
    """A donor said yes: the fund sets the money aside, or says why not."""
    if not is_money(event.data) or states.get(Commitment, event.subject) is not None:
        return NOTHING
    fund = states.get(Fund, fund_of(event.data))
    writer = Writer.of(states, foundation_of(rules, fund), now)
    promised = Commitment(
        id=event.subject,
        fund_id=fund_of(event.data),
        foundation=writer.head.id,
        donor_id=event.data.donor_id,
        spending=Spending.of(event.data),
    )
    no = _why_not(fund, promised.spending, event.data.quantity)
    if no is not None:
        return _refuse(writer, event, promised, "commitment", no)
    assert fund is not None
    return _commit(writer, event, promised, carried_fund(writer, fund))


def _why_not(fund: Fund | None, spending: Spending, amount_fen: int) -> No | None:
    if fund is None or not fund.is_open:
        return No("unknown_fund")
    if outside(fund.terms, spending):
        return No("outside_terms", fund.remaining_fen)
    if fund.remaining_fen < amount_fen:
        return No("insufficient_funds", fund.remaining_fen)
    return None


def _commit(
    writer: Writer, event: Event[MatchAccepted], promised: Commitment, fund: Fund
) -> Decision:
    amount, purpose = event.data.quantity, promised.spending.said()
    leaf = writer.append(entries.commitment(fact_of(event), fund.ref, amount, purpose))
    reserved = promised.model_copy(update={**leaf.place, "reserved_fen": amount})
    writer.tell(reserved, leaf.told(LedgerCommitted, **_asked(event, "commitment").said()))
    return writer.decision(fund.plus(committed_fen=amount))


def decide_confirmed(
    rules: Rules, states: States, event: Event[MatchConfirmed], now: datetime
) -> Decision:
    """The person has it: what is still reserved is paid."""
    known = states.get(Commitment, event.subject)
    if known is None or known.entry is None:
        return _refuse_payment(rules, states, event, known, now)
    if not known.outstanding_fen:
        return NOTHING
    return _settle(PAID, states, event, known, now)


def decide_released(
    rules: Rules,  # noqa: ARG001 - as the others
    states: States,
    event: Event[MatchReleased],
    now: datetime,
) -> Decision:
    """The match fell: what is still reserved goes back to the fund."""
    if not is_money(event.data):
        return NOTHING
    known = states.get(Commitment, event.subject)
    if known is None or known.entry is None or not known.outstanding_fen:
        return NOTHING
    return _settle(RELEASED, states, event, known, now)


def _settle(
    how: Settling, states: States, event: Event[M], known: Commitment, now: datetime
) -> Decision:
    """All that is outstanding."""
    writer = Writer.of(states, known.foundation, now)
    fund, amount = fund_behind(states, known), known.outstanding_fen
    settle(writer, how, fact_of(event), known, fund, amount)
    return writer.decision()


def _refuse_payment(
    rules: Rules,
    states: States,
    event: Event[MatchConfirmed],
    known: Commitment | None,
    now: datetime,
) -> Decision:
    """Nothing is paid that was not committed; that it was asked for stands on the log, once."""
    if known is not None and "disbursement" in known.refused:
        return NOTHING
    fund = states.get(Fund, fund_of(event.data))
    foundation = known.foundation if known else foundation_of(rules, fund)
    writer = Writer.of(states, foundation, now)
    unknown = Commitment(
        id=event.subject,
        fund_id=fund_of(event.data),
        foundation=foundation,
        donor_id=event.data.donor_id,
    )
    return _refuse(writer, event, known or unknown, "disbursement", No("not_committed"))


def _refuse(writer: Writer, event: Event[M], about: Commitment, kind: str, no: No) -> Decision:
    asked = _asked(event, kind)
    leaf = writer.append(entries.refusal(fact_of(event), asked.refused(no)))
    marked = about.model_copy(update={"refused": (*about.refused, kind)})
    writer.tell(marked, asked.told_refused(leaf, no))
    return writer.decision()


def _asked(event: Event[M], kind: str) -> Asked:
    match = event.data
    return Asked(kind, fund_of(match), match.quantity, event.time, match.donor_id)
