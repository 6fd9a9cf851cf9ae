"""Decisions on campaigns: created, joined by donors and requests, ended."""

from datetime import datetime

from services.matching.decide.unknown import no_such
from services.matching.model.campaign import (
    Campaign,
    CreateCampaign,
    EndCampaign,
    JoinDonors,
    JoinRequests,
)
from services.matching.model.need import Need
from shared.errors import Invalid
from shared.messaging.decision import (
    Answer,
    AnyRef,
    Command,
    Decision,
    Ref,
    States,
    refusal,
)


def touches_create(command: Command[CreateCampaign]) -> tuple[AnyRef, ...]:
    return (Ref(Campaign, command.data.campaign_id),)


def decide_create(states: States, command: Command[CreateCampaign], now: datetime) -> Decision:
    """Raises Invalid when the period is none, or over."""
    said = command.data
    if states.get(Campaign, said.campaign_id) is not None:
        zh, en = "已有这个编号的专项行动", "there is a campaign of this id"
        return Decision(answer=refusal(409, "campaign_exists", zh, en, "campaign_id"))
    check_period(said.terms.starts_at, said.terms.ends_at, now)
    donors = tuple(dict.fromkeys(said.terms.donor_ids))
    terms = said.terms.model_dump(exclude={"donor_ids", "criteria"})
    campaign = Campaign(
        id=said.campaign_id,
        created_by=command.principal,
        donor_ids=donors,
        criteria=said.terms.criteria,
        **terms,
    )
    return Decision((campaign,), answer=told(campaign, 201))


def check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises Invalid."""
    if not starts_at < ends_at:
        zh, en = "结束时间须晚于开始时间", "it must end after it starts"
        raise Invalid.of("period_empty", zh, en, "ends_at")
    if ends_at <= now:
        raise Invalid.of("already_past", "结束时间已过", "this time has passed", "ends_at")


def touches_donors(command: Command[JoinDonors]) -> tuple[AnyRef, ...]:
    return (Ref(Campaign, command.data.campaign_id),)


def decide_donors(states: States, command: Command[JoinDonors], now: datetime) -> Decision:
    campaign = states.get(Campaign, command.data.campaign_id)
    if campaign is None or campaign.ends_at <= now:
        return _not_joined(campaign)
    joined = campaign.with_donors(command.data.donor_ids)
    return Decision((joined,), answer=told(joined))


def touches_requests(command: Command[JoinRequests]) -> tuple[AnyRef, ...]:
    needs = (Ref(Need, id_) for id_ in command.data.request_ids)
    return (Ref(Campaign, command.data.campaign_id), *needs)


def decide_requests(states: States, command: Command[JoinRequests], now: datetime) -> Decision:
    """All or none: those that are not known, or not open, are named."""
    campaign = states.get(Campaign, command.data.campaign_id)
    if campaign is None or campaign.ends_at <= now:
        return _not_joined(campaign)
    asked = dict.fromkeys(command.data.request_ids)
    needs = [need for id_ in asked if (need := states.get(Need, id_)) and need.state == "open"]
    missing = sorted(set(asked) - {need.id for need in needs})
    if missing:
        zh, en = f"不是对接中的诉求：{missing[0]}", f"no open request: {missing[0]}"
        answer = refusal(409, "request_not_open", zh, en, "request_ids")
        return Decision(answer=Answer(409, {**answer.body, "request_ids": missing}))
    joined = tuple(need.with_campaign(campaign.id) for need in needs)
    return Decision(joined, answer=Answer(200, {**told(campaign).body, "requests": len(joined)}))


def touches_end(command: Command[EndCampaign]) -> tuple[AnyRef, ...]:
    return (Ref(Campaign, command.data.campaign_id),)


def decide_end(states: States, command: Command[EndCampaign], now: datetime) -> Decision:
    """Nothing new is given in it from now on."""
    campaign = states.get(Campaign, command.data.campaign_id)
    if campaign is None:
        return _not_joined(None)
    if campaign.ends_at <= now:
        return Decision(answer=told(campaign))
    ended = campaign.model_copy(
        update={"ends_at": now, "starts_at": min(campaign.starts_at, now)},
    )
    return Decision((ended,), answer=told(ended))


def _not_joined(campaign: Campaign | None) -> Decision:
    if campaign is None:
        answer = no_such("campaign")
    else:
        answer = refusal(409, "campaign_over", "专项行动已结束", "the campaign is over")
    return Decision(answer=answer)


def told(campaign: Campaign, status: int = 200) -> Answer:
    shown = {"campaign_id": campaign.id, "donors": len(campaign.donor_ids)}
    return Answer(status, shown | {"ends_at": campaign.ends_at.isoformat()})
