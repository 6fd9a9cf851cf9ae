"""What matching says of a request: committed, delivered, confirmed, released, reopened; closed."""

from datetime import datetime
from typing import Literal

from services.intake.decide.persons import (
    arrived,
    awaiting,
    not_awaiting,
    with_unfinished,
    without_request,
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
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States

MatchEvent = (
    Event[MatchCommitted]
    | Event[MatchDelivered]
    | Event[MatchConfirmed]
    | Event[MatchReleased]
    | Event[MatchReopened]
)


def touches_match(event: MatchEvent) -> tuple[AnyRef, ...]:
    return (Ref(Request, event.data.request_id), Ref(Person, event.data.person_id))


def decide_committed(states: States, event: Event[MatchCommitted], _now: datetime) -> Decision:
    request = _with_portion(states, event, "committed")
    return Decision(states=(request,)) if request else NOTHING


def decide_delivered(states: States, event: Event[MatchDelivered], _now: datetime) -> Decision:
    """From now on the person's “1” means this match, unless an older one still waits."""
    request = _with_portion(states, event, "delivered")
    if request is None:
        return NOTHING
    person = states.get(Person, event.data.person_id)
    return Decision(states=(request, *((awaiting(person, event.subject),) if person else ())))


def decide_confirmed(states: States, event: Event[MatchConfirmed], _now: datetime) -> Decision:
    """Closes the request once everything that was needed is confirmed."""
    request = _with_portion(states, event, "confirmed")
    if request is None:
        return NOTHING
    person = states.get(Person, event.data.person_id)
    person = arrived(person, event.subject) if person else None
    if request.state is not RequestState.OPEN or request.confirmed_quantity < request.need.quantity:
        return Decision(states=(request, *((person,) if person else ())))
    closed = request.model_copy(update={"state": RequestState.CLOSED})
    person = without_request(person, closed) if person else None
    fact = RequestClosed(person_id=request.person_id)
    return Decision(
        states=(closed, *((person,) if person else ())),
        events=((closed, fact),),
    )


def decide_released(states: States, event: Event[MatchReleased], _now: datetime) -> Decision:
    request = _without_portion(states, event)
    if request is None:
        return NOTHING
    person = states.get(Person, event.data.person_id)
    kept = (not_awaiting(person, event.subject),) if person else ()
    return Decision(states=(request, *kept))


def decide_reopened(states: States, event: Event[MatchReopened], _now: datetime) -> Decision:
    """Delivered: it is on its way again. Confirmed: the request lacks it anew, and reopens."""
    if event.data.was == "delivered":
        request = _with_portion(states, event, "committed")
    else:
        request = _without_portion(states, event)
    if request is None:
        return NOTHING
    person = states.get(Person, event.data.person_id)
    person = not_awaiting(person, event.subject) if person else None
    lacks = request.confirmed_quantity < request.need.quantity
    if request.state is not RequestState.CLOSED or not lacks:
        return Decision(states=(request, *((person,) if person else ())))
    opened = request.model_copy(update={"state": RequestState.OPEN})
    person = with_unfinished(person, opened) if person else None
    fact = RequestReopened(person_id=request.person_id)
    return Decision(
        states=(opened, *((person,) if person else ())),
        events=((opened, fact),),
    )


def _without_portion(states: States, event: MatchEvent) -> Request | None:
    """None where it never counted."""
    request = states.get(Request, event.data.request_id)
    if request is None or event.subject not in request.matches:
        return None
    left = {id_: p for id_, p in request.matches.items() if id_ != event.subject}
    return request.model_copy(update={"matches": left})


def _with_portion(
    states: States, event: MatchEvent, stage: Literal["committed", "delivered", "confirmed"]
) -> Request | None:
    """None for a request that is not ours: there is nothing to follow."""
    request = states.get(Request, event.data.request_id)
    if request is None:
        return None
    portion = Portion(quantity=event.data.quantity, stage=stage)
    return request.model_copy(update={"matches": {**request.matches, event.subject: portion}})
