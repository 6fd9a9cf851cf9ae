"""Decisions after a gift was accepted: committed, refused, released, delivered, confirmed."""

from datetime import datetime

from services.matching.decide.cases import (
    Case,
    case_of,
    case_refs,
    freed,
    match_of,
    match_refs,
    not_now,
    told,
    unknown,
)
from services.matching.model.match import (
    ConfirmMatch,
    DeliverMatch,
    Match,
    ReleaseMatch,
    WithdrawnReason,
)
from services.matching.model.match_id import is_match_id, parse_match_id
from services.matching.model.offer import Offer
from shared.contracts.envelope import Event
from shared.contracts.events import (
    LedgerCommitted,
    LedgerRefused,
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    RefusedReason,
    ReplyUnderstood,
)
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, AnyRef, Command, Decision, Ref, States, refusal

COMMITMENT_REFUSED: frozenset[RefusedReason] = frozenset({"insufficient_funds", "unknown_fund"})


def touches_committed(event: Event[LedgerCommitted]) -> tuple[AnyRef, ...]:
    return match_refs(event.subject)


def follow_committed(states: States, event: Event[LedgerCommitted]) -> tuple[AnyRef, ...]:
    """Offer and need change only where a withdrawal waits to be carried out."""
    match = match_of(states, event.subject) if is_match_id(event.subject) else None
    return case_refs(event.subject) if match and match.kept else ()


def decide_committed(states: States, event: Event[LedgerCommitted], now: datetime) -> Decision:
    """A withdrawal kept meanwhile is carried out now: nobody is told of a gift that vanishes."""
    match = _waiting(states, event.subject, event.data.amount_fen)
    if match is None:
        return NOTHING
    if match.kept is not None:
        case = case_of(states, match.id)
        assert case is not None, "the match was read just now"
        return release(case, match.kept, now)
    match = match.became("committed", now)
    return Decision((match,), ((match, match.fact(MatchCommitted)),))


def touches_refused(event: Event[LedgerRefused]) -> tuple[AnyRef, ...]:
    return case_refs(event.subject) if _of_a_commitment(event) else ()


def decide_refused(states: States, event: Event[LedgerRefused], now: datetime) -> Decision:
    """Counts as a decline of that offer: the need looks again, elsewhere."""
    if not _of_a_commitment(event) or not _waiting(states, event.subject, event.data.amount_fen):
        return NOTHING
    case = case_of(states, event.subject)
    assert case is not None, "the match was read just now"
    match = case.match.became("released", now, reason="refused_by_fund")
    return freed(case, match, match.fact(MatchReleased, reason="refused_by_fund"), exclude="offer")


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
    match = case.match.became("released", now, reason=reason)
    return freed(case, match, match.fact(MatchReleased, reason=reason))


def keep(match: Match, reason: WithdrawnReason) -> Match:
    """Audit has not answered yet: the first withdrawal that comes is carried out after it."""
    return match if match.kept else match.model_copy(update={"kept": reason})


def touches_release(command: Command[ReleaseMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


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


def touches_deliver(command: Command[DeliverMatch]) -> tuple[AnyRef, ...]:
    id_ = command.data.match_id
    offers = (Ref(Offer, parse_match_id(id_).offer_id),) if is_match_id(id_) else ()
    return (*match_refs(id_), *offers)


def decide_deliver(states: States, command: Command[DeliverMatch], now: datetime) -> Decision:
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "committed":
        return not_now(match)
    offer = states.get(Offer, match.offer_id)
    assert offer is not None, "a match without its offer"
    match = match.became("delivered", now)
    states_after = (match, offer.hand_over(match.quantity))
    return Decision(states_after, ((match, match.fact(MatchDelivered)),), told(match))


def touches_confirm(command: Command[ConfirmMatch]) -> tuple[AnyRef, ...]:
    return match_refs(command.data.match_id)


def decide_confirm(states: States, command: Command[ConfirmMatch], now: datetime) -> Decision:
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "delivered":
        return not_now(match)
    if match.accepted_by and match.accepted_by == command.principal:
        zh, en = "接受与确认收到须由不同的人办理", "who accepted it may not confirm that it arrived"
        return Decision(answer=refusal(409, "same_person", zh, en))
    return _confirmed(match, now)


def touches_reply(event: Event[ReplyUnderstood]) -> tuple[AnyRef, ...]:
    named = event.data.match_id
    return match_refs(named) if named and event.data.meaning == "received" else ()


def decide_reply(states: States, event: Event[ReplyUnderstood], now: datetime) -> Decision:
    """`收到` from the person the match is for confirms it; anything else concerns others."""
    if event.data.match_id is None or event.data.meaning != "received":
        return NOTHING
    match = match_of(states, event.data.match_id)
    if match is None or match.person_id != event.data.person_id:
        return NOTHING
    return _confirmed(match, now) if match.state == "delivered" else NOTHING


def _confirmed(delivered: Match, now: datetime) -> Decision:
    match = delivered.became("confirmed", now)
    return Decision((match,), ((match, match.fact(MatchConfirmed)),), told(match))
