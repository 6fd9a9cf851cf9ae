"""A note on a case beside no step: sealed with the person, whatever state the case is in."""

from datetime import datetime

from services.intake.approvals.messages import NOTE_EMPTY, NOTE_PERSON_GONE, NOTES_TOO_MANY
from services.intake.decide.requests import announce, is_in_area
from services.intake.messages import REQUEST_UNKNOWN
from services.intake.model import Person, Request
from services.intake.model.approval import AddCaseNote, CaseNote
from shared.messaging.decision import Command, Decision, States

NOTES_MAX = 50
"""Of one case: they are loaded with it."""


def decide_case_note(states: States, item: Command[AddCaseNote], now: datetime) -> Decision:
    """Nothing leaves intake, and what may be done with the case stays as it is."""
    data, sealed = item.data, item.data.sealed_note
    request = states.get(Request, data.request_id)
    if request is None or not is_in_area(request, data.area):
        return Decision(answer=REQUEST_UNKNOWN.refusal(404, "request_id"))
    if sealed is None:
        return Decision(answer=NOTE_EMPTY.refusal(422, "note"))
    if len(request.case_notes) >= NOTES_MAX:
        return Decision(answer=NOTES_TOO_MANY.refusal(409, "note", most=NOTES_MAX))
    person = states.get(Person, request.person_id)
    if person is None or person.erased:
        return Decision(answer=NOTE_PERSON_GONE.refusal(409, "note"))
    note = CaseNote(at=now, by=data.by, record=sealed.record, cipher=sealed.cipher)
    noted = request.model_copy(update={"case_notes": (*request.case_notes, note)})
    keys = {**person.keys, sealed.record: sealed.key}
    return announce(noted, None, person.model_copy(update={"keys": keys}))
