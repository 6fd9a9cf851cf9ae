"""In an emergency: who decides comes nearer to the person, and both clocks end sooner."""

from datetime import datetime

from services.intake.decide.clocks import shorten_case
from services.intake.decide.requests import find_level
from services.intake.model import Request, RequestState, Step
from services.intake.model.emergency import Emergency, HastenRequest
from services.intake.rules import Rules
from shared.contracts.events import RequestHastened
from shared.messaging.decision import NOTHING, Command, Decision, States

HASTENED_STATES = (RequestState.RECORDED, RequestState.OPEN)


def decide_hasten(
    rules: Rules, states: States, command: Command[HastenRequest], now: datetime
) -> Decision:
    """Once for each emergency. What is hastened stays so when the emergency ends."""
    data = command.data
    request, emergency = states.get_each((Request, data.request_id), (Emergency, data.emergency_id))
    if request is None or emergency is None or not emergency.is_on(now):
        return NOTHING
    if emergency.id in request.emergency_ids or request.state not in HASTENED_STATES:
        return NOTHING
    if not emergency.covers(request.area, request.category):
        return NOTHING
    waits = request.state is RequestState.RECORDED
    is_first = not request.emergency_ids
    ids = (*request.emergency_ids, emergency.id)
    hastened = request.model_copy(update={"emergency_ids": ids})
    if waits:
        level = find_level(rules, hastened)
        hastened = hastened.model_copy(update={"approval_level": level})
    if not is_first:
        return Decision((hastened,))
    step = Step(at=now, act="hastened", by=emergency.confirmed_by)
    hastened = shorten_case(rules.clock, hastened.with_step(step), now)
    fact = RequestHastened(
        person_id=request.person_id,
        emergency_id=emergency.id,
        area=request.area.model_copy(update={"cell": None}),
        approval_level=hastened.approval_level if waits else None,
        to_person=True if waits and not request.quiet else None,
    )
    return Decision((hastened,), ((hastened, fact),))
