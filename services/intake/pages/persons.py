"""A person on one page of the desk: who he is, what he asked for and received; corrected, handed
to himself, taken apart again, erased."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import orjson
from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.intake.api import people, suggestions
from services.intake.api.people import CASE_ROLES, Correction, load_seen_person
from services.intake.api.suggestions import Verdict
from services.intake.messages import ERASURE_UNREAD
from services.intake.model.erasure import ErasureProposal
from services.intake.model.suggestion import SuggestionState
from services.intake.pages.preferences import read_preference
from services.intake.pages.rows import STATES
from services.intake.person_views import SPEAKER_LABELS, WHOSE_LABELS
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import list_said
from shared import mongo
from shared.contracts.values import Identifier
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer
from shared.phones import parse_mobile
from shared.security import Credential, Role
from shared.validation import describe_validation
from shared.web.access import Denied, allow, find_scope
from shared.web.forms import FORM_KEY, Form, execute_form, make_form_key, read_form
from shared.web.pages import HEADERS, Pages
from shared.web.preferences import list_channels, list_languages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
PERSON_PATH = "/desk/persons/{person_id}"

CaseWorker = Annotated[Credential, Depends(allow(*CASE_ROLES))]
Approver = Annotated[Credential, Depends(allow(*CASE_ROLES[1:]))]
Eraser = Annotated[Credential, Depends(allow(Role.APPROVER_CITY, whole_city=True))]

STAGES: Mapping[str, tuple[str, str]] = {
    "committed": ("已承诺", "promised"),
    "delivered": ("已送达", "delivered"),
    "confirmed": ("已收到", "received"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "correct": (
        "已更正，依据已记下。换了电话的，须另一名工作人员也更正为同一号码，再由该号码发来一条短信，"
        "才作为本人的电话",
        "corrected; how it is known is kept. A new phone is the person's own once another of the "
        "staff corrects it to the same number and a message comes from it",
    ),
    "preference": ("已记下通知方式和语言", "how he is told is noted"),
    "unmerge": ("已分开，两条记录各自完整", "taken apart: each record is whole"),
    "erasure": (
        "删除已提出，等另一位市级审批人员确认；确认前什么都没有删除",
        "erasing is proposed; until another approves, nothing is erased",
    ),
    "erasure/refuse": ("不删除，提出的删除已取消", "nothing is erased; the proposal is over"),
    "erase": ("个人信息已删除", "the personal data were erased"),
}


@router.get(PERSON_PATH)
async def show_person(
    person_id: Identifier,
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    done: str = "",
) -> Response:
    find_scope(caller)
    return await _render(request, runtime, caller, person_id, done=DONE.get(done))


async def _render(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    person_id: str,
    *,
    done: tuple[str, str] | None = None,
    act: str = "",
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """act, form, answer: what was refused, to be shown where it was typed."""
    page = await people.read_person(person_id, caller, runtime)
    person, _ = await load_seen_person(runtime, find_scope(caller), person_id)
    registrations = [
        ((SPEAKER_LABELS[row.kind], row.kind), row.is_correction, fields.get("name"))
        for row, fields in list_said(runtime.resources.vault, person)
    ]
    may_erase = Role.APPROVER_CITY in caller.roles and not caller.area
    proposal = await mongo.load(runtime.database, ErasureProposal, person_id) if may_erase else None
    is_proposed = proposal is not None and proposal.is_open(await runtime.processor.now())
    return PAGES.render_for(
        request,
        "person.html",
        status=answer.status if answer else 200,
        person=page,
        said=registrations,
        path=PERSON_PATH.format(person_id=person_id),
        done=done,
        act=act,
        typed=form or {},
        problems=list(answer.body.get("problems", ())) if answer else [],
        form_key=make_form_key(),
        stages=STAGES,
        states=STATES,
        channels=list_channels(person.preference.channel),
        languages=list_languages(person.preference.language),
        whose=[(code, (zh, code)) for code, zh in WHOSE_LABELS.items() if code != "unsaid"],
        may_export=not caller.roles.isdisjoint(CASE_ROLES[1:]),
        may_erase=may_erase,
        proposed_by=proposal.proposed_by if proposal and is_proposed else "",
        is_own_proposal=proposal is not None and proposal.proposed_by == caller.principal,
    )


@router.post(f"{PERSON_PATH}/correct")
async def submit_correction(
    person_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form = await read_form(request)
    try:
        fields = {name: form[name] for name in ("name", "id_number", "contact_of") if name in form}
        if "phone" in form:
            fields["phone"] = parse_mobile(form["phone"], "phone")
        correction = Correction.model_validate({**fields, "reason": form.get("reason", "")})
        key = _find_key(form)
        response = await people.correct_person(person_id, correction, caller, runtime, key)
        answer = _parse(response)
    except (Invalid, ValidationError) as error:
        answer = _describe(error)
    return await _go_on(request, runtime, caller, person_id, "correct", form, answer)


@router.post(f"{PERSON_PATH}/preference")
async def submit_preference(
    person_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form, act = await read_form(request), "preference"
    person, _ = await load_seen_person(runtime, find_scope(caller), person_id)
    try:
        data = read_preference(person.id, form, caller.principal, caller.area)
        answer = await execute_form(runtime, caller, form, data)
    except (Invalid, ValidationError) as error:
        answer = _describe(error)
    return await _go_on(request, runtime, caller, person_id, act, form, answer)


@router.post(f"{PERSON_PATH}/unmerge")
async def submit_unmerge(
    person_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form = await read_form(request)
    key = _find_key(form)
    answer = _parse(await suggestions.unmerge_person(person_id, caller, runtime, key))
    return await _go_on(request, runtime, caller, person_id, "unmerge", form, answer)


@router.post(f"{PERSON_PATH}/export")
async def download_person(
    person_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """To print for him, or as JSON. By POST: looking is an act, and stands in the log."""
    form = await read_form(request)
    page = await people.export_person(person_id, caller, runtime)
    if form.get("form") == "json":
        name = {"Content-Disposition": 'attachment; filename="person.json"'}
        content = orjson.dumps(page, option=orjson.OPT_INDENT_2)
        return Response(content, media_type="application/json", headers={**HEADERS, **name})
    return PAGES.render_for(
        request,
        "person_export.html",
        person=page,
        stages=STAGES,
        states=STATES,
        path=PERSON_PATH.format(person_id=person_id),
    )


@router.post(f"{PERSON_PATH}/erasure")
async def submit_erasure_proposal(
    person_id: Identifier, caller: Eraser, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    return await _erase(request, runtime, caller, person_id, "erasure", people.propose_erasure)


@router.post(f"{PERSON_PATH}/erase")
async def submit_erasure(
    person_id: Identifier, caller: Eraser, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """By another than proposed it."""
    return await _erase(request, runtime, caller, person_id, "erase", people.erase_person)


async def _erase(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    person_id: str,
    act: str,
    execute: Callable[..., Awaitable[Response]],
) -> Response:
    """Once each of the two says that he read what it does."""
    form = await read_form(request)
    await load_seen_person(runtime, find_scope(caller), person_id)
    if form.get("read") != "yes":
        answer = refuse(422, ERASURE_UNREAD.problem("read"))
    else:
        answer = _parse(await execute(person_id, caller, runtime, _find_key(form)))
    return await _go_on(request, runtime, caller, person_id, act, form, answer)


@router.post(f"{PERSON_PATH}/erasure/refuse")
async def submit_erasure_refusal(
    person_id: Identifier, caller: Eraser, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form, act = await read_form(request), "erasure/refuse"
    answer = _parse(await people.refuse_erasure(person_id, caller, runtime, _find_key(form)))
    return await _go_on(request, runtime, caller, person_id, act, form, answer)


@router.get("/desk/erasures")
async def show_erasures(caller: Eraser, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """What waits for a second one; ids alone, each a way to the person's page."""
    rows = [
        (each.id, each.proposed_by, each.proposed_at)
        for each in await people.find_proposals(runtime)
    ]
    return PAGES.render_for(request, "erasures.html", rows=rows, principal=caller.principal)


async def _go_on(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    person_id: str,
    act: str,
    form: Form,
    answer: Answer,
) -> Response:
    if answer.status < 400:
        path = PERSON_PATH.format(person_id=person_id)
        return RedirectResponse(f"{path}?done={act}", status_code=303)
    return await _render(request, runtime, caller, person_id, act=act, form=form, answer=answer)


def _find_key(form: Form) -> str:
    return form.get(FORM_KEY, "")[:60] or make_form_key()


def _describe(error: Invalid | ValidationError) -> Answer:
    if isinstance(error, Invalid):
        return refuse(422, *error.problems)
    return refuse(422, *describe_validation(error))


def _parse(response: Response) -> Answer:
    body: Document = orjson.loads(bytes(response.body)) if response.body else {}
    return Answer(response.status_code, body)


# --- what looks alike -----------------------------------------------------------------------------

ALIKE_PATH = "/desk/alike"
ROWS = 20


@router.get(ALIKE_PATH)
async def show_alike(
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    state: SuggestionState = "open",
    after: str = "",
    done: str = "",
) -> Response:
    """Both sides beside each other, with what makes them look alike."""
    find_scope(caller)
    page = await suggestions.list_suggestions(
        caller, runtime, state=state, subject=None, after=after[:200], limit=ROWS
    )
    return PAGES.render_for(
        request,
        "alike.html",
        page=page,
        states=STATES,
        state=state,
        is_first=not after,
        done=done,
        form_key=make_form_key(),
        may_decide=not caller.roles.isdisjoint(CASE_ROLES[1:]),
    )


@router.post(f"{ALIKE_PATH}/{{suggestion_id}}/{{verdict}}")
async def submit_verdict(
    suggestion_id: Identifier,
    verdict: Verdict,
    caller: Approver,
    request: Request,
    runtime: IntakeRuntimeDep,
) -> Response:
    key = _find_key(await read_form(request))
    decide = {
        "merge": suggestions.merge_suggested,
        "separate": suggestions.separate_suggested,
    }[verdict]
    answer = _parse(await decide(suggestion_id, caller, runtime, key))
    if answer.status >= 400:
        raise Denied(answer)
    return RedirectResponse(f"{ALIKE_PATH}?done={verdict}", status_code=303)
