"""One case of a joint meeting on a screen: what members read of it, and the ruling."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response

from services.intake import model, store
from services.intake.api.approvals import parse_decline_reason
from services.intake.approvals import meetings as views
from services.intake.approvals.messages import (
    DECLINE_REASONS,
    MEETING_UNKNOWN,
    PART_REASONS,
    VERDICT_MISSING,
)
from services.intake.approvals.notes import Note, list_notes
from services.intake.model.consent import is_refused
from services.intake.model.meeting import (
    AgendaItem,
    RuleOnCase,
)
from services.intake.outlook import list_outlook
from services.intake.pages.case_forms import read_part_reason, read_quantity
from services.intake.pages.meetings import (
    MEETING_PATH,
    PAGES,
    StaffMember,
    load_meeting,
    try_form,
)
from services.intake.pages.rows import build_row
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import open_text
from shared import mongo
from shared.contracts.outlooks import OutlookSentence
from shared.contracts.values import Identifier, Value
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer
from shared.personal import hide_numbers
from shared.security import Credential
from shared.web.access import Denied
from shared.web.forms import Form, list_problems, make_form_key, read_form
from shared.web.staff import PageRouter

router = PageRouter()
MEETING_CASE_PATH = f"{MEETING_PATH}/cases/{{request_id}}"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a member reads of a case: what is needed and why, and nobody's name or number."""

    row: object
    text: str
    notes: list[Note]
    received: int
    ruling: object


@dataclass(frozen=True, slots=True)
class LookAhead:
    """What approving it would mean. quantity: as it was typed. sentences: none where matching does
    not answer."""

    quantity: str
    sentences: Sequence[OutlookSentence]
    problems: Sequence[object]


@router.get(MEETING_CASE_PATH)
async def show_meeting_case(
    meeting_id: Identifier,
    request_id: Identifier,
    caller: StaffMember,
    request: Request,
    runtime: IntakeRuntimeDep,
    quantity: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """quantity: as if so much of it were approved."""
    return await _render_case(
        request, runtime, caller, meeting_id, request_id, outlook={"quantity": quantity}
    )


async def _render_case(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    meeting_id: str,
    request_id: str,
    form: Form | None = None,
    answer: Answer | None = None,
    outlook: Form | None = None,
) -> Response:
    meeting = await load_meeting(runtime, caller, meeting_id)
    item = meeting.find_item(request_id)
    stored = await mongo.load(runtime.database, model.Request, request_id) if item else None
    if item is None or stored is None or meeting.state not in ("planned", "sitting"):
        raise Denied(MEETING_UNKNOWN.refusal(404, "request_id"))
    place = [each.request_id for each in meeting.items].index(request_id)
    neighbours = [
        meeting.items[at].request_id if 0 <= at < len(meeting.items) else ""
        for at in (place - 1, place + 1)
    ]
    return PAGES.render_with_script(
        request,
        "meeting_case.html",
        status=answer.status if answer else 200,
        meeting=views.describe_meeting(meeting),
        hearing=await _hear(runtime, caller, stored, item),
        outlook=await _look_ahead(runtime, stored, outlook or {}),
        path=MEETING_PATH.format(meeting_id=meeting.id),
        digest=stored.digest,
        place=place + 1,
        count=len(meeting.items),
        before=neighbours[0],
        following=neighbours[1],
        may_rule=meeting.state == "sitting"
        and caller.principal in (meeting.chair, meeting.recorder),
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        part_reasons=PART_REASONS,
        reasons=DECLINE_REASONS,
    )


async def _look_ahead(runtime: IntakeRuntime, stored: model.Request, form: Form) -> LookAhead:
    typed, requested = form.get("quantity", ""), stored.need.quantity
    try:
        quantity = read_quantity(form, stored.need) or requested
    except Invalid as invalid:
        return LookAhead(typed, (), list_problems(refuse(422, *invalid.problems)))
    return LookAhead(typed, await list_outlook(runtime, stored, min(quantity, requested)), ())


async def _hear(
    runtime: IntakeRuntime, caller: Credential, stored: model.Request, item: AgendaItem
) -> Hearing:
    """It is a look at the person: logged before it is shown."""
    now, vault = await runtime.processor.now(), runtime.resources.vault
    await store.VAULT_LOOKS.add(runtime.database, caller, "joint_meeting", [stored.person_id], now)
    persons = await store.load_persons(runtime.database, [stored.person_id])
    person = persons.get(stored.person_id) or model.Person(id=stored.person_id, erased=True)
    before = await store.list_requests_of(
        runtime.database, (stored.person_id, *person.joined), stored.household_id
    )
    others = [each for each in before if each.id != stored.id and each.confirmed_quantity]
    if is_refused(person.consents, "history", now):
        others = []
    return Hearing(
        row=build_row(stored, now),
        text=hide_numbers(open_text(vault, person, stored) or ""),
        notes=[
            replace(note, text=hide_numbers(note.text))
            for note in list_notes(vault, person, stored)
        ],
        received=len(others),
        ruling=views.describe_ruling(item.ruling, vault, person),
    )


@router.post(MEETING_CASE_PATH)
async def submit_ruling(
    meeting_id: Identifier,
    request_id: Identifier,
    caller: StaffMember,
    request: Request,
    runtime: IntakeRuntimeDep,
) -> Response:
    meeting = await load_meeting(runtime, caller, meeting_id)
    stored = await mongo.load(runtime.database, model.Request, request_id)
    if stored is None or meeting.find_item(request_id) is None:
        raise Denied(MEETING_UNKNOWN.refusal(404, "request_id"))
    form = await read_form(request)

    def build() -> Value:
        verdict = form.get("verdict", "")
        if verdict not in views.VERDICTS:
            raise VERDICT_MISSING.invalid("verdict")
        decline = parse_decline_reason(form.get("reason", "")) if verdict == "decline" else None
        return RuleOnCase.model_validate(
            {
                "meeting_id": meeting_id,
                "request_id": request_id,
                "by": caller.principal,
                "verdict": verdict,
                "quantity": read_quantity(form, stored.need) if verdict == "approve" else None,
                "part_reason": read_part_reason(form),
                "decline_reason": decline,
                "note": form.get("note", "")[:2000],
                "digest": form.get("digest", "")[:64],
            }
        )

    answer = await try_form(runtime, caller, form, build)
    if answer.status >= 400:
        return await _render_case(request, runtime, caller, meeting_id, request_id, form, answer)
    path = MEETING_PATH.format(meeting_id=meeting_id)
    ids = [each.request_id for each in meeting.items]
    following = ids[ids.index(request_id) + 1 :][:1]
    return RedirectResponse(f"{path}/cases/{following[0]}" if following else path, status_code=303)
