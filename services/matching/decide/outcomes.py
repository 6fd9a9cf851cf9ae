"""Decisions after a gift was accepted: committed or refused by the fund, released."""

from datetime import datetime

from services.matching.decide.cases import (
    Case,
    case_of,
    case_refs,
    follow_case,
    freed,
    match_of,
    match_refs,
)
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match, ReleaseMatch, WithdrawnReason
from services.matching.model.match_id import is_match_id
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchCommitted,
    MatchReleased,
    RefusedReason,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, AnyRef, Command, Decision, Ref, States

COMMITMENT_REFUSED: frozenset[RefusedReason] = frozenset(
    {"insufficient_funds", "unknown_fund", "outside_terms"}
)


def touches_committed(event: Event[LedgerCommitted]) -> tuple[AnyRef, ...]:
    return match_refs(event.subject)


def follow_committed(states: States, event: Event[LedgerCommitted]) -> tuple[AnyRef, ...]:
    """Offer and need change only where a withdrawal waits to be carried out."""
    match = match_of(states, event.subject) if is_match_id(event.subject) else None
    if match is None or not match.kept:
        return ()
    budget = (Ref(Campaign, match.campaign_id),) if match.campaign_id else ()
    return (*case_refs(event.subject), *budget)


def decide_committed(states: States, event: Event[LedgerCommitted], now: datetime) -> Decision:
    """A withdrawal kept meanwhile is carried out now: nobody is told of a gift that vanishes."""
    match = _waiting(states, event.subject, event.data.amount_fen)
    if match is None:
        return NOTHING
    if match.kept is not None:
        case = case_of(states, match.id)
        assert case is not None, "the match was read just now"
        return release(case, match.kept, now)
    match = match.change_to("committed", now)
    return Decision((match,), ((match, match.build_fact(MatchCommitted)),))


def touches_refused(event: Event[LedgerRefused]) -> tuple[AnyRef, ...]:
    return case_refs(event.subject) if _of_a_commitment(event) else ()


def follow_refused(states: States, event: Event[LedgerRefused]) -> tuple[AnyRef, ...]:
    return follow_case(states, event.subject) if _of_a_commitment(event) else ()


def decide_refused(states: States, event: Event[LedgerRefused], now: datetime) -> Decision:
    """Counts as a decline of that fund: the need looks again, elsewhere."""
    if not _of_a_commitment(event) or not _waiting(states, event.subject, event.data.amount_fen):
        return NOTHING
    case = case_of(states, event.subject)
    assert case is not None, "the match was read just now"
    match = case.match.change_to("released", now, reason="refused_by_fund")
    return freed(
        case, match, match.build_fact(MatchReleased, reason="refused_by_fund"), exclude="fund"
    )


def _of_a_commitment(event: Event[LedgerRefused]) -> bool:
    """Audit refuses donations too, and payments; those are no answer to an acceptance."""
    return event.subject.startswith("M-") and event.data.reason in COMMITMENT_REFUSED


def _waiting(states: States, match_id: str, amount_fen: int) -> Match | None:
    """The match that waits for audit's answer. Raises Invalid when the answer is not about it."""
    match = match_of(states, match_id)
    if match is None or match.quantity != amount_fen:
        zh, en = "账本所记与对接不符", "the ledger speaks of another match or amount"
        raise Invalid.of("ledger_differs", zh, en, "subject" if match is None else "amount_fen")
    return match if match.state == "accepted" else None


def release(case: Case, reason: WithdrawnReason, now: datetime) -> Decision:
    match = case.match.change_to("released", now, reason=reason)
    return freed(case, match, match.build_fact(MatchReleased, reason=reason))


def keep(match: Match, reason: WithdrawnReason) -> Match:
    """Audit has not answered yet: the first withdrawal that comes is carried out after it."""
    return match if match.kept else match.model_copy(update={"kept": reason})


def touches_release(command: Command[ReleaseMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


def follow_release(states: States, command: Command[ReleaseMatch]) -> tuple[AnyRef, ...]:
    return follow_case(states, command.data.match_id)


def decide_release(states: States, command: Command[ReleaseMatch], now: datetime) -> Decision:
    """The offer was withdrawn: what the person was told of stands, the rest is released."""
    case = case_of(states, command.data.match_id)
    if case is None or case.offer.state != "withdrawn":
        return NOTHING
    if case.match.state == "proposed":
        return release(case, "offer_withdrawn", now)
    if case.match.state == "accepted" and case.match.kept is None:
        return Decision((keep(case.match, "offer_withdrawn"),))
    return NOTHING
