"""A donor takes from the menu: proposed and accepted in one decision."""

from datetime import datetime

from services.matching.decide.cases import told
from services.matching.decide.proposals import accepted
from services.matching.decide.taking import behind, obstacle, refused, taken
from services.matching.model.match import ClaimNeed, Match, Scope, build_proposal
from services.matching.model.match_id import build_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.contracts.events import MatchProposed
from shared.messaging.decision import AnyRef, Command, Decision, Ref, States


def touches_claim(command: Command[ClaimNeed]) -> tuple[AnyRef, ...]:
    return Ref(Need, command.data.request_id), Ref(Offer, command.data.offer_id)


def follow_claim(states: States, command: Command[ClaimNeed]) -> tuple[AnyRef, ...]:
    """The match it would be, and what stands behind the offer."""
    said = command.data
    need, offer = states.get(Need, said.request_id), states.get(Offer, said.offer_id)
    if need is None or offer is None:
        return ()
    return (Ref(Match, _next_match(need, offer)), *behind(states, offer.id))


def decide_claim(states: States, command: Command[ClaimNeed], now: datetime) -> Decision:
    """Several donors may each take a part: what remains is decided here, one after another."""
    said = command.data
    need, offer = states.get(Need, said.request_id), states.get(Offer, said.offer_id)
    if need is None or offer is None or not _sees(said.scope, need, offer):
        return Decision(answer=refused("unknown"))
    if code := obstacle(states, need, offer, said.quantity, "claim", now):
        return Decision(answer=refused(code))
    proposed = build_proposal(_next_match(need, offer), need, offer, said.quantity, now, now)
    match, answered = accepted(proposed, command.principal, now)
    asked = match.build_fact(MatchProposed, expires_at=now, claimed=True)
    return Decision(
        taken(states, match, need, offer), ((match, asked), *answered), told(match, 201)
    )


def _next_match(need: Need, offer: Offer) -> str:
    return build_match_id(need.id, offer.id, need.proposals + 1)


def _sees(scope: Scope, need: Need, offer: Offer) -> bool:
    where = need.village_code or need.town_code
    return where.startswith(scope.area) and scope.source in (None, offer.source)
