"""A match with the offer and the need behind it: what every decision on a match reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.matching.decide.unknown import no_such
from services.matching.model.campaign import Campaign
from services.matching.model.match import STATE_LABELS, Match
from services.matching.model.match_id import is_match_id, parse_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import MatchFact
from shared.messaging.decision import Answer, AnyRef, Decision, Ref, States, refusal


@dataclass(frozen=True, slots=True)
class Case:
    """campaign: whose budget holds the money, if any does."""

    match: Match
    offer: Offer
    need: Need
    campaign: Campaign | None = None


def match_refs(match_id: str) -> tuple[AnyRef, ...]:
    """Where neither offer nor need changes; none when it is no match id."""
    return (Ref(Match, match_id),) if is_match_id(match_id) else ()


def case_refs(match_id: str) -> tuple[AnyRef, ...]:
    """None when it is no match id: `decide` then says so."""
    if not is_match_id(match_id):
        return ()
    parts = parse_match_id(match_id)
    return Ref(Match, match_id), Ref(Offer, parts.offer_id), Ref(Need, parts.request_id)


def paying(need: Need | None) -> tuple[AnyRef, ...]:
    """The campaigns whose budgets hold something for this need."""
    return tuple(Ref(Campaign, id_) for id_ in sorted(set(need.paid_by.values()))) if need else ()


def follow_case(states: States, match_id: str) -> tuple[AnyRef, ...]:
    """Whoever may free the match follows to the budget that holds its money."""
    if not is_match_id(match_id):
        return ()
    return paying(states.get(Need, parse_match_id(match_id).request_id))


def match_in(states: States, match_id: str) -> Match | None:
    """To follow from: None also where it is no match id."""
    return states.get(Match, match_id) if is_match_id(match_id) else None


def match_of(states: States, match_id: str) -> Match | None:
    """Raises Invalid when it is no match id."""
    parse_match_id(match_id)
    return states.get(Match, match_id)


def case_of(states: States, match_id: str) -> Case | None:
    """Raises Invalid when it is no match id."""
    parts = parse_match_id(match_id)
    match = states.get(Match, match_id)
    if match is None:
        return None
    offer, need = states.get(Offer, parts.offer_id), states.get(Need, parts.request_id)
    assert offer is not None, "a match without its offer"
    assert need is not None, "a match without its need"
    paid_by = need.paid_by.get(match_id)
    return Case(match, offer, need, states.get(Campaign, paid_by) if paid_by else None)


def freed(
    case: Case,
    match: Match,
    fact: MatchFact,
    *,
    exclude: Literal["fund", "donor"] | None = None,
) -> Decision:
    """The match fell: offer and budget have its quantity again, the need looks for the rest."""
    offer = case.offer.release(match.quantity)
    need = case.need.without_match(match.id)
    if exclude == "fund" and match.fund_id:
        need = need.exclude_fund(match.fund_id)
    elif exclude == "fund":
        need = need.exclude_offer(match.offer_id)
    elif exclude == "donor":
        need = need.exclude_donor(match.donor_id)
    budget = (case.campaign.release(match.quantity),) if case.campaign else ()
    return Decision((match, offer, need, *budget), ((match, fact),), told(match))


def told(match: Match, status: int = 200) -> Answer:
    body: Mapping[str, Any] = {
        "match_id": match.id,
        "state": match.state,
        "unit": match.unit,
        "quantity": match.quantity,
        "item": match.item,
    }
    return Answer(status, body)


def unknown() -> Decision:
    return Decision(answer=no_such("match"))


def not_now(match: Match) -> Decision:
    """409 with the state it is in."""
    label = STATE_LABELS[match.state]
    zh, en = f"这项对接的状态是“{label}”，不能这样处理", f"the match is {match.state}"
    return Decision(answer=refusal(409, f"match_{match.state}", zh, en))
