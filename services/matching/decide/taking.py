"""What proposals and claims share: why an offer may not serve a need, and what sets it aside."""

from datetime import datetime
from typing import Literal

from services.matching.decide.relations import is_related, relation_refs
from services.matching.decide.unknown import NO_SUCH
from services.matching.model import campaign as campaigns
from services.matching.model.campaign import Campaign
from services.matching.model.fit import fits
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared.messaging.decision import Answer, AnyRef, Ref, State, States, refusal

Way = Literal["push", "claim"]

OBSTACLES: dict[str, tuple[str, str]] = {
    "unknown": ("没有这项诉求或资源", "no such request or offer"),
    "need_not_open": ("这项诉求已不再开放", "the request is not open any more"),
    "offer_not_open": ("这项资源现在不可用", "the offer is not open now"),
    "not_for_claim": ("这项资源只由平台推荐，不能自行认领", "the offer is proposed, not claimed"),
    "not_for_push": ("这项资源只由捐赠方自行认领", "the offer is claimed by its donor alone"),
    "number_taken": ("这项对接已经提出过", "it was proposed already"),
    "offer_excluded": ("这项资源已不再用于这项诉求", "the offer is not asked again for it"),
    "fund_excluded": ("这个基金不能支付这项诉求", "the fund cannot pay for this request"),
    "donor_excluded": ("捐赠方已婉拒这项诉求", "the donor said no to this request"),
    "related_party": (
        "受助人是基金管理人的利害关系人，不能由该基金资助",
        "the person is a related party of the fund",
    ),
    "unit_differs": ("单位或物品与诉求不符", "another unit or item than the request's"),
    "does_not_fit": ("这项诉求不在资源的服务范围内", "the request is not what the offer is for"),
    "need_exceeded": ("超过诉求尚需的数量", "more than the request still needs"),
    "offer_exceeded": ("超过资源可用的数量", "more than the offer still has"),
    "cap_exceeded": ("超过每项诉求的上限", "more than the offer gives to one request"),
    "cases_exceeded": ("同时服务的诉求已达上限", "the offer serves as many as it may"),
    "campaign_unknown": NO_SUCH["campaign"],
    "campaign_not_on": ("专项行动不在进行期间", "the campaign is not on"),
    "donor_not_in_campaign": ("捐赠方未加入专项行动", "the donor is not in the campaign"),
    "need_not_in_campaign": ("这项诉求不属于专项行动", "the request is not in the campaign"),
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
    cap = offer.cap_per_request
    checks = {
        "need_not_open": need.state != "open",
        "offer_not_open": not offer.is_open(now),
        f"not_for_{way}": offer.mode not in (way, "both"),
        "offer_excluded": offer.id in need.excluded_offers,
        "fund_excluded": offer.fund_id in need.excluded_funds,
        "donor_excluded": offer.donor_id in need.excluded_donors,
        "related_party": is_related(states, offer.fund_id, need.person_id),
        "unit_differs": (offer.unit, offer.item) != (need.unit, need.item),
        "does_not_fit": not fits(offer, need),
        "need_exceeded": quantity > need.remaining,
        "offer_exceeded": quantity > offer.free,
        "cap_exceeded": cap is not None and need.compute_share(offer.id) + quantity > cap,
        "cases_exceeded": offer.cases_free == 0,
    }
    found = next((code for code, stands in checks.items() if stands), "")
    return found or campaigns.find_campaign_obstacle(
        _campaign(states, offer), offer, need, quantity, now
    )


def taken(states: States, match: Match, need: Need, offer: Offer) -> tuple[State, ...]:
    """The states once it is set aside; the match first."""
    budget = _campaign(states, offer) if match.is_money else None
    need = need.with_match(match.id, match.quantity, budget.id if budget else None)
    holding = (budget.reserve(match.quantity),) if budget else ()
    return (match, offer.reserve(match.quantity), need, *holding)


def _campaign(states: States, offer: Offer) -> Campaign | None:
    return states.get(Campaign, offer.campaign_id) if offer.campaign_id else None
