"""Decisions on needs: intake opened, withdrew or closed the request."""

from datetime import datetime

from services.matching.decide.cases import paying
from services.matching.decide.outcomes import keep
from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from services.matching.model.match_id import is_request_id, parse_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.place import parse_cell
from shared.contracts.envelope import Event, Fact
from shared.contracts.events import (
    MatchReleased,
    RequestClosed,
    RequestOpened,
    RequestReopened,
    RequestWithdrawn,
)
from shared.contracts.values import TIERS
from shared.errors import Invalid
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, State, States


def touches_opened(event: Event[RequestOpened]) -> tuple[AnyRef, ...]:
    return (Ref(Need, event.subject),)


def decide_opened(states: States, event: Event[RequestOpened], now: datetime) -> Decision:  # noqa: ARG001
    if states.get(Need, event.subject) is not None:
        return NOTHING
    if not is_request_id(event.subject):
        zh, en = "诉求编号格式不正确", "this is not a request id"
        raise Invalid.of("request_id_malformed", zh, en, "subject")
    said = event.data
    need = Need(
        id=event.subject,
        person_id=said.person_id,
        kind=said.kind,
        category=said.category,
        beneficiary_class=said.beneficiary_class,
        tier=TIERS[said.beneficiary_class],
        town_code=said.area.town_code,
        village_code=said.area.village_code,
        cell=parse_cell(said.area.cell),
        unit=said.need.unit,
        item=said.need.item,
        quantity=said.need.quantity,
        recorded_at=said.recorded_at,
    )
    return Decision((need,))


def touches_closed(event: Event[RequestClosed]) -> tuple[AnyRef, ...]:
    return (Ref(Need, event.subject),)


def decide_closed(states: States, event: Event[RequestClosed], now: datetime) -> Decision:
    need = states.get(Need, event.subject)
    if need is None or need.state != "open":
        return NOTHING
    return Decision((need.model_copy(update={"state": "closed", "closed_at": now}),))


def touches_reopened(event: Event[RequestReopened]) -> tuple[AnyRef, ...]:
    return (Ref(Need, event.subject),)


def decide_reopened(states: States, event: Event[RequestReopened], now: datetime) -> Decision:  # noqa: ARG001
    """What did not arrive is missing again: the quantity grew when its match was reopened."""
    need = states.get(Need, event.subject)
    if need is None or need.state != "closed":
        return NOTHING
    return Decision((need.model_copy(update={"state": "open", "closed_at": None}),))


def touches_withdrawn(event: Event[RequestWithdrawn]) -> tuple[AnyRef, ...]:
    return (Ref(Need, event.subject),)


def follow_withdrawn(states: States, event: Event[RequestWithdrawn]) -> tuple[AnyRef, ...]:
    """Its matches, the offers behind them, and the budgets that hold their money."""
    need = states.get(Need, event.subject)
    if need is None:
        return ()
    matches = tuple(Ref(Match, id_) for id_ in need.matches)
    offers = {parse_match_id(id_).offer_id for id_ in need.matches}
    return (*matches, *(Ref(Offer, id_) for id_ in sorted(offers)), *paying(need))


def decide_withdrawn(states: States, event: Event[RequestWithdrawn], now: datetime) -> Decision:
    """Everything not delivered is freed; what waits for audit's answer is freed after it."""
    need = states.get(Need, event.subject)
    if need is None or need.state != "open":
        return NOTHING
    paid_by = need.paid_by
    need = need.model_copy(update={"state": "withdrawn"})
    offers: dict[str, Offer] = {}
    budgets: dict[str, Campaign] = {}
    matches: list[Match] = []
    events: list[tuple[State, Fact]] = []
    for match in _live(states, need):
        if match.state == "accepted":
            matches.append(keep(match, "request_withdrawn"))
            continue
        released = match.change_to("released", now, reason="request_withdrawn")
        offer = offers.get(match.offer_id) or states.get(Offer, match.offer_id)
        assert offer is not None, "a match without its offer"
        offers[offer.id] = offer.release(match.quantity)
        if campaign_id := paid_by.get(match.id):
            budget = budgets.get(campaign_id) or states.get(Campaign, campaign_id)
            assert budget is not None, "a budget holds it and is not there"
            budgets[campaign_id] = budget.release(match.quantity)
        need = need.without_match(match.id)
        matches.append(released)
        events.append((released, released.build_fact(MatchReleased, reason="request_withdrawn")))
    changed = (need, *offers.values(), *budgets.values(), *matches)
    return Decision(changed, tuple(events))


def _live(states: States, need: Need) -> list[Match]:
    found = (states.get(Match, id_) for id_ in need.matches)
    return [match for match in found if match is not None and match.reserves]
