"""A corrected row of a sheet: the request of before ends, and one that is right takes its place."""

from dataclasses import replace
from datetime import datetime

from services.intake.decide.followers import with_released
from services.intake.decide.persons import without_unfinished
from services.intake.decide.requests import decide_submission, describe_outcome
from services.intake.messages import CORRECTION_LATE
from services.intake.model import Person, Request, RequestState, SealedRowCorrection
from services.intake.rules import Rules
from shared.contracts.events import RequestWithdrawn
from shared.contracts.values import Kind
from shared.messaging.decision import Answer, Command, Decision, State, States

CORRECTIONS_MAX = 50
"""Of one row: more are no corrections."""


def decide_correction(
    rules: Rules, states: States, item: Command[SealedRowCorrection], now: datetime
) -> Decision:
    """As long as nobody has promised anything for it. Raises Invalid."""
    data = item.data.sealed
    earlier = _find_current(states, item.data.corrects)
    submission = item.with_data(data)
    if earlier is None or earlier.source != data.source:
        return decide_submission(rules, states, submission, now)
    if earlier.content == data.content:
        return Decision(answer=Answer(201, describe_outcome(earlier)))
    if not earlier.is_withdrawable or earlier.matches:
        return Decision(answer=CORRECTION_LATE.refusal(409, id=earlier.id, state=earlier.state))
    decided = decide_submission(rules, states, submission, now)
    ended = earlier.model_copy(
        update={
            "state": RequestState.WITHDRAWN,
            "corrected_by": data.request_id,
            "followers": (),
        }
    )
    assert decided.answer is not None
    body = {**decided.answer.body, "corrects": earlier.id}
    if body.get("decision") == "opened":
        body["decision"] = "corrected"
    fact = RequestWithdrawn(person_id=earlier.person_id)
    decided = replace(
        decided,
        states=(ended, *_release(states, _keep_wish(decided.states, earlier), earlier)),
        events=((ended, fact), *decided.events),
        answer=replace(decided.answer, body=body),
    )
    return with_released(states, earlier, decided)


def _keep_wish(changed: tuple[State, ...], earlier: Request) -> tuple[State, ...]:
    """A row that calls a person's wish a public work does not make it one: it needs its sighting
    as before."""
    was_wish = earlier.was_wish or earlier.kind is Kind.WISH
    return tuple(
        state.model_copy(update={"was_wish": True})
        if was_wish and isinstance(state, Request) and state.kind is not Kind.WISH
        else state
        for state in changed
    )


def _find_current(states: States, id_: str) -> Request | None:
    """What the row says now, as far as we know."""
    request = states.get(Request, id_)
    for _ in range(CORRECTIONS_MAX):
        if request is None or not request.corrected_by:
            return request
        request = states.require(Request, request.corrected_by)
    return request


def _release(states: States, changed: tuple[State, ...], earlier: Request) -> tuple[State, ...]:
    """The earlier request is no longer its person's business, whoever the right one is for."""
    if any(isinstance(state, Person) and state.id == earlier.person_id for state in changed):
        return tuple(
            without_unfinished(state, earlier)
            if isinstance(state, Person) and state.id == earlier.person_id
            else state
            for state in changed
        )
    person = states.get(Person, earlier.person_id)
    return (*changed, without_unfinished(person, earlier)) if person else changed
