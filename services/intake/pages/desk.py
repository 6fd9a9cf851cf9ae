"""The desk of who works on cases: what waits for him, and looking something up."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.intake import model, store, worklist
from services.intake.api.case_tasks import find_areas, list_case_workers
from services.intake.api.people import look_up
from services.intake.api.requests import CASE_WORKERS, list_levels
from services.intake.approvals.tasks import list_desk_tasks
from services.intake.emergencies.report import find_on
from services.intake.messages import LOOKUP_EMPTY
from services.intake.model import RequestState
from services.intake.pages.rows import STATES, CaseRow, build_row
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.prepare import make_search_keys
from services.intake.worklist import DueFilter, Filters, Tab, Worker
from shared.contracts.values import BeneficiaryClass, Category, Channel, TownCode
from shared.documents import Document
from shared.errors import Invalid, Problem
from shared.personal import DIGITS_MIN
from shared.phones import parse_mobile
from shared.scope import OutOfScope, Scope
from shared.security import Credential
from shared.text import fold_text
from shared.towns import load_towns
from shared.web.access import allow, find_scope
from shared.web.forms import read_form
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
DESK_PATH = "/desk"

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]

TABS: Mapping[Tab, tuple[str, str]] = {
    "waiting": ("待审批", "To approve"),
    "tasks": ("任务", "Tasks"),
    "returned": ("待补正", "To put right"),
    "mine": ("我记录的", "Recorded by me"),
    "all": ("全部", "All"),
}
DUES: Mapping[DueFilter, tuple[str, str]] = {
    "overdue": ("已超期", "Overdue"),
    "today": ("今天到期", "Due today"),
}
COUNTED: tuple[Tab, ...] = ("waiting", "tasks", "returned")
ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
REFERENCE = re.compile(r"(?:R-[0-9a-f]{20}|[0-9a-f]{6})", re.IGNORECASE)
SEARCH_MAX = 200


async def build_worker(runtime: IntakeRuntime, caller: Credential, scope: Scope) -> Worker:
    """others: whose area holds his or lies in it."""
    workers = await list_case_workers(runtime)
    near = {each.principal for each in workers if scope.narrow_area(each.area) is not None}
    others = {id_: find_areas(workers, id_) for id_ in sorted(near - {caller.principal})}
    return Worker(caller.principal, scope, list_levels(caller), others)


@router.get(DESK_PATH)
async def show_desk(
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
    tab: Tab = "waiting",
    category: Annotated[Category | None, Query()] = None,
    beneficiary_class: Annotated[BeneficiaryClass | None, Query()] = None,
    town: Annotated[TownCode | None, Query()] = None,
    state: Annotated[RequestState | None, Query()] = None,
    channel: Annotated[Channel | None, Query()] = None,
    due: Annotated[DueFilter | None, Query()] = None,
    after: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    now = await runtime.processor.now()
    filters = Filters(category, beneficiary_class, town, state, channel, due, now)
    worker = await build_worker(runtime, caller, find_scope(caller))
    page = await worklist.list_page(runtime.database, worker, tab, filters, after)
    return PAGES.render_for(
        request,
        "desk.html",
        **await _describe_desk(runtime, caller, worker),
        tab=tab,
        filters=filters,
        dues=await _count_due(runtime, worker, tab, filters),
        rows=await _build_rows(runtime, page.requests, worker if tab == "tasks" else None),
        following=page.following,
        is_first=not after,
        query=_list_query(tab, filters),
        all_dues=_list_query(tab, replace(filters, due=None)),
    )


async def _describe_desk(runtime: IntakeRuntime, caller: Credential, worker: Worker) -> Document:
    """What stands on each of its pages."""
    at = await runtime.processor.now()
    tabs = [
        (tab, words, await worklist.count_up_to(runtime.database, worker, tab))
        for tab, words in TABS.items()
        if tab in COUNTED
    ]
    others = [(tab, words, None) for tab, words in TABS.items() if tab not in COUNTED]
    return {
        "tabs": [*tabs, *others],
        "counted_max": worklist.COUNTED_MAX,
        "categories": tuple(Category),
        "classes": tuple(BeneficiaryClass),
        "channels": tuple(Channel),
        "states": STATES,
        "towns": {} if caller.area else load_towns(),
        "approves": bool(worker.levels),
        "unread": await _count_unread(runtime, worker.scope),
        "late_tasks": await worklist.count_up_to(
            runtime.database, worker, "tasks", Filters(due="overdue", at=at)
        ),
    }


async def _count_unread(runtime: IntakeRuntime, scope: Scope) -> dict[str, int]:
    """Messages, all and urgent. Who works for a village has none."""
    try:
        query = scope.build_query(store.MESSAGES)
    except OutOfScope:
        return {"total": 0, "urgent": 0}
    return await store.count_messages(runtime.database, query, "unread")


async def _count_due(
    runtime: IntakeRuntime, worker: Worker, tab: Tab, filters: Filters
) -> list[tuple[str, tuple[str, str], int]]:
    """What is due today and what is late, of this list."""
    return [
        (
            due,
            words,
            await worklist.count_up_to(runtime.database, worker, tab, replace(filters, due=due)),
        )
        for due, words in DUES.items()
    ]


async def _build_rows(
    runtime: IntakeRuntime, requests: Iterable[model.Request], worker: Worker | None = None
) -> list[CaseRow]:
    """worker: whose tasks stand on each."""
    now = await runtime.processor.now()
    emergencies = await find_on(runtime.database, now)
    rows = [build_row(each, now, emergencies) for each in requests]
    if worker is None:
        return rows
    return [replace(row, tasks=list_desk_tasks(row.request, worker, now)) for row in rows]


def _list_query(tab: Tab, filters: Filters) -> dict[str, str]:
    """As addresses of the following page say it."""
    values = {
        "category": filters.category,
        "beneficiary_class": filters.beneficiary_class,
        "town": filters.town_code,
        "state": filters.state,
        "channel": filters.channel,
        "due": filters.due,
    }
    return {"tab": tab} | {name: str(value) for name, value in values.items() if value}


# --- looking something up -------------------------------------------------------------------------


@router.post(f"{DESK_PATH}/search")
async def search(caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """By number, name or phone. These stand in no address: a token leads to what was found."""
    text = fold_text((await read_form(request)).get("q", ""))[:SEARCH_MAX]
    try:
        requests = await _search(runtime, caller, text)
    except Invalid as invalid:
        return await _render_found(request, runtime, caller, [], text, invalid.problems)
    token = secrets.token_urlsafe(16)
    ids = [each.id for each in requests]
    at = await runtime.processor.now()
    await worklist.save_finding(runtime.database, token, caller.principal, ids, at)
    return RedirectResponse(f"{DESK_PATH}/found/{token}", status_code=303)


async def _search(runtime: IntakeRuntime, caller: Credential, text: str) -> list[model.Request]:
    """Whom it looks up is logged before anything is shown. Raises Invalid."""
    if not text:
        raise LOOKUP_EMPTY.invalid("q")
    if REFERENCE.fullmatch(text):
        return await worklist.find_by_reference(runtime.database, find_scope(caller), text)
    hits = await look_up(runtime, caller, _read_keys(runtime, text))
    requests = [request for hit in hits for request in hit.requests]
    requests.sort(key=lambda request: request.recorded_at, reverse=True)
    return requests[: worklist.FINDINGS_MAX]


def _read_keys(runtime: IntakeRuntime, text: str) -> store.SearchKeys:
    """Of an ID number, a phone or a name. Raises Invalid."""
    vault, folded = runtime.resources.vault, text.replace(" ", "").upper()
    if ID_NUMBER.fullmatch(folded):
        return make_search_keys(vault, id_number=folded)
    if sum(character.isdigit() for character in text) >= DIGITS_MIN:
        return make_search_keys(vault, phone=parse_mobile(text, "q"))
    return make_search_keys(vault, name=text)


@router.get(f"{DESK_PATH}/found/{{token}}")
async def show_found(
    token: Annotated[str, Path(max_length=100)],
    caller: CaseWorker,
    request: Request,
    runtime: IntakeRuntimeDep,
) -> Response:
    worker = await build_worker(runtime, caller, find_scope(caller))
    requests = await worklist.load_finding(runtime.database, token, worker)
    if requests is None:
        return RedirectResponse(DESK_PATH, status_code=303)
    return await _render_found(request, runtime, caller, requests)


async def _render_found(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    requests: Sequence[model.Request],
    text: str = "",
    problems: tuple[Problem, ...] = (),
) -> Response:
    """text: what was looked for, where it was not understood; it is not kept otherwise."""
    return PAGES.render_for(
        request,
        "desk_found.html",
        status=422 if problems else 200,
        **await _describe_desk(
            runtime, caller, await build_worker(runtime, caller, find_scope(caller))
        ),
        rows=await _build_rows(runtime, requests),
        is_full=len(requests) == worklist.FINDINGS_MAX,
        text=text,
        problems=[problem.as_dict() for problem in problems],
    )
