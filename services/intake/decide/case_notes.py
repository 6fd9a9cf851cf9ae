"""A note on a case beside no step: sealed with the person, whatever state the case is in."""

from datetime import datetime

from services.intake.approvals.messages import NOTE_EMPTY, NOTE_PERSON_GONE, NOTES_TOO_MANY
from services.intake.decide.requests import announce, find_case
from services.intake.model import Person
from services.intake.model.approval import AddCaseNote, CaseNote
from shared.messaging.decision import Answer, Command, Decision, States

NOTES_MAX = 50
"""Of one case: they are loaded with it."""


def decide_case_note(states: States, item: Command[AddCaseNote], now: datetime) -> Decision:
    """Nothing leaves intake, and what may be done with the case stays as it is."""
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
    return announce(noted, None, person.with_key(sealed.record, sealed.key))
