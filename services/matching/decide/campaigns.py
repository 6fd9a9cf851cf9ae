"""Decisions on campaigns, and what intake says of emergencies."""

from collections.abc import Iterable
from datetime import datetime

from services.matching.messages import (
    CAMPAIGN_EXISTS,
    CAMPAIGN_OVER,
    CAMPAIGN_UNKNOWN,
    EMERGENCY_END_OWN,
    EMERGENCY_END_UNPROPOSED,
    EMERGENCY_OF_INTAKE,
    EMERGENCY_OVER,
    EMERGENCY_UNKNOWN,
    PERIOD_EMPTY,
    PERIOD_PAST,
    REQUEST_NOT_OPEN,
)
from services.matching.model.campaign import (
    Campaign,
    CreateCampaign,
    Emergency,
    EndCampaign,
    EndEarlierEmergency,
    JoinDonors,
    JoinRequests,
    ProposeEarlierEnd,
    RefuseEarlierEnd,
)
from services.matching.model.need import Need
from services.matching.model.place import TOWN_DIGITS, find_town_problems
from shared.contracts.envelope import Event
from shared.contracts.events import EmergencyDeclared, EmergencyEnded
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, Answer, Command, Decision, Ref, States

# --- campaigns ----------------------------------------------------------------------------------


def decide_create_campaign(
    states: States, command: Command[CreateCampaign], now: datetime
) -> Decision:
    """Raises Invalid when the period is none, or over."""
    create = command.data
    if states.get(Campaign, create.campaign_id) is not None:
        return Decision(answer=CAMPAIGN_EXISTS.refusal(409, "campaign_id"))
    _check_period(create.terms.starts_at, create.terms.ends_at, now)
    criteria = create.terms.criteria
    _check_towns(criteria.town_codes if criteria else (), "criteria.town_codes")
    campaign = Campaign(
        id=create.campaign_id,
        created_by=command.principal,
        donor_ids=tuple(dict.fromkeys(create.terms.donor_ids)),
        criteria=create.terms.criteria,
        **create.terms.model_dump(exclude={"donor_ids", "criteria"}),
    )
    return Decision((campaign,), answer=_answer_campaign(campaign, 201))


def decide_join_donors(states: States, command: Command[JoinDonors], now: datetime) -> Decision:
    campaign = states.get(Campaign, command.data.campaign_id)
    if campaign is None:
        return Decision(answer=CAMPAIGN_UNKNOWN.refusal(404))
    if campaign.ends_at <= now:
        return Decision(answer=CAMPAIGN_OVER.refusal(409))
    joined = campaign.with_donors(command.data.donor_ids)
    return Decision((joined,), answer=_answer_campaign(joined))


def decide_join_requests(states: States, command: Command[JoinRequests], now: datetime) -> Decision:
    """All or none: those that are not known, or not open, are named."""
    join = command.data
    states.prefetch(Ref(Campaign, join.campaign_id), *(Ref(Need, id_) for id_ in join.request_ids))
    campaign = states.get(Campaign, join.campaign_id)
    if campaign is None:
        return Decision(answer=CAMPAIGN_UNKNOWN.refusal(404))
    if campaign.ends_at <= now:
        return Decision(answer=CAMPAIGN_OVER.refusal(409))
    needs = [n for n in states.get_many(Need, join.request_ids).values() if n.state == "open"]
    missing = sorted(set(join.request_ids) - {need.id for need in needs})
    if missing:
        answer = REQUEST_NOT_OPEN.refusal(409, "request_ids", request_id=missing[0])
        return Decision(answer=Answer(409, {**answer.body, "request_ids": missing}))
    joined = tuple(need.with_campaign(campaign.id) for need in needs)
    return Decision(joined, answer=_answer_campaign(campaign, requests=len(joined)))


def decide_end_campaign(states: States, command: Command[EndCampaign], now: datetime) -> Decision:
    """Nothing new is given in it from now on."""
    campaign = states.get(Campaign, command.data.campaign_id)
    if campaign is None:
        return Decision(answer=CAMPAIGN_UNKNOWN.refusal(404))
    if campaign.ends_at <= now:
        return Decision(answer=_answer_campaign(campaign))
    ended = campaign.model_copy(
        update={"ends_at": now, "starts_at": min(campaign.starts_at, now)},
    )
    return Decision((ended,), answer=_answer_campaign(ended))


def _answer_campaign(campaign: Campaign, status: int = 200, **more: object) -> Answer:
    body = {
        "campaign_id": campaign.id,
        "donors": len(campaign.donor_ids),
        "ends_at": campaign.ends_at.isoformat(),
    }
    return Answer(status, body | more)


# --- emergencies: intake's word ------------------------------------------------------------------


def decide_emergency_declared(
    states: States,
    event: Event[EmergencyDeclared],
    now: datetime,  # noqa: ARG001
) -> Decision:
    if states.get(Emergency, event.subject) is not None:
        return NOTHING
    data = event.data
    emergency = Emergency(
        id=event.subject,
        town_codes=tuple(code for code in data.area_codes if len(code) == TOWN_DIGITS),
        village_codes=tuple(code for code in data.area_codes if len(code) > TOWN_DIGITS),
        categories=tuple(category.value for category in data.categories),
        lift=data.lift,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        reason=data.cause,
        declared_by=data.confirmed_by,
    )
    return Decision((emergency,))


def decide_emergency_ended(
    states: States,
    event: Event[EmergencyEnded],
    now: datetime,  # noqa: ARG001
) -> Decision:
    emergency = states.get(Emergency, event.subject)
    if emergency is None or emergency.ends_at <= event.data.ended_at:
        return NOTHING
    ended_at = event.data.ended_at
    starts_at = min(emergency.starts_at, ended_at)
    return Decision((emergency.model_copy(update={"ends_at": ended_at, "starts_at": starts_at}),))


def decide_propose_earlier_end(
    states: States, command: Command[ProposeEarlierEnd], now: datetime
) -> Decision:
    """Proposed again by another it is the first one's still."""
    emergency = _get_earlier(states, command.data.emergency_id, now)
    if isinstance(emergency, Answer):
        return Decision(answer=emergency)
    if emergency.is_ending(now):
        return Decision(answer=_answer_ending(emergency, "ending_proposed", 202))
    ending = emergency.model_copy(update={"ending_by": command.principal, "ending_at": now})
    return Decision((ending,), answer=_answer_ending(ending, "ending_proposed", 202))


def decide_end_earlier(
    states: States, command: Command[EndEarlierEmergency], now: datetime
) -> Decision:
    """By another than proposed it: whose need goes first is changed for a whole town."""
    emergency = _get_ending(states, command.data.emergency_id, now)
    if isinstance(emergency, Answer):
        return Decision(answer=emergency)
    if emergency.ending_by == command.principal:
        return Decision(answer=EMERGENCY_END_OWN.refusal(409))
    changes = {"starts_at": min(emergency.starts_at, now), "ends_at": now}
    ended = emergency.model_copy(update={**changes, "ended_by": command.principal})
    return Decision((ended,), answer=_answer_ending(ended, "ended"))


def decide_refuse_earlier_end(
    states: States, command: Command[RefuseEarlierEnd], now: datetime
) -> Decision:
    """Whoever may approve it, or who proposed it and thinks again."""
    emergency = _get_ending(states, command.data.emergency_id, now)
    if isinstance(emergency, Answer):
        return Decision(answer=emergency)
    going_on = emergency.model_copy(update={"ending_by": "", "ending_at": None})
    return Decision((going_on,), answer=_answer_ending(going_on, "declared"))


def _get_ending(states: States, emergency_id: str, now: datetime) -> Emergency | Answer:
    """One whose end was proposed and waits for a second person."""
    emergency = _get_earlier(states, emergency_id, now)
    if isinstance(emergency, Answer) or emergency.is_ending(now):
        return emergency
    return EMERGENCY_END_UNPROPOSED.refusal(409)


def _get_earlier(states: States, emergency_id: str, now: datetime) -> Emergency | Answer:
    emergency = states.get(Emergency, emergency_id)
    if emergency is None:
        return EMERGENCY_UNKNOWN.refusal(404)
    if not emergency.is_earlier:
        return EMERGENCY_OF_INTAKE.refusal(409)
    return emergency if now < emergency.ends_at else EMERGENCY_OVER.refusal(409)


def _answer_ending(emergency: Emergency, state: str, status: int = 200) -> Answer:
    body = {"emergency_id": emergency.id, "state": state, "ends_at": emergency.ends_at.isoformat()}
    return Answer(status, body)


# --- what a campaign is checked for --------------------------------------------------------------


def _check_towns(town_codes: Iterable[str], field: str) -> None:
    """Raises Invalid: no request is ever in such a town."""
    if problems := list(find_town_problems(town_codes, field)):
        raise Invalid(*problems)


def _check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raises Invalid."""
    if not starts_at < ends_at:
        raise PERIOD_EMPTY.invalid("ends_at")
    if ends_at <= now:
        raise PERIOD_PAST.invalid("ends_at")
