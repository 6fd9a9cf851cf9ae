"""Joint meetings (联席会议): who is invited, the agenda, minutes to print."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.intake import model, store
from services.intake.api.requests import list_levels
from services.intake.approvals import agenda
from services.intake.approvals import meetings as views
from services.intake.approvals.messages import (
    MEETING_EMPTY,
    MEETING_PERSON_UNKNOWN,
    MEETING_TOO_LONG,
    MEETING_UNKNOWN,
)
from services.intake.model.meeting import (
    AGENDA_MAX,
    CancelMeeting,
    ConveneMeeting,
    Meeting,
    OpenMeeting,
    SignMeeting,
)
from services.intake.pages.rows import build_row
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier, TownCode, Value
from shared.errors import Invalid, refuse
from shared.ids import make_id
from shared.messaging.decision import Answer
from shared.security import STAFF, Credential, Role
from shared.towns import load_towns
from shared.validation import describe_validation
from shared.web.access import Denied, allow, find_scope
from shared.web.forms import Form, execute_form, list_problems, make_form_key, read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
MEETINGS_PATH = "/meetings"
MEETING_PATH = "/meetings/{meeting_id}"

StaffMember = Annotated[Credential, Depends(allow(*STAFF))]
Convener = Annotated[Credential, Depends(allow(Role.APPROVER_CITY))]


# --- all of them ----------------------------------------------------------------------------------


@router.get(MEETINGS_PATH)
async def show_meetings(
    caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Those he is invited to or convened."""
    meetings = await agenda.find_meetings(runtime.database, caller.principal)
    may_convene = Role.APPROVER_CITY in caller.roles
    scope = find_scope(caller)
    waiting = await agenda.find_for_meeting(runtime.database, scope) if may_convene else []
    return PAGES.render_for(
        request,
        "meetings.html",
        meetings=[views.describe_meeting(each) for each in meetings],
        waiting=len(waiting),
        may_convene=may_convene,
    )


@router.get(f"{MEETINGS_PATH}/new")
async def show_new_meeting(
    caller: Convener,
    request: Request,
    runtime: IntakeRuntimeDep,
    town: Annotated[TownCode | None, Query()] = None,
) -> Response:
    return await _render_new(request, runtime, caller, town or "")


async def _render_new(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    town: str,
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    now = await runtime.processor.now()
    waiting = await agenda.find_for_meeting(runtime.database, find_scope(caller), town)
    return PAGES.render_for(
        request,
        "meeting_new.html",
        status=answer.status if answer else 200,
        rows=[build_row(each, now) for each in waiting],
        town=town,
        towns={} if caller.area else load_towns(),
        people=views.list_people(runtime.keyring.list_credentials(), now, caller.area),
        caller_id=caller.principal,
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        agenda_max=AGENDA_MAX,
    )


@router.post(f"{MEETINGS_PATH}/new")
async def convene(caller: Convener, request: Request, runtime: IntakeRuntimeDep) -> Response:
    form = await read_form(request)
    now = await runtime.processor.now()
    meeting_id = make_id("G", caller.principal, form.get("form_key", make_form_key()))

    def build() -> Value:
        request_ids = list_ticked(form, "case-")
        if not request_ids:
            raise MEETING_EMPTY.invalid("request_ids")
        if len(request_ids) > AGENDA_MAX:
            raise MEETING_TOO_LONG.invalid("request_ids", most=AGENDA_MAX)
        members = list_ticked(form, "member-")
        credentials = runtime.keyring.list_credentials()
        people = {each.id: each for each in views.list_people(credentials, now, caller.area)}
        chair, recorder = form.get("chair", ""), form.get("recorder", "")
        for id_, field in ((recorder, "recorder"), *((each, "members") for each in members)):
            if id_ not in people:
                raise MEETING_PERSON_UNKNOWN.invalid(field, id=id_)
        if chair not in people or not people[chair].may_chair:
            raise MEETING_PERSON_UNKNOWN.invalid("chair", id=chair)
        return ConveneMeeting.model_validate(
            {
                "meeting_id": meeting_id,
                "by": caller.principal,
                "area": caller.area,
                "town_code": form.get("town", ""),
                "on": form.get("on"),
                "chair": chair,
                "chair_area": people[chair].chair_area,
                "recorder": recorder,
                "members": members,
                "request_ids": request_ids,
            }
        )

    answer = await try_form(runtime, caller, form, build)
    if answer.status < 400:
        return RedirectResponse(MEETING_PATH.format(meeting_id=meeting_id), status_code=303)
    return await _render_new(request, runtime, caller, form.get("town", ""), form, answer)


def list_ticked(form: Form, prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in form if name.startswith(prefix))


# --- one of them ----------------------------------------------------------------------------------


async def load_meeting(runtime: IntakeRuntime, caller: Credential, meeting_id: str) -> Meeting:
    """For who is involved alone. Raises Denied."""
    meeting = await mongo.load(runtime.database, Meeting, meeting_id)
    if meeting is None or caller.principal not in meeting.involved:
        raise Denied(MEETING_UNKNOWN.refusal(404, "meeting_id"))
    return meeting


@router.get(MEETING_PATH)
async def show_meeting(
    meeting_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    return await _render_meeting(request, runtime, caller, meeting_id)


async def _render_meeting(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    meeting_id: str,
    answer: Answer | None = None,
) -> Response:
    meeting = await load_meeting(runtime, caller, meeting_id)
    requests = await _find_requests(runtime, meeting)
    return PAGES.render_for(
        request,
        "meeting.html",
        status=answer.status if answer else 200,
        meeting=views.describe_meeting(meeting),
        rows=views.describe_agenda(meeting, requests),
        path=MEETING_PATH.format(meeting_id=meeting.id),
        digest=meeting.digest,
        is_chair=caller.principal == meeting.chair,
        may_sign=caller.principal in (meeting.chair, meeting.recorder),
        has_signed=caller.principal == meeting.signed_by,
        may_cancel=meeting.may_cancel(caller.principal, list_levels(caller)),
        cancels_alone=caller.principal in meeting.leaders or bool(meeting.ending_by),
        ending_by=meeting.ending_by,
        quorum=runtime.settings.meeting_quorum,
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
    )


async def _find_requests(runtime: IntakeRuntime, meeting: Meeting) -> Mapping[str, model.Request]:
    ids = [each.request_id for each in meeting.items]
    rows = await mongo.find(runtime.database, model.Request, {"_id": {"$in": ids}})
    return {row.id: row for row in rows}


@router.post(f"{MEETING_PATH}/open")
async def open_sitting(
    meeting_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form = await read_form(request)
    present = list_ticked(form, "present-")
    return await _act(
        request,
        runtime,
        caller,
        form,
        OpenMeeting(meeting_id=meeting_id, by=caller.principal, present=present),
        meeting_id,
    )


@router.post(f"{MEETING_PATH}/cancel")
async def cancel(
    meeting_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    data = CancelMeeting(meeting_id=meeting_id, by=caller.principal, levels=list_levels(caller))
    return await _act(request, runtime, caller, await read_form(request), data, meeting_id)


@router.post(f"{MEETING_PATH}/sign")
async def sign(
    meeting_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form = await read_form(request)
    data = SignMeeting(
        meeting_id=meeting_id,
        by=caller.principal,
        levels=list_levels(caller),
        digest=form.get("digest", "")[:64],
    )
    return await _act(request, runtime, caller, form, data, meeting_id)


async def _act(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    form: Form,
    data: Value,
    meeting_id: str,
) -> Response:
    await load_meeting(runtime, caller, meeting_id)
    answer = await try_form(runtime, caller, form, lambda: data)
    if answer.status < 400:
        return RedirectResponse(MEETING_PATH.format(meeting_id=meeting_id), status_code=303)
    return await _render_meeting(request, runtime, caller, meeting_id, answer)


async def try_form(
    runtime: IntakeRuntime, caller: Credential, form: Form, build: Callable[[], Value]
) -> Answer:
    try:
        return await execute_form(runtime, caller, form, build())
    except ValidationError as error:
        return refuse(422, *describe_validation(error))
    except Invalid as invalid:
        return refuse(422, *invalid.problems)


@router.get(f"{MEETING_PATH}/minutes")
async def show_minutes(
    meeting_id: Identifier, caller: StaffMember, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """To be printed and signed on paper too: references and sums; no name stands in it."""
    meeting = await load_meeting(runtime, caller, meeting_id)
    requests = await _find_requests(runtime, meeting)
    person_ids = [each.person_id for each in requests.values()]
    now = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "joint_meeting", person_ids, now)
    persons = await store.load_persons(runtime.database, person_ids)
    return PAGES.render_for(
        request,
        "meeting_minutes.html",
        meeting=views.describe_meeting(meeting),
        rows=views.describe_minutes(meeting, requests, runtime.resources.vault, persons),
        path=MEETING_PATH.format(meeting_id=meeting.id),
    )
