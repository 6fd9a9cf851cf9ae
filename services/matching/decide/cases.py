"""What decisions on a match share: reading it, reserving for it, freeing it, answering."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.matching.eligibility import CAMPAIGN, find_obstacle
from services.matching.messages import (
    MATCH_STATES,
    MATCH_UNKNOWN,
    NEED_NOT_OPEN,
    OFFER_NOT_FOR_CLAIM,
    OFFER_NOT_FOR_PROPOSAL,
    OFFER_NOT_OPEN,
    OWN_REQUEST,
    PAYMENT_UNSETTLED,
    RELATED_PARTY,
)
from services.matching.model.campaign import (
    Campaign,
    find_campaign_obstacle,
    find_covering,
)
from services.matching.model.consent import StandingConsent, build_consent_id
from services.matching.model.funds import KnownFund
from services.matching.model.match import Match
from services.matching.model.match_id import parse_match_id
from services.matching.model.need import Namesakes, Need, build_namesakes_id
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations, JoinedPersons, PersonVouchers
from services.matching.solver.interface import OpenNeed
from shared.contracts.events import MatchFact, MatchReleased, OfferPaused
from shared.errors import Message
from shared.messaging.decision import Answer, AnyRef, Decision, Ref, State, States

Way = Literal["push", "claim"]
NOT_THIS_WAY = {"push": OFFER_NOT_FOR_PROPOSAL, "claim": OFFER_NOT_FOR_CLAIM}

# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """A match and what is behind it. campaign: whose budget holds the money, if any does.

    consent: which said yes to it, and counts it in its month.
    """

    match: Match
    offer: Offer
    need: Need
    campaign: Campaign | None = None
    consent: StandingConsent | None = None


def get_match(states: States, match_id: str) -> Match | None:
    """Raises Invalid when it is no match id."""
    parse_match_id(match_id)
    return states.get(Match, match_id)


def get_match_with_offer(states: States, match_id: str) -> tuple[Match, Offer] | None:
    """Raises Invalid when it is no match id."""
    offer_id = parse_match_id(match_id).offer_id
    match, _ = states.get_each((Match, match_id), (Offer, offer_id))
    return (match, states.require(Offer, offer_id)) if match else None


def get_case(states: States, match_id: str) -> Case | None:
    """Raises Invalid when it is no match id."""
    parts = parse_match_id(match_id)
    match, _, _ = states.get_each(
        (Match, match_id), (Offer, parts.offer_id), (Need, parts.request_id)
    )
    return require_case(states, match) if match else None


def require_case(states: States, match: Match) -> Case:
    consent_ref = _find_consent_ref(match)
    consents = (consent_ref,) if consent_ref else ()
    states.prefetch(Ref(Offer, match.offer_id), Ref(Need, match.request_id), *consents)
    need = states.require(Need, match.request_id)
    campaign_id = need.paid_by.get(match.id)
    campaign = states.require(Campaign, campaign_id) if campaign_id else None
    consent = states.require(StandingConsent, consent_ref.id) if consent_ref else None
    return Case(match, states.require(Offer, match.offer_id), need, campaign, consent)


def _find_consent_ref(match: Match) -> Ref[StandingConsent] | None:
    if not match.by_consent:
        return None
    of = match.donor_id if match.by_consent == "donor" else match.mandate_id
    return Ref(StandingConsent, build_consent_id(match.by_consent, of or ""))


def is_related(states: States, fund_id: str | None, person_id: str) -> bool:
    """Whether this person may not receive from this fund, by whichever of his records."""
    fund = states.get(FundRelations, fund_id) if fund_id else None
    if fund is None or not fund.relations:
        return False
    return any(fund.find(id_) is not None for id_ in _list_records(states, person_id))


def is_own(states: States, donor_id: str, person_id: str) -> bool:
    """Whether the donor is the person who asks, by whichever of the records."""
    return donor_id in _list_records(states, person_id)


def is_party(states: States, match: Match, principal: str) -> bool:
    """Whether he had a hand in it, or met the person for any request."""
    return match.is_by(principal) or has_vouched(states, principal, match.person_id)


def has_vouched(states: States, principal: str, person_id: str) -> bool:
    """Whether he met the person for any request, by whichever of the records."""
    vouchers = states.get_many(PersonVouchers, _list_records(states, person_id))
    return any(principal in each.vouched_by for each in vouchers.values())


def _list_records(states: States, person_id: str) -> set[str]:
    joined = states.get(JoinedPersons, person_id)
    return {person_id, *(joined.person_ids if joined else ())}


def looks_related(states: States, fund_id: str | None, need: Need) -> bool:
    """Whether a related party of the fund is called the same in the same town, and nobody has said
    yet that this is another person."""
    namesakes_id = build_namesakes_id(need)
    if fund_id is None or namesakes_id is None:
        return False
    fund, namesakes = states.get_each((FundRelations, fund_id), (Namesakes, namesakes_id))
    if fund is None or namesakes is None or fund.is_cleared(need.person_id):
        return False
    others = (id_ for id_ in namesakes.person_ids if id_ != need.person_id)
    return any(fund.find(id_) is not None for id_ in others)


# --- reserving ----------------------------------------------------------------------------------


def find_refusal(
    states: States, need: Need, offer: Offer, quantity: int, way: Way, now: datetime
) -> Message | None:
    """Why this offer may not serve this need now; None when it may."""
    states.prefetch(*list_rule_refs(offer), Ref(JoinedPersons, need.person_id))
    checks = (
        (NEED_NOT_OPEN, need.state != "open"),
        (OFFER_NOT_OPEN, not offer.is_open(now)),
        (NOT_THIS_WAY[way], offer.mode not in (way, "both")),
        (PAYMENT_UNSETTLED, bool(need.unsettled) and quantity > need.remaining),
    )
    if message := next((message for message, stands in checks if stands), None):
        return message
    campaign = _get_campaign(states, offer)
    rule = find_obstacle(_to_open(states, need, offer, campaign), offer.to_open(), quantity)
    if rule is not None and rule is not CAMPAIGN:
        return rule.refusal
    return find_campaign_obstacle(campaign, offer, quantity, now, is_member=rule is None)


def _to_open(states: States, need: Need, offer: Offer, campaign: Campaign | None) -> OpenNeed:
    """As far as this offer's fund and campaign are concerned."""
    fund = states.get(KnownFund, offer.fund_id) if offer.fund_id else None
    related = offer.fund_id and is_related(states, offer.fund_id, need.person_id)
    return need.to_open(
        tier=need.tier,
        related_funds=(offer.fund_id,) if offer.fund_id and related else (),
        campaigns=find_covering(need, (campaign,) if campaign else ()),
        barred_funds=(fund.id,) if fund and not fund.may_pay_for(need) else (),
        own_donors=(offer.donor_id,) if is_own(states, offer.donor_id, need.person_id) else (),
    )


def list_rule_refs(offer: Offer) -> tuple[AnyRef, ...]:
    """What beside need and offer decides: the fund's related parties and terms, the campaign."""
    fund = offer.fund_id
    relations = (Ref(FundRelations, fund), Ref(KnownFund, fund)) if fund else ()
    campaign = (Ref(Campaign, offer.campaign_id),) if offer.campaign_id else ()
    return (*relations, *campaign)


def _get_campaign(states: States, offer: Offer) -> Campaign | None:
    return states.get(Campaign, offer.campaign_id) if offer.campaign_id else None


def reserve(states: States, match: Match, need: Need, offer: Offer) -> tuple[State, ...]:
    """The states once the match is set aside; the match first."""
    campaign = _get_campaign(states, offer) if match.is_money else None
    need = need.with_match(match.id, match.quantity, campaign.id if campaign else None)
    budget = (campaign.reserve(match.quantity),) if campaign else ()
    return (match, offer.reserve(match.quantity), need, *budget)


# --- freeing ------------------------------------------------------------------------------------


def free(
    case: Case,
    match: Match,
    fact: MatchFact,
    *,
    exclude: Literal["fund", "offer", "donor"] | None = None,
    is_silence: bool = False,
) -> Decision:
    """The match fell: offer, budget and standing consent have its quantity again, the need looks
    for the rest.

    Money that was paid for it in instalments is gone, and not asked for anew before that is
    settled. match: as it is now. exclude: who is not asked again for this need. is_silence: its
    donor did not answer, so others are asked before him.
    """
    spent = match.spent_fen
    offer = case.offer.release(match.quantity, spent)
    need = case.need.without_match(match.id).with_unsettled(match.id, spent)
    if exclude == "fund" and match.fund_id:
        need = need.exclude_fund(match.fund_id)
    elif exclude in ("fund", "offer"):
        need = need.exclude_offer(match.offer_id)
    elif exclude == "donor":
        need = need.exclude_donor(match.donor_id)
    elif is_silence:
        need = need.record_silence(match.donor_id, match.changed_at)
    unspent = match.quantity - spent
    budget = (case.campaign.release(unspent),) if case.campaign else ()
    consent = (case.consent.give_back(match, unspent),) if case.consent else ()
    changed = (match, offer, need, *budget, *consent)
    return Decision(changed, ((match, fact),), answer_match(match))


def pause_freed_offer(decision: Decision) -> Decision:
    """With the offer paused that it frees: its money can be promised no more."""
    offer = next(state for state in decision.states if isinstance(state, Offer))
    if offer.state != "open":
        return decision
    paused = offer.pause()
    states = tuple(paused if state is offer else state for state in decision.states)
    return replace(decision, states=states, events=(*decision.events, (paused, OfferPaused())))


def release_related(states: States, match: Match, now: datetime) -> Decision:
    """The person has become a related party of the fund: unpaid, the need looks elsewhere."""
    case = require_case(states, match)
    if match.state == "delivered":
        case = replace(case, offer=case.offer.take_back(match.quantity))
    released = match.change_to("released", now, reason="related_party")
    fact = released.build_fact(MatchReleased, reason="refused_by_fund", promised=match.is_promised)
    decision = free(case, released, fact, exclude="fund")
    return replace(decision, answer=RELATED_PARTY.refusal(409))


def release_own(states: States, match: Match, now: datetime) -> Decision:
    """The donor has turned out to be the person who asks: the need looks elsewhere."""
    case = require_case(states, match)
    released = match.change_to("released", now, reason="own_request")
    fact = released.build_fact(MatchReleased, reason="offer_withdrawn", promised=match.is_promised)
    decision = free(case, released, fact, exclude="donor")
    return replace(decision, answer=OWN_REQUEST.refusal(409))


# --- answering ----------------------------------------------------------------------------------


def answer_match(match: Match, status: int = 200) -> Answer:
    body = {
        "match_id": match.id,
        "state": match.state,
        "unit": match.unit,
        "quantity": match.quantity,
        "item": match.item,
    }
    return Answer(status, body)


def refuse_unknown() -> Decision:
    return Decision(answer=MATCH_UNKNOWN.refusal(404))


def refuse_state(match: Match) -> Decision:
    """409 with the state it is in."""
    return Decision(answer=MATCH_STATES[match.state].refusal(409))
