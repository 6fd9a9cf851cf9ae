"""What matching says of a request: committed, delivered, confirmed, released; then closed."""

from datetime import datetime
from typing import Literal

from services.intake.decide.persons import awaiting, not_awaiting, without_request
from services.intake.model import Person, Portion, Request, RequestState
from shared.contracts.envelope import Event
from shared.contracts.events import (
    MatchCommitted,
    MatchConfirmed,
    MatchDelivered,
    MatchReleased,
    RequestClosed,
)
from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, States

MatchEvent = (
    Event[MatchCommitted] | Event[MatchDelivered] | Event[MatchConfirmed] | Event[MatchReleased]
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
    person = not_awaiting(person, event.subject) if person else None
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
    request = states.get(Request, event.data.request_id)
    if request is None or event.subject not in request.matches:
        return NOTHING
    left = {id_: p for id_, p in request.matches.items() if id_ != event.subject}
    changed = request.model_copy(update={"matches": left})
    person = states.get(Person, event.data.person_id)
    kept = (not_awaiting(person, event.subject),) if person else ()
    return Decision(states=(changed, *kept))


def _with_portion(
    states: States, event: MatchEvent, stage: Literal["committed", "delivered", "confirmed"]
) -> Request | None:
    """None for a request that is not ours: there is nothing to follow."""
    request = states.get(Request, event.data.request_id)
    if request is None:
        return None
    portion = Portion(quantity=event.data.quantity, stage=stage)
    return request.model_copy(update={"matches": {**request.matches, event.subject: portion}})
