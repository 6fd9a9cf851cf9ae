"""What proposals and claims share: why an offer may not serve a need, and what sets it aside."""

from datetime import datetime
from typing import Literal

from services.matching.decide.relations import is_related, relation_refs
from services.matching.decide.unknown import NO_SUCH
from services.matching.eligibility import CAMPAIGN, RULES, find_obstacle
from services.matching.model import campaign as campaigns
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.interface import OpenNeed
from shared.messaging.decision import Answer, AnyRef, Ref, State, States, refusal

Way = Literal["push", "claim"]

OBSTACLES: dict[str, tuple[str, str]] = {
    "unknown": ("没有这项诉求或资源", "no such request or offer"),
    "need_not_open": ("这项诉求已不再开放", "the request is not open any more"),
    "offer_not_open": ("这项资源现在不可用", "the offer is not open now"),
    "not_for_claim": ("这项资源只由平台推荐，不能自行认领", "the offer is proposed, not claimed"),
    "not_for_push": ("这项资源只由捐赠方自行认领", "the offer is claimed by its donor alone"),
    "number_taken": ("这项对接已经提出过", "it was proposed already"),
    **{rule.refusal.code: (rule.refusal.zh, rule.refusal.en) for rule in RULES},
    "campaign_unknown": NO_SUCH["campaign"],
    "campaign_not_on": ("专项行动不在进行期间", "the campaign is not on"),
    "donor_not_in_campaign": ("捐赠方未加入专项行动", "the donor is not in the campaign"),
    "campaign_budget": ("超过专项行动的预算", "more than the campaign's budget"),
}


def refused(code: str) -> Answer:
    return refusal(404 if code == "unknown" else 409, code, *OBSTACLES[code])


def behind(states: States, offer_id: str) -> tuple[AnyRef, ...]:
    """To follow from an offer that was touched: its fund's related parties, its campaign."""
    offer = states.get(Offer, offer_id)
    if offer is None:
        return ()
    campaign = (Ref(Campaign, offer.campaign_id),) if offer.campaign_id else ()
    return (*relation_refs(offer.fund_id), *campaign)


def obstacle(
    states: States, need: Need, offer: Offer, quantity: int, way: Way, now: datetime
) -> str:
    """Why not, as a code of OBSTACLES; empty when nothing stands in the way."""
    checks = {
        "need_not_open": need.state != "open",
        "offer_not_open": not offer.is_open(now),
        f"not_for_{way}": offer.mode not in (way, "both"),
    }
    if code := next((code for code, stands in checks.items() if stands), ""):
        return code
    campaign = _campaign(states, offer)
    rule = find_obstacle(_to_open(states, need, offer, campaign), offer.to_open(), quantity)
    if rule is not None and rule is not CAMPAIGN:
        return rule.refusal.code
    return campaigns.find_campaign_obstacle(campaign, offer, quantity, now, is_member=rule is None)


def _to_open(states: States, need: Need, offer: Offer, campaign: Campaign | None) -> OpenNeed:
    """As far as this offer's fund and campaign are concerned."""
    is_kept = offer.fund_id and is_related(states, offer.fund_id, need.person_id)
    return need.to_open(
        tier=need.tier,
        related_funds=(offer.fund_id,) if offer.fund_id and is_kept else (),
        campaigns=campaigns.find_covering(need, (campaign,) if campaign else ()),
    )


def taken(states: States, match: Match, need: Need, offer: Offer) -> tuple[State, ...]:
    """The states once it is set aside; the match first."""
    budget = _campaign(states, offer) if match.is_money else None
    need = need.with_match(match.id, match.quantity, budget.id if budget else None)
    holding = (budget.reserve(match.quantity),) if budget else ()
    return (match, offer.reserve(match.quantity), need, *holding)


def _campaign(states: States, offer: Offer) -> Campaign | None:
    return states.get(Campaign, offer.campaign_id) if offer.campaign_id else None
