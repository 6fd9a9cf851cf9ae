"""What matching says of a request: committed, delivered, confirmed, released, reopened; closed."""

from datetime import datetime
from typing import Literal

from services.intake.decide.followers import with_disappointed, with_told
from services.intake.decide.persons import (
    with_arrived,
    with_awaited,
    with_unfinished,
    without_awaited,
    without_unfinished,
)
from services.intake.model import Person, Portion, Request, RequestState
from shared.contracts.envelope import Event
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    MatchReopened,
    RequestClosed,
    RequestReopened,
)
from shared.messaging.decision import NOTHING, Decision, State, States

MatchEvent = (
    Event[MatchCommitted]
    | Event[MatchDelivered]
    | Event[MatchConfirmed]
    | Event[MatchReleased]
    | Event[MatchReopened]
)
Stage = Literal["committed", "delivered", "confirmed"]


def decide_committed(states: States, event: Event[MatchCommitted], _now: datetime) -> Decision:
    request, _ = _get_request_and_person(states, event)
    if request is None:
        return NOTHING
    decision = _change(_with_portion(request, event, "committed"), None)
    return with_told(states, request, "committed", decision)


def decide_delivered(states: States, event: Event[MatchDelivered], _now: datetime) -> Decision:
    """From now on the person's “1” means this match, unless an older one still waits."""
    request, person = _get_request_and_person(states, event)
    if request is None:
        return NOTHING
    request = _with_portion(request, event, "delivered")
    decision = _change(request, with_awaited(person, event.subject) if person else None)
    return with_told(states, request, "delivered", decision)


def decide_confirmed(states: States, event: Event[MatchConfirmed], _now: datetime) -> Decision:
    """Closes the request once everything that was needed is confirmed."""
    request, person = _get_request_and_person(states, event)
    if request is None:
        return NOTHING
    request = _with_portion(request, event, "confirmed")
    person = with_arrived(person, event.subject) if person else None
    if request.state is not RequestState.OPEN or not request.is_fulfilled:
        return _change(request, person)
    closed = request.model_copy(update={"state": RequestState.CLOSED})
    person = without_unfinished(person, closed) if person else None
    decision = _change(closed, person, RequestClosed(person_id=request.person_id))
    return with_told(states, request, "closed", decision)


def decide_released(states: States, event: Event[MatchReleased], _now: datetime) -> Decision:
    request, person = _get_request_and_person(states, event)
    if request is None or event.subject not in request.matches:
        return NOTHING
    request = _without_portion(request, event)
    decision = _change(request, without_awaited(person, event.subject) if person else None)
    return with_disappointed(states, request, decision)


def decide_reopened(states: States, event: Event[MatchReopened], _now: datetime) -> Decision:
    """Delivered: it is on its way again. Confirmed: the request lacks it anew, and reopens."""
    request, person = _get_request_and_person(states, event)
    if request is None:
        return NOTHING
    if event.data.was == "delivered":
        request = _with_portion(request, event, "committed")
        decision = _change(request, without_awaited(person, event.subject) if person else None)
        return with_told(states, request, "committed", decision)
    if event.subject in request.matches:
        request = _without_portion(request, event)
    else:
        return NOTHING
    person = without_awaited(person, event.subject) if person else None
    if request.state is not RequestState.CLOSED or request.is_fulfilled:
        return with_disappointed(states, request, _change(request, person))
    opened = request.model_copy(update={"state": RequestState.OPEN})
    person = with_unfinished(person, opened) if person else None
    decision = _change(opened, person, RequestReopened(person_id=request.person_id))
    return with_disappointed(states, opened, decision)


def _get_request_and_person(
    states: States, event: MatchEvent
) -> tuple[Request | None, Person | None]:
    """No request: it is not ours, and there is nothing to follow."""
    return states.get_each((Request, event.data.request_id), (Person, event.data.person_id))


def _change(
    request: Request, person: Person | None, fact: RequestClosed | RequestReopened | None = None
) -> Decision:
    changed: tuple[State, ...] = (request, person) if person else (request,)
    return Decision(states=changed, events=((request, fact),) if fact else ())


def _with_portion(request: Request, event: MatchEvent, stage: Stage) -> Request:
    data = event.data
    earlier = request.matches.get(event.subject)
    hands = data.delivered_by if isinstance(data, MatchDelivered) else ()
    portion = Portion(
        quantity=data.quantity,
        stage=stage,
        fund_id=data.fund_id or "",
        at=event.time,
        delivered_by=hands or (earlier.delivered_by if earlier else ()),
    )
    return request.model_copy(update={"matches": {**request.matches, event.subject: portion}})


def _without_portion(request: Request, event: MatchEvent) -> Request:
    matches = {id_: p for id_, p in request.matches.items() if id_ != event.subject}
    return request.model_copy(update={"matches": matches})
