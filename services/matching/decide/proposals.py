"""Decisions before a gift stands: proposed or claimed, accepted, declined, expired."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.matching.decide.cases import (
    Case,
    answer_match,
    find_refusal,
    free,
    get_case,
    get_match,
    is_own,
    is_related,
    list_rule_refs,
    looks_related,
    refuse_state,
    refuse_unknown,
    release_own,
    release_related,
    reserve,
)
from services.matching.decide.consents import find_word
from services.matching.decide.donor_digests import count_consented, count_news
from services.matching.decide.funds import list_mandate_refs
from services.matching.messages import MATCH_STATES, NAMESAKE_UNCHECKED, NUMBER_TAKEN, PAIR_UNKNOWN
from services.matching.model.campaign import Campaign
from services.matching.model.consent import StandingConsent, list_consent_refs
from services.matching.model.donor_digest import DigestRules, DonorDigest
from services.matching.model.match import (
    AcceptMatch,
    ClaimNeed,
    DeclineMatch,
    Match,
    ProposalDue,
    Propose,
    build_proposal,
)
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import JoinedPersons
from shared.calendar import add_counted_time
from shared.contracts.events import (
    MatchAccepted,
    MatchCommitted,
    MatchDeclined,
    MatchExpired,
    MatchFact,
    MatchProposed,
    MatchReminded,
)
from shared.errors import Message
from shared.messaging.decision import NOTHING, AnyRef, Command, Decision, Ref, State, States

S = TypeVar("S", bound=State)

# --- proposed, claimed --------------------------------------------------------------------------


def decide_propose(
    rules: DigestRules, states: States, command: Command[Propose], now: datetime
) -> Decision:
    """A round is advice: what remains, of the offer and of the need, is decided here."""
    propose = command.data
    match_id = build_match_id(propose.request_id, propose.offer_id, propose.number)
    need, offer, _ = states.get_each(
        (Need, propose.request_id), (Offer, propose.offer_id), (Match, match_id)
    )
    if need is None or offer is None:
        return Decision(answer=PAIR_UNKNOWN.refusal(404))
    if propose.number <= need.proposals:
        return Decision(answer=NUMBER_TAKEN.refusal(409))
    states.prefetch(
        *list_rule_refs(offer),
        *list_mandate_refs(offer),
        *list_consent_refs(offer.donor_id, offer.mandate_id),
        Ref(DonorDigest, offer.donor_id),
        Ref(JoinedPersons, need.person_id),
    )
    if reason := find_refusal(states, need, offer, propose.quantity, "push", now):
        return Decision(answer=reason.refusal(409))
    expires_at = add_counted_time(now, propose.lifetime_s)
    remind_at = _find_reminder(propose, now)
    match = build_proposal(match_id, need, offer, propose.quantity, now, expires_at, remind_at)
    match = match.model_copy(update={"round_number": propose.round_number})
    word = find_word(states, match, need, offer, now)
    if word.consent is not None:
        return _accept_by_consent(rules, states, (match, need, offer), word.consent, now)
    if word.waits:
        match = match.model_copy(update={"waits_for": "namesake"})
    digests = count_news(states, rules, offer.donor_id, "proposed", now)
    fact = match.build_fact(MatchProposed, expires_at=expires_at, gathered=rules.is_on)
    changed = (*reserve(states, match, need, offer), *digests)
    return Decision(changed, ((match, fact),), answer_match(match, 201))


def _accept_by_consent(
    rules: DigestRules,
    states: States,
    case: tuple[Match, Need, Offer],
    consent: StandingConsent,
    now: datetime,
) -> Decision:
    """Proposed and accepted in one decision; the donor hears of it together with others."""
    match, need, offer = case
    match = match.model_copy(update={"by_consent": consent.kind, "expires_at": now})
    proposed = match.build_fact(MatchProposed, expires_at=now, gathered=True)
    match, facts = _accept(match, f"consent:{consent.id}", now)
    digest = count_consented(states, rules, match.donor_id, consent.kind, now)
    changed = (*reserve(states, match, need, offer), consent.count(match, now), digest)
    events = tuple((match, fact) for fact in (proposed, *facts))
    return Decision(changed, events, answer_match(match, 201))


def _find_reminder(propose: Propose, now: datetime) -> datetime | None:
    until_then_s = propose.lifetime_s - propose.reminder_s
    if not propose.reminder_s or until_then_s <= 0:
        return None
    return add_counted_time(now, until_then_s)


def decide_claim(states: States, command: Command[ClaimNeed], now: datetime) -> Decision:
    """A donor takes from the menu: proposed and accepted in one decision.

    Several donors may each take a part: what remains is decided here, one after another.
    """
    claim = command.data
    pair = get_claimable(states, claim)
    if pair is None:
        return Decision(answer=PAIR_UNKNOWN.refusal(404))
    need, offer = pair
    match_id = build_match_id(need.id, offer.id, need.proposals + 1)
    states.prefetch(
        Ref(Match, match_id), *list_rule_refs(offer), Ref(JoinedPersons, need.person_id)
    )
    if reason := find_claim_refusal(states, need, offer, claim.quantity, now):
        return Decision(answer=reason.refusal(409))
    proposal = build_proposal(match_id, need, offer, claim.quantity, now, now)
    proposed = proposal.build_fact(MatchProposed, expires_at=now, claimed=True)
    match, facts = _accept(proposal, command.principal, now)
    events = tuple((match, fact) for fact in (proposed, *facts))
    return Decision(reserve(states, match, need, offer), events, answer_match(match, 201))


def get_claimable(states: States, claim: ClaimNeed) -> tuple[Need, Offer] | None:
    """What is claimed and from what, where the caller may know both."""
    need, offer = states.get_each((Need, claim.request_id), (Offer, claim.offer_id))
    if need is None or offer is None:
        return None
    in_area = claim.scope.sees_place(need.town_code, need.village_code)
    return (need, offer) if in_area and claim.scope.sees_owner(offer.source) else None


def find_claim_refusal(
    states: States, need: Need, offer: Offer, quantity: int, now: datetime
) -> Message | None:
    if reason := find_refusal(states, need, offer, quantity, "claim", now):
        return reason
    return NAMESAKE_UNCHECKED if looks_related(states, offer.fund_id, need) else None


# --- accepted -----------------------------------------------------------------------------------


def decide_accept(states: States, command: Command[AcceptMatch], now: datetime) -> Decision:
    match = get_match(states, command.data.match_id)
    if match is None or not match.is_seen(command.data.scope):
        return refuse_unknown()
    if match.state != "proposed":
        return refuse_state(match)
    if now >= match.expires_at:
        return Decision(answer=MATCH_STATES["expired"].refusal(409))
    if is_own(states, match.donor_id, match.person_id):
        return release_own(states, match, now)
    if is_related(states, match.fund_id, match.person_id):
        return release_related(states, match, now)
    if looks_related(states, match.fund_id, states.require(Need, match.request_id)):
        waiting = match.model_copy(update={"waits_for": "namesake"})
        return Decision((waiting,), answer=NAMESAKE_UNCHECKED.refusal(409))
    match, facts = _accept(match, command.principal, now)
    return Decision((match,), tuple((match, fact) for fact in facts), answer_match(match))


def _accept(match: Match, principal: str, now: datetime) -> tuple[Match, tuple[MatchFact, ...]]:
    """Money now waits for audit's commitment; goods stand at once."""
    match = match.model_copy(update={"accepted_by": principal, "waits_for": ""})
    accepted = match.build_fact(
        MatchAccepted, offer_source=match.source, by_consent=match.by_consent or None
    )
    if match.is_money:
        match = match.change_to("accepted", now)
        return match, (accepted,)
    match = match.change_to("committed", now)
    return match, (accepted, match.build_fact(MatchCommitted))


# --- declined -----------------------------------------------------------------------------------


def decide_decline(states: States, command: Command[DeclineMatch], now: datetime) -> Decision:
    """A no is a no to the request: none of the donor's offers stays proposed for it."""
    case = get_case(states, command.data.match_id)
    if case is None or not case.match.is_seen(command.data.scope):
        return refuse_unknown()
    if case.match.state != "proposed":
        return refuse_state(case.match)
    others = _list_others_proposed(states, case)
    return _decline_all(states, case, others, command.data.reason, now)


def _list_others_proposed(states: States, case: Case) -> list[Match]:
    """The other matches of the need that wait for the same donor, their cases loaded with them."""
    ids = [id_ for id_ in case.need.matches if id_ != case.match.id]
    others = [
        match
        for match in states.get_many(Match, ids).values()
        if match.state == "proposed" and match.donor_id == case.match.donor_id
    ]
    paid_by = [case.need.paid_by[match.id] for match in others if match.id in case.need.paid_by]
    states.prefetch(
        *(Ref(Offer, match.offer_id) for match in others), *(Ref(Campaign, id_) for id_ in paid_by)
    )
    return others


def _decline_all(
    states: States, case: Case, others: Sequence[Match], reason: str, now: datetime
) -> Decision:
    """Each is freed from what the one before it left."""
    first = _decline(case, reason, now)
    changed, events = _index_by_ref(first), first.events
    for match in others:
        decision = _decline(_get_changed_case(states, changed, match), reason, now)
        changed |= _index_by_ref(decision)
        events += decision.events
    return replace(first, states=tuple(changed.values()), events=events)


def _decline(case: Case, reason: str, now: datetime) -> Decision:
    case = replace(case, offer=case.offer.count_outcome(declined=1))
    match = case.match.change_to("declined", now, reason=reason)
    return free(case, match, match.build_fact(MatchDeclined, reason=reason), exclude="donor")


def _get_changed_case(states: States, changed: dict[AnyRef, State], match: Match) -> Case:
    def get_newest(kind: type[S], id_: str) -> S:
        state = changed.get(Ref(kind, id_))
        return state if isinstance(state, kind) else states.require(kind, id_)

    need = get_newest(Need, match.request_id)
    campaign_id = need.paid_by.get(match.id)
    campaign = get_newest(Campaign, campaign_id) if campaign_id else None
    return Case(match, get_newest(Offer, match.offer_id), need, campaign)


def _index_by_ref(decision: Decision) -> dict[AnyRef, State]:
    return {Ref(type(state), state.id): state for state in decision.states}


# --- reminded, expired --------------------------------------------------------------------------


def decide_proposal_due(
    rules: DigestRules, states: States, command: Command[ProposalDue], now: datetime
) -> Decision:
    """Silence is no decline: nobody is excluded for it."""
    case = get_case(states, command.data.aggregate_id)
    if case is None or case.match.state != "proposed":
        return NOTHING
    if case.match.due_at != command.data.due_at or now < command.data.due_at:
        return NOTHING
    if now < case.match.expires_at:
        return _remind(states, rules, case.match, now)
    digests = count_news(states, rules, case.match.donor_id, "expired", now)
    case = replace(case, offer=case.offer.count_outcome(expired=1))
    match = case.match.change_to("expired", now)
    fact = match.build_fact(MatchExpired, gathered=rules.is_on)
    freed = free(case, match, fact, is_silence=True)
    return replace(freed, states=(*freed.states, *digests))


def _remind(states: States, rules: DigestRules, match: Match, now: datetime) -> Decision:
    """Its next deadline is its end."""
    digests = count_news(states, rules, match.donor_id, "reminded", now)
    match = match.model_copy(update={"due_at": match.expires_at})
    fact = match.build_fact(MatchReminded, expires_at=match.expires_at, gathered=rules.is_on)
    return Decision((match, *digests), ((match, fact),))
