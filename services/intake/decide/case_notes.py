"""A note on a case beside no step: sealed with the person, whatever state the case is in."""

from datetime import datetime

from services.intake.approvals.messages import NOTE_EMPTY, NOTE_PERSON_GONE, NOTES_TOO_MANY
from services.intake.decide.requests import announce, find_case, find_level
from services.intake.model import Person, Request, RequestState, Step
from services.intake.model.approval import AddCaseNote, CaseNote
from services.intake.rules import Rules, find_wait_reasons
from shared.contracts.events import RequestMended
from shared.messaging.decision import Answer, Command, Decision, States

NOTES_MAX = 50
"""Of one case: they are loaded with it."""


def decide_case_note(
    rules: Rules, states: States, item: Command[AddCaseNote], now: datetime
) -> Decision:
    """Nothing leaves intake, and what may be done with the case stays as it is: but for one that
    waits for what is missing, and whose note names danger."""
    data, sealed = item.data, item.data.sealed_note
    request = find_case(states, data)
    if isinstance(request, Answer):
        return Decision(answer=request)
    if sealed is None:
        return Decision(answer=NOTE_EMPTY.refusal(422, "note"))
    if len(request.case_notes) >= NOTES_MAX:
        return Decision(answer=NOTES_TOO_MANY.refusal(409, "note", most=NOTES_MAX))
    person = states.get(Person, request.person_id)
    if person is None or person.erased:
        return Decision(answer=NOTE_PERSON_GONE.refusal(409, "note"))
    note = CaseNote(at=now, by=data.by, record=sealed.record, cipher=sealed.cipher)
    noted = request.model_copy(update={"case_notes": (*request.case_notes, note)})
    person = person.with_key(sealed.record, sealed.key)
    if data.danger and noted.state is RequestState.RETURNED:
        return _take_back(rules, noted, person, data.by, now)
    return announce(noted, None, person)


def _take_back(rules: Rules, request: Request, person: Person, by: str, now: datetime) -> Decision:
    """Who may be in danger waits for no paper: it waits for an approver again, who is called at
    once, and what is missing may still be asked for."""
    step = Step(at=now, act="hastened", by=by)  # whose word it is not, so he may decide it
    changed = request.with_step(
        step, state=RequestState.RECORDED, return_reason=None, danger=True, urgent=True
    )
    scope = (request.kind, request.category, request.need, request.area)
    reasons = (*find_wait_reasons(rules, *scope), *request.waits_for, "was_returned")
    waiting = changed.model_copy(
        update={
            "waits_for": tuple(dict.fromkeys(reasons)),
            "approval_level": find_level(rules, changed),
        }
    )
    fact = RequestMended(
        person_id=request.person_id,
        approval_level=waiting.approval_level or "town",
        area=request.area.model_copy(update={"cell": None}),
        danger=True,
    )
    return announce(waiting, fact, person)
