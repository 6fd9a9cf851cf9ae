"""Decisions before a gift stands: proposed, accepted, declined, expired."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.matching.decide.cases import (
    Case,
    case_of,
    case_refs,
    follow_case,
    freed,
    match_in,
    match_of,
    not_now,
    paying,
    told,
    unknown,
)
from services.matching.decide.related import kept_from_fund
from services.matching.decide.relations import is_related, relation_refs
from services.matching.decide.taking import behind, obstacle, refused, taken
from services.matching.model.match import (
    AcceptMatch,
    DeclineMatch,
    Match,
    ProposalDue,
    Propose,
    build_proposal,
)
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import (
    MatchAccepted,
    MatchCommitted,
    MatchDeclined,
    MatchExpired,
    MatchFact,
    MatchProposed,
)
from shared.messaging.decision import (
    NOTHING,
    AnyRef,
    Command,
    Decision,
    Ref,
    State,
    States,
    refusal,
)


def touches_propose(command: Command[Propose]) -> tuple[AnyRef, ...]:
    said = command.data
    id_ = build_match_id(said.request_id, said.offer_id, said.number)
    return Ref(Match, id_), Ref(Offer, said.offer_id), Ref(Need, said.request_id)


def follow_propose(states: States, command: Command[Propose]) -> tuple[AnyRef, ...]:
    return behind(states, command.data.offer_id)


def decide_propose(states: States, command: Command[Propose], now: datetime) -> Decision:
    """A round is advice: what remains, of the offer and of the need, is decided here."""
    said = command.data
    need, offer = states.get(Need, said.request_id), states.get(Offer, said.offer_id)
    if need is None or offer is None:
        return Decision(answer=refused("unknown"))
    if said.number <= need.proposals:
        return Decision(answer=refused("number_taken"))
    if code := obstacle(states, need, offer, said.quantity, "push", now):
        return Decision(answer=refused(code))
    id_ = build_match_id(need.id, offer.id, said.number)
    expires_at = now + timedelta(seconds=said.lifetime_s)
    match = build_proposal(id_, need, offer, said.quantity, now, expires_at)
    match = match.model_copy(update={"round_number": said.round_number})
    return Decision(
        taken(states, match, need, offer),
        ((match, match.build_fact(MatchProposed, expires_at=expires_at)),),
        told(match, 201),
    )


def touches_accept(command: Command[AcceptMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


def follow_accept(states: States, command: Command[AcceptMatch]) -> tuple[AnyRef, ...]:
    match = match_in(states, command.data.match_id)
    budget = follow_case(states, command.data.match_id)
    return (*relation_refs(match.fund_id), *budget) if match else ()


def decide_accept(states: States, command: Command[AcceptMatch], now: datetime) -> Decision:
    match = match_of(states, command.data.match_id)
    if match is None or not command.data.scope.sees(match):
        return unknown()
    if match.state != "proposed":
        return not_now(match)
    if now >= match.expires_at:
        return Decision(answer=refusal(409, "match_expired", "已逾期", "it has expired"))
    if is_related(states, match.fund_id, match.person_id):
        return kept_from_fund(states, match, now)
    match, events = accepted(match, command.principal, now)
    return Decision((match,), events, told(match))


def accepted(
    match: Match, principal: str, now: datetime
) -> tuple[Match, tuple[tuple[Match, MatchFact], ...]]:
    """Money now waits for audit's commitment; goods stand at once."""
    match = match.model_copy(update={"accepted_by": principal})
    if match.is_money:
        match = match.change_to("accepted", now)
        return match, ((match, match.build_fact(MatchAccepted)),)
    match = match.change_to("committed", now)
    return match, (
        (match, match.build_fact(MatchAccepted)),
        (match, match.build_fact(MatchCommitted)),
    )


def touches_decline(command: Command[DeclineMatch]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.match_id)


def follow_decline(states: States, command: Command[DeclineMatch]) -> tuple[AnyRef, ...]:
    """The request's other matches: those of this donor are declined with it."""
    match = match_in(states, command.data.match_id)
    need = states.get(Need, match.request_id) if match else None
    others = [ref for id_ in need.matches for ref in case_refs(id_)] if need else []
    return (*others, *paying(need))


def decide_decline(states: States, command: Command[DeclineMatch], now: datetime) -> Decision:
    """A no is a no to the request: none of his offers stays proposed for it."""
    case = case_of(states, command.data.match_id)
    if case is None or not command.data.scope.sees(case.match):
        return unknown()
    if case.match.state != "proposed":
        return not_now(case.match)
    return _all_declined(states, case, _others_proposed(states, case), command.data.reason, now)


def _all_declined(
    states: States, case: Case, others: list[Match], reason: str, now: datetime
) -> Decision:
    """Each is freed from what the one before it left."""
    first = _declined(case, reason, now)
    refs = {*paying(case.need), *(ref for match in others for ref in case_refs(match.id))}
    left = {ref: states.get(ref.state, ref.id) for ref in refs} | _by_ref(first)
    events = first.events
    for match in others:
        later = case_of(States(left), match.id)
        assert later is not None, "the match was read just now"
        next_one = _declined(later, reason, now)
        left |= _by_ref(next_one)
        events += next_one.events
    changed = (state for state in left.values() if state is not None)
    return replace(first, states=tuple(changed), events=events)


def _by_ref(decision: Decision) -> dict[AnyRef, State]:
    return {Ref(type(state), state.id): state for state in decision.states}


def _declined(case: Case, reason: str, now: datetime) -> Decision:
    case = replace(case, offer=case.offer.count_outcome(declined=1))
    match = case.match.change_to("declined", now, reason=reason)
    return freed(case, match, match.build_fact(MatchDeclined, reason=reason), exclude="donor")


def _others_proposed(states: States, case: Case) -> list[Match]:
    found = (states.get(Match, id_) for id_ in case.need.matches if id_ != case.match.id)
    donor = case.match.donor_id
    return [m for m in found if m and m.state == "proposed" and m.donor_id == donor]


def touches_due(command: Command[ProposalDue]) -> tuple[AnyRef, ...]:
    return case_refs(command.data.aggregate_id)


def follow_due(states: States, command: Command[ProposalDue]) -> tuple[AnyRef, ...]:
    return follow_case(states, command.data.aggregate_id)


def decide_due(states: States, command: Command[ProposalDue], now: datetime) -> Decision:
    case = case_of(states, command.data.aggregate_id)
    if case is None or case.match.state != "proposed":
        return NOTHING
    if case.match.due_at != command.data.due_at or now < command.data.due_at:
        return NOTHING
    case = replace(case, offer=case.offer.count_outcome(expired=1))
    match = case.match.change_to("expired", now)
    return freed(case, match, match.build_fact(MatchExpired), exclude="donor")
