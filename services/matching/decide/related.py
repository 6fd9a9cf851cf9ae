"""A match with somebody who has become a related party of its fund: it falls, unpaid."""

from dataclasses import replace
from datetime import datetime

from services.matching.decide.cases import case_of, case_refs, freed, match_in
from services.matching.decide.relations import is_related, relation_refs
from services.matching.decide.taking import refused
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from shared.contracts.events import MatchReleased
from shared.messaging.decision import AnyRef, Decision, Ref, States


def behind_money(states: States, match_id: str) -> tuple[AnyRef, ...]:
    """To follow from a match: what it takes to let it fall; none where no fund's money is in it."""
    match = match_in(states, match_id)
    if match is None or not match.is_money:
        return ()
    budget = (Ref(Campaign, match.campaign_id),) if match.campaign_id else ()
    return (*case_refs(match_id), *relation_refs(match.fund_id), *budget)


def is_kept_from_money(states: States, match: Match) -> bool:
    return match.is_money and is_related(states, match.fund_id, match.person_id)


def kept_from_fund(states: States, match: Match, now: datetime) -> Decision:
    """The need looks elsewhere."""
    case = case_of(states, match.id)
    assert case is not None, "the match was read just now"
    if match.state == "delivered":
        case = replace(case, offer=case.offer.take_back(match.quantity))
    fallen = match.change_to("released", now, reason="related_party")
    fact = fallen.build_fact(MatchReleased, reason="refused_by_fund")
    return replace(freed(case, fallen, fact, exclude="fund"), answer=refused("related_party"))
