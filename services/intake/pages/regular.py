"""Regular work on pages: what is due, one entry with its visits, entering one, coverage by town."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.intake import store as intake_store
from services.intake.api.requests import APPROVERS, CASE_WORKERS
from services.intake.clocks.words import Left, describe_left
from services.intake.model.clock import Period
from services.intake.model.regular import (
    CheckVisit,
    EndWork,
    LogVisit,
    RegularWork,
    Visit,
    WorkRow,
)
from services.intake.regular import store
from services.intake.regular.messages import (
    END_REASONS,
    FINDABLE,
    FINDINGS,
    KINDS,
    OUTCOMES,
    SERVICE_MISSING,
    VISIT_DATE_WRONG,
    WORK_UNKNOWN,
)
from services.intake.regular.registering import read_area, register_work
from services.intake.regular.store import Coverage, Show, WorkFilters
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import Contact, narrow_person, open_contact
from shared import mongo
from shared.contracts.events import WorkKind
from shared.contracts.values import Identifier, TownCode, Value
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer
from shared.references import format_reference
from shared.scope import Scope
from shared.security import Credential
from shared.towns import load_towns
from shared.validation import describe_validation
from shared.villages import village_name
from shared.web.access import Denied, allow, find_scope
from shared.web.forms import (
    FORM_KEY,
    Form,
    execute_form,
    list_problems,
    make_form_key,
    read_form,
)
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
REGULAR_PATH = "/regular"
WORK_PATH = f"{REGULAR_PATH}/{{work_id}}"

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]

SHOWS: Mapping[Show, tuple[str, str]] = {
    "active": ("在册", "Registered"),
    "overdue": ("已超期", "Overdue"),
    "ended": ("已注销", "Ended"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "visit": ("已记下", "noted"),
    "check": ("已核对", "checked"),
    "end": ("已注销", "taken off the register"),
    "new": ("已登记", "registered"),
}
EXPECTED: tuple[WorkKind, ...] = ("station", "worker")
"""What every town has to have: 双百工程."""


@dataclass(frozen=True, slots=True)
class WorkLine:
    """left: how long there is; None of what ended."""

    work: RegularWork
    kind: tuple[str, str]
    reference: str
    left: Left | None
    findings: tuple[tuple[str, str], ...]

    @property
    def is_overdue(self) -> bool:
        return self.left is not None and self.left.urgency == "overdue"


def build_line(work: RegularWork, now: datetime) -> WorkLine:
    left = None
    if work.next_at is not None:
        left = describe_left(Period(since=work.registered_at, ends_at=work.next_at), now)
    return WorkLine(
        work=work,
        kind=KINDS[work.kind],
        reference=format_reference(work.id),
        left=left,
        findings=tuple(FINDINGS[finding.code] for finding in work.open_findings),
    )


# --- the list -------------------------------------------------------------------------------------


@router.get(REGULAR_PATH)
async def show_works(
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    kind: Annotated[WorkKind | None, Query()] = None,
    show: Show = "active",
    town: Annotated[TownCode | None, Query()] = None,
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """A list names nobody."""
    now = await runtime.processor.now()
    filters = WorkFilters(kind, show, town or "")
    works, following = await store.list_works(
        runtime.database, find_scope(caller), filters, now, after
    )
    return PAGES.render_for(
        request,
        "regular.html",
        rows=[build_line(work, now) for work in works],
        following=following,
        is_first=not after,
        filters=filters,
        kinds=KINDS,
        shows=SHOWS,
        towns={} if caller.area else load_towns(),
        query={"show": show} | ({"kind": kind} if kind else {}) | ({"town": town} if town else {}),
    )


@router.get(f"{REGULAR_PATH}/coverage")
async def show_coverage(
    caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    now, scope = await runtime.processor.now(), find_scope(caller)
    covered = await store.count_coverage(runtime.database, scope, now)
    codes = [code for code in load_towns() if scope.area[:9] in code[: len(scope.area[:9])]]
    return PAGES.render_for(
        request,
        "regular_coverage.html",
        rows=[covered.get(code, Coverage(code)) for code in codes],
        kinds=KINDS,
        expected=EXPECTED,
    )


# --- entering one ---------------------------------------------------------------------------------


@router.get(f"{REGULAR_PATH}/new")
async def show_new_work(caller: CaseWorker, request: Request) -> Response:
    typed = {"town": caller.area[:9], "village": caller.area if len(caller.area) == 12 else ""}
    return _render_new(request, typed)


@router.post(f"{REGULAR_PATH}/new")
async def submit_work(caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep) -> Response:
    form = await read_form(request)
    key = re.sub(r"[^\w-]", "", form.get(FORM_KEY, ""))[:40] or make_form_key()
    try:
        row = _read_work(form)
        answer = await register_work(runtime, caller, row, f"{caller.speaks_as}|{key}")
    except ValidationError as error:
        answer = refuse(422, *describe_validation(error))
    except Invalid as invalid:
        answer = refuse(422, *invalid.problems)
    if answer.status < 400:
        path = WORK_PATH.format(work_id=answer.body["work_id"])
        return RedirectResponse(f"{path}?done=new", status_code=303)
    return _render_new(request, form, answer)


def _read_work(form: Form) -> WorkRow:
    """Raises ValidationError or Invalid."""
    fields: dict[str, object] = {
        "kind": form.get("kind"),
        "area": read_area(form.get("town", ""), form.get("village", "")),
        "title": form.get("title", ""),
        "every_days": _read_count(form.get("every_days", "")),
    }
    if name := form.get("name"):
        phone = form.get("phone", "")
        fields["person"] = {"name": name, "phone": f"+86{phone}" if phone else None}
    if item := form.get("service"):
        if not form.get("total"):
            raise SERVICE_MISSING.invalid("service.total")
        total = _read_count(form.get("total", ""))
        fields["service"] = {"item": item, "unit": form.get("unit") or "次", "total": total}
    return WorkRow.model_validate(fields)


def _read_count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _render_new(
    request: Request, typed: Mapping[str, str], answer: Answer | None = None
) -> Response:
    return PAGES.render_for(
        request,
        "regular_new.html",
        status=answer.status if answer else 200,
        typed=typed,
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        kinds=KINDS,
        towns=load_towns(),
    )


# --- one entry ------------------------------------------------------------------------------------


@router.get(WORK_PATH)
async def show_work(
    work_id: Identifier,
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    done: str = "",
) -> Response:
    work = await _load_seen(runtime, find_scope(caller), work_id)
    return await _render_work(request, runtime, caller, work, done=DONE.get(done))


async def _load_seen(runtime: IntakeRuntime, scope: Scope, work_id: str) -> RegularWork:
    """Raises Denied."""
    work = await mongo.load(runtime.database, RegularWork, work_id)
    if work is None or not scope.sees_place(work.area.town_code, work.area.village_code):
        raise Denied(WORK_UNKNOWN.refusal(404, "work_id"))
    return work


async def _render_work(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    work: RegularWork,
    *,
    done: tuple[str, str] | None = None,
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """Whose it is is opened here, and that is logged before."""
    now = await runtime.processor.now()
    visits = await store.list_visits(runtime.database, work.id)
    return PAGES.render_for(
        request,
        "regular_work.html",
        status=answer.status if answer else 200,
        line=build_line(work, now),
        village=village_name(work.area.village_code),
        contact=await _open_contact(runtime, caller, work, now),
        visits=[(visit, may_check(visit, caller)) for visit in visits],
        path=WORK_PATH.format(work_id=work.id),
        done=done,
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        may_end=work.is_active and bool(caller.roles & APPROVERS.keys()),
        outcomes=OUTCOMES,
        finding_words=FINDINGS,
        findable=FINDABLE[work.kind],
        end_reasons=END_REASONS,
    )


def may_check(visit: Visit, caller: Credential) -> bool:
    return visit.state == "logged" and visit.by != caller.principal


async def _open_contact(
    runtime: IntakeRuntime, caller: Credential, work: RegularWork, now: datetime
) -> Contact | None:
    """None of a place. Who is called on has to be reached, so his phone stands there too."""
    if work.person_id is None:
        return None
    await intake_store.VAULT_LOOKS.add(
        runtime.database, caller, "regular_work", [work.person_id], now
    )
    persons = await intake_store.load_persons(runtime.database, [work.person_id])
    person = persons.get(work.person_id)
    if person is None:
        return Contact()
    person = narrow_person(person, find_scope(caller), {work.registered_by})
    return open_contact(runtime.resources.vault, person)


@router.post(f"{WORK_PATH}/visit")
async def log_visit(
    work_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        on = form.get("on", "")
        return LogVisit.model_validate(
            {
                "work_id": work_id,
                "area": caller.area,
                "by": caller.principal,
                "on": date.fromisoformat(on) if on else None,
                "outcome": form.get("outcome"),
                "quantity": _read_count(form.get("quantity", "")) or 0,
                "found": _read_marks(form, "found"),
                "resolved": _read_marks(form, "resolved"),
            }
        )

    return await _act(request, runtime, caller, work_id, "visit", build)


def _read_marks(form: Form, name: str) -> list[str]:
    return [code for code in FINDINGS if form.get(f"{name}_{code}")]


@router.post(f"{WORK_PATH}/check")
async def check_visit(
    work_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return CheckVisit(
            visit_id=form.get("visit_id", "-"),
            work_id=work_id,
            area=caller.area,
            by=caller.principal,
            is_right=form.get("verdict") == "right",
        )

    return await _act(request, runtime, caller, work_id, "check", build)


@router.post(f"{WORK_PATH}/end")
async def end_work(
    work_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        fields = {"work_id": work_id, "area": caller.area, "by": caller.principal}
        return EndWork.model_validate(fields | {"reason": form.get("reason")})

    return await _act(request, runtime, caller, work_id, "end", build)


async def _act(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    work_id: str,
    act: str,
    build: Callable[[Form], Value],
) -> Response:
    work = await _load_seen(runtime, find_scope(caller), work_id)
    form = await read_form(request)
    try:
        answer = await execute_form(runtime, caller, form, build(form))
    except ValidationError as error:
        answer = refuse(422, *describe_validation(error))
    except ValueError:
        answer = VISIT_DATE_WRONG.refusal(422, "on")
    if answer.status < 400:
        path = WORK_PATH.format(work_id=work_id)
        return RedirectResponse(f"{path}?done={act}", status_code=303)
    return await _render_work(request, runtime, caller, work, form=form, answer=answer)
