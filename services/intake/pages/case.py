"""One request on one page: who asks, what, what was before, and what may be done with it now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake import model, store, worklist
from services.intake.api.approvals import parse_decline_reason
from services.intake.api.case_tasks import list_case_workers
from services.intake.api.conversations import list_noted
from services.intake.api.judgement import judge_text
from services.intake.api.requests import (
    APPROVERS,
    CASE_WORKERS,
    list_levels,
    load_seen_request,
)
from services.intake.approvals.messages import (
    BUDGET_STOPS,
    DECLINE_REASONS,
    PART_REASONS,
    RETURN_REASONS,
)
from services.intake.approvals.notes import Note, list_case_notes, list_notes
from services.intake.approvals.tasks import NO_TASKS, CaseTasks, describe_tasks, list_task_notes
from services.intake.attachments.keeping import list_files
from services.intake.clocks.messages import PAUSE_REASONS
from services.intake.clocks.rules import find_owner
from services.intake.clocks.words import ClockView, describe_clock
from services.intake.emergencies.report import find_on
from services.intake.history import Part, list_history, name_voucher
from services.intake.judgement import Judgement
from services.intake.messages import VOUCHING_EMPTY
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    RequestState,
    VouchForPerson,
    Vouching,
    WithdrawRequest,
)
from services.intake.model.attachment import Attachment
from services.intake.model.classification import ClassifyRequest
from services.intake.pages.beside import Beside, build_beside
from services.intake.pages.case_forms import (
    DONE,
    Act,
    find_endings,
    read_part_reason,
    read_quantity,
    read_vouching,
)
from services.intake.pages.consents import STAFF_WAYS, ConsentRow, list_consents
from services.intake.pages.desk import build_worker
from services.intake.pages.rows import LEVELS, CaseRow, build_row
from services.intake.pages.uploads import KINDS
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import Contact, narrow_person, open_contact, open_text
from shared.contracts.values import BeneficiaryClass, Category, Identifier, Kind, Value
from shared.documents import Document
from shared.messaging.decision import Answer
from shared.policies import Policy
from shared.security import Credential
from shared.towns import load_towns
from shared.web.access import allow, find_scope
from shared.web.forms import Form, answer_form, list_problems, make_form_key
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
CASE_PATH = "/cases/{request_id}"
EARLIER_MAX = 20
SURE_MIN = 0.8
"""Of a suggestion that is shown open where the request says something else."""

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]

MANNERS: Mapping[str, tuple[str, str]] = {
    "visit": ("上门见到", "at home"),
    "office": ("在窗口或驿站见到", "at an office"),
    "video": ("视频见到", "by video"),
}
BASES: Mapping[str, tuple[str, str]] = {
    "register": ("民政登记核对", "the register"),
    "document": ("证件或证明", "a document"),
    "visit": ("见面核实", "seen"),
}
STOPS = {code: (message.zh, message.en) for code, message in BUDGET_STOPS.items()}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the reader may do with it now. other_level: who decides, where he may not."""

    approve: bool
    vouch: bool
    classify: bool
    withdraw: bool
    merge: bool
    pause: bool
    is_recorder: bool
    other_level: tuple[str, str] | None
    mend: bool = False
    is_for_meeting: bool = False
    refer: bool = False
    answer: bool = False
    grant: bool = False
    budget: bool = False
    stop_budget: bool = False
    report: bool = False
    confirm: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """All that stands on the page. contact: the phone is empty unless it was asked for."""

    row: CaseRow
    contact: Contact
    erased: bool
    has_phone: bool
    text: str | None
    earlier: Sequence[CaseRow]
    clock: ClockView | None
    history: Sequence[Part]
    silent: Sequence[tuple[str, str]]
    allowed: Allowed
    judgement: Judgement
    beside: Beside
    notes: Sequence[Note] = ()
    messages: Sequence[Document] = ()
    files: Sequence[Attachment] = ()
    consents: Sequence[ConsentRow] = ()
    policies: Sequence[Policy] = ()
    tasks: CaseTasks = NO_TASKS

    @property
    def is_judged_otherwise(self) -> bool:
        """Whether the text surely suggests something else than stands there, or names danger."""
        if self.judgement.danger or (self.judgement.is_urgent and not self.row.request.urgent):
            return True
        guess = self.judgement.category
        if guess is None or guess.confidence < SURE_MIN:
            return False
        return guess.label != self.row.request.category


def find_allowed(request: model.Request, caller: Credential) -> Allowed:
    waits = request.state is RequestState.RECORDED
    levels = list_levels(caller)
    is_recorder = caller.principal in request.recorders
    is_of_level = request.approval_level in levels
    level = request.approval_level or "city"
    stage = request.clock.stage if request.clock else None
    return Allowed(
        approve=waits and is_of_level,
        vouch=request.state in (RequestState.RECORDED, RequestState.OPEN),
        classify=waits,
        withdraw=request.is_withdrawable,
        merge=bool(levels),
        pause=stage is not None and find_owner(request, stage) in (None, *levels),
        is_recorder=is_recorder,
        other_level=LEVELS[level] if waits and not is_of_level else None,
        mend=request.state is RequestState.RETURNED,
        is_for_meeting=waits and "meeting_due" in request.waits_for,
        **find_endings(request, caller.principal, is_of_level=is_of_level),
    )


# --- reading --------------------------------------------------------------------------------------


@router.get(CASE_PATH)
async def show_case(
    request_id: Identifier,
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    done: str = "",
) -> Response:
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    return await render_case(request, runtime, caller, stored, done=DONE.get(done))


@router.post(f"{CASE_PATH}/phone")
async def show_phone(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """The number stands on the page for who asked for it, and the person reads that he did."""
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_phone", [stored.person_id], at)
    return await render_case(request, runtime, caller, stored, with_phone=True)


async def render_case(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    stored: model.Request,
    *,
    done: tuple[str, str] | None = None,
    with_phone: bool = False,
    act: Act | None = None,
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """act, form, answer: what was refused, to be shown where it was typed."""
    case = await _build_case(runtime, caller, stored, with_phone=with_phone)
    following = await worklist.find_next_waiting(
        runtime.database, await build_worker(runtime, caller, find_scope(caller)), stored
    )
    return PAGES.render_with_script(
        request,
        "case.html",
        status=answer.status if answer else 200,
        case=case,
        path=CASE_PATH.format(request_id=stored.id),
        done=done,
        act=act,
        typed=form or {},
        problems=list_problems(answer) if answer else [],
        form_key=make_form_key(),
        following=following.id if following else "",
        manners=MANNERS,
        bases=BASES,
        name_voucher=name_voucher,
        classes=tuple(BeneficiaryClass),
        reasons=DECLINE_REASONS,
        pause_reasons=PAUSE_REASONS,
        categories=tuple(Category),
        kinds=tuple(Kind),
        towns={
            code: name for code, name in load_towns().items() if code.startswith(caller.area[:9])
        },
        part_reasons=PART_REASONS,
        budget_stops=STOPS,
        file_kinds=KINDS,
        ways=STAFF_WAYS,
        checks=bool(runtime.settings.clamd),
        return_reasons=RETURN_REASONS,
        policies=runtime.settings.policies.names,
    )


async def _build_case(
    runtime: IntakeRuntime, caller: Credential, stored: model.Request, *, with_phone: bool
) -> Case:
    """Opening it is a look at the person: it is logged before it is shown."""
    now = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_request", [stored.person_id], now)
    persons = await store.load_persons(runtime.database, [stored.person_id])
    person = persons.get(stored.person_id) or model.Person(id=stored.person_id, erased=True)
    vault = runtime.resources.vault
    contact = open_contact(vault, narrow_person(person, find_scope(caller), {stored.source}))
    earlier = await worklist.find_of_persons(
        runtime.database, find_scope(caller), [stored.person_id]
    )
    notes = [*list_case_notes(vault, person, stored), *list_task_notes(vault, person, stored)]
    history, silent = await list_history(runtime, stored, notes)
    text = open_text(vault, person, stored)
    return Case(
        row=build_row(stored, now, await find_on(runtime.database, now)),
        contact=contact if with_phone else Contact(contact.name),
        erased=person.erased,
        has_phone=bool(contact.phone),
        text=text,
        earlier=[build_row(each, now) for each in earlier if each.id != stored.id][:EARLIER_MAX],
        clock=describe_clock(runtime.settings.clock, stored, now),
        history=history,
        silent=silent,
        allowed=find_allowed(stored, caller),
        judgement=await judge_text(runtime, text),
        notes=list_notes(vault, person, stored),
        messages=await list_noted(runtime, caller, stored.id),
        files=await list_files(runtime, stored),
        consents=list_consents(
            person.consents, now, {} if person.erased else stored.typed_consents
        ),
        tasks=describe_tasks(vault, person, stored, await list_case_workers(runtime), now),
        beside=await build_beside(runtime, caller, stored, person),
        policies=runtime.settings.policies.suggest(
            stored.declared_class or stored.beneficiary_class, stored.category
        ),
    )


# --- doing ----------------------------------------------------------------------------------------


@router.post(f"{CASE_PATH}/approve")
async def approve(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return ApproveRequest(
            request_id=request_id,
            levels=list_levels(caller),
            area=caller.area,
            approver_id=caller.principal,
            digest=form.get("digest", "")[:64],
            vouching=read_vouching(form),
            item=form.get("item", "").strip(),
            quantity=read_quantity(form, stored.need),
            part_reason=read_part_reason(form),
        )

    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    return await act_on(request, runtime, caller, request_id, "approve", build)


@router.post(f"{CASE_PATH}/vouch")
async def vouch(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        vouching = read_vouching(form)
        if vouching == Vouching():
            raise VOUCHING_EMPTY.invalid("seen")
        return VouchForPerson(
            request_id=request_id, area=caller.area, by=caller.principal, vouching=vouching
        )

    return await act_on(request, runtime, caller, request_id, "vouch", build)


@router.post(f"{CASE_PATH}/classify")
async def classify(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return ClassifyRequest.model_validate(
            {
                "request_id": request_id,
                "by": caller.principal,
                "area": caller.area,
                "kind": form.get("kind") or None,
                "category": form.get("category") or None,
                "declared_class": form.get("class") or None,
                "urgent": "urgent" in form,
                "town_code": form.get("town") or None,
            }
        )

    return await act_on(request, runtime, caller, request_id, "classify", build)


@router.post(f"{CASE_PATH}/decline")
async def submit_decline(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return DeclineRequest(
            request_id=request_id,
            levels=list_levels(caller),
            area=caller.area,
            approver_id=caller.principal,
            reason=parse_decline_reason(form.get("reason", "")),
            note=form.get("note", "").strip(),
        )

    return await act_on(request, runtime, caller, request_id, "decline", build)


@router.post(f"{CASE_PATH}/withdraw")
async def submit_withdrawal(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(_form: Form) -> Value:
        return WithdrawRequest(request_id=request_id, area=caller.area)

    return await act_on(request, runtime, caller, request_id, "withdraw", build)


async def act_on(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    request_id: str,
    act: Act,
    build: Callable[[Form], Value],
) -> Response:
    await load_seen_request(runtime, find_scope(caller), request_id)

    async def show(form: Form, answer: Answer) -> Response:
        stored = await load_seen_request(runtime, find_scope(caller), request_id)
        return await render_case(
            request, runtime, caller, stored, act=act, form=form, answer=answer
        )

    done = f"{CASE_PATH.format(request_id=request_id)}?done={act}"
    return await answer_form(request, runtime, caller, done, build, show)
