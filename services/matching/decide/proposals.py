"""Decisions before a gift stands: proposed, accepted, declined, expired."""

from datetime import datetime, timedelta

from services.matching.decide.cases import (
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
    AcceptMatch,
    DeclineMatch,
    Match,
    ProposalDue,
    Propose,
    proposal,
)
from services.matching.model.match_id import match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import (
    MatchAccepted,
    MatchCommitted,
    MatchDeclined,
    MatchExpired,
    MatchProposed,
)
from shared.messaging.decision import (
    NOTHING,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)


def touches_propose(command: Command[Propose]) -> tuple[AnyRef, ...]:
    said = command.data
    id_ = match_id(said.request_id, said.offer_id, said.number)
    return Ref(Match, id_), Ref(Offer, said.offer_id), Ref(Need, said.request_id)


def decide_propose(states: States, command: Command[Propose], now: datetime) -> Decision:
    """A round is advice: what remains, of the offer and of the need, is decided here."""
    said = command.data
    need, offer = states.get(Need, said.request_id), states.get(Offer, said.offer_id)
    if need is None or offer is None or (obstacle := _obstacle(need, offer, said, now)):
        code = obstacle if need and offer else "unknown"
        return Decision(answer=refusal(409, code, "此时不能提出这项对接", "cannot be proposed now"))
    id_ = match_id(need.id, offer.id, said.number)
    expires_at = now + timedelta(seconds=said.lifetime_s)
    match = proposal(id_, need, offer, said.quantity, now, expires_at)
    return Decision(
        (match, offer.reserve(said.quantity), need.with_match(id_, said.quantity)),
        ((match, match.fact(MatchProposed, expires_at=expires_at)),),
        told(match, 201),
    )


def _obstacle(need: Need, offer: Offer, said: Propose, now: datetime) -> str:
    """Why not, as a code; empty when nothing stands in the way."""
    cap = offer.cap_per_request
    checks = {
        "need_not_open": need.state != "open",
        "offer_not_open": not offer.is_open(now),
        "number_taken": said.number <= need.proposals,
        "offer_excluded": offer.id in need.excluded_offers,
        "donor_excluded": offer.donor_id in need.excluded_donors,
        "unit_differs": offer.unit != need.unit,
        "need_exceeded": said.quantity > need.remaining,
        "offer_exceeded": said.quantity > offer.free,
        "cap_exceeded": cap is not None and need.share_of(offer.id) + said.quantity > cap,
    }
    return next((code for code, stands in checks.items() if stands), "")


def touches_accept(command: Command[AcceptMatch]) -> tuple[AnyRef, ...]:
    return match_refs(command.data.match_id)


def decide_accept(states: States, command: Command[AcceptMatch], now: datetime) -> Decision:
    """Money now waits for audit's commitment; goods stand at once."""
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "proposed":
        return not_now(match)
    if now >= match.expires_at:
        return Decision(answer=refusal(409, "match_expired", "已逾期", "it has expired"))
    match = match.model_copy(update={"accepted_by": command.principal})
    accepted = match.fact(MatchAccepted)
    if match.is_money:
        match = match.became("accepted", now)
        return Decision((match,), ((match, accepted),), told(match))
    match = match.became("committed", now)
    events = ((match, accepted), (match, match.fact(MatchCommitted)))
    return Decision((match,), events, told(match))


def touches_decline(command: Command[DeclineMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


def decide_decline(states: States, command: Command[DeclineMatch], now: datetime) -> Decision:
    case = case_of(states, command.data.match_id)
    if case is None or not command.data.scope.sees(case.match):
        return unknown()
    if case.match.state != "proposed":
        return not_now(case.match)
    reason = command.data.reason
    match = case.match.became("declined", now, reason=reason)
    return freed(case, match, match.fact(MatchDeclined, reason=reason), exclude="donor")


def touches_due(command: Command[ProposalDue]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.aggregate_id)


def decide_due(states: States, command: Command[ProposalDue], now: datetime) -> Decision:
    case = case_of(states, command.data.aggregate_id)
    if case is None or case.match.state != "proposed":
        return NOTHING
    if case.match.due_at != command.data.due_at or now < command.data.due_at:
        return NOTHING
    match = case.match.became("expired", now)
    return freed(case, match, match.fact(MatchExpired), exclude="donor")
