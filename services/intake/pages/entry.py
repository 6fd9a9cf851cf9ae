"""Entering requests one after another, as after a visit: by keyboard, the place and household kept.

A form is read as a sheet of one row, so what a sheet understands is understood here, and refused in
the same words.
"""

import csv
import io
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake.api.requests import CASE_WORKERS, check_area, name_recorder
from services.intake.channels.spreadsheet import SheetRequest, read_requests
from services.intake.messages import ENTRY_UNREADABLE
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.answers import Answer
from shared.contracts.values import BeneficiaryClass, Category, Channel
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.references import format_reference
from shared.security import Credential
from shared.towns import load_towns
from shared.web.access import allow
from shared.web.forms import (
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
ENTRY_PATH = "/desk/new"

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]

FIELDS = (
    "name",
    "phone",
    "household",
    "item",
    "quantity",
    "unit",
    "amount",
    "category",
    "class",
    "text",
    "town",
    "village",
)
"""Columns of a sheet of requests, as the form has them."""
REPEATED_FIELDS = ("household", "town", "village", "class", "channel")
"""What the next one of a household, or of a village, says again."""
CHANNELS = (
    Channel.HOUSEHOLD_VISIT,
    Channel.SOCIAL_WORKER,
    Channel.GRID_WORKER,
    Channel.COMMITTEE,
    Channel.SERVICE_WINDOW,
    Channel.STATION,
    Channel.HOTLINE,
    Channel.LEADER_VISIT,
    Channel.VETERANS_CENTRE,
)
BESIDE: Mapping[str, str] = {
    "applicant.name": "name",
    "applicant.phone": "phone",
    "applicant.household": "household",
    "need": "item",
    "need.item": "item",
    "need.unit": "unit",
    "need.quantity": "quantity",
    "beneficiary_class": "class",
    "area": "town",
    "area.town_code": "town",
    "area.village_code": "village",
}
"""Beside which field of the form a problem of a request stands."""
OUTCOMES: Mapping[str, tuple[str, str]] = {
    "opened": ("已公开，开始对接", "open: help is looked for"),
    "waiting_for_approval": ("已登记，等待审批", "recorded, waits for an approval"),
    "duplicate": ("与已有诉求重复", "a duplicate"),
}


@router.get(ENTRY_PATH)
async def show_entry(caller: CaseWorker, request: Request) -> Response:
    town = caller.area[:9]
    return _render(request, {"town": town, "channel": CHANNELS[0].value})


@router.post(ENTRY_PATH)
async def submit_entry(caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """The form again: empty but for the place and household, or as it was, with what is wrong."""
    form = await read_form(request)
    try:
        answer = await _submit(runtime, caller, form)
    except Invalid as invalid:
        answer = refuse(422, *invalid.problems)
    if answer.status >= 400:
        return _render(request, form, answer)
    again = {name: form[name] for name in REPEATED_FIELDS if name in form}
    done = {
        "id": answer.body["request_id"],
        "reference": format_reference(answer.body["request_id"]),
        "name": form.get("name", ""),
        "outcome": OUTCOMES.get(answer.body["decision"], ("已登记", "recorded")),
        "waits": answer.body.get("waits_for", ()),
        "count": _count(form) + 1,
        "hotline": runtime.settings.crisis_hotline,
    }
    return _render(request, again, done=done)


async def _submit(runtime: IntakeRuntime, caller: Credential, form: Form) -> Answer:
    """Raises Invalid."""
    submitted = read_entry(form)
    refused = check_area(submitted.request, caller)
    if refused is not None:
        return refused
    return await execute_form(runtime, caller, form, name_recorder(submitted.request, caller))


def read_entry(form: Form) -> SheetRequest:
    """Raises Invalid."""
    sheet = io.StringIO()
    lines = csv.writer(sheet)
    lines.writerow(FIELDS)
    lines.writerow([form.get(name, "") for name in FIELDS])
    channel = next((each for each in CHANNELS if each == form.get("channel")), CHANNELS[0])
    row = next(iter(read_requests(sheet.getvalue().encode(), channel)), None)
    if row is None:
        raise ENTRY_UNREADABLE.invalid("name")
    if not isinstance(row, SheetRequest):
        raise Invalid(*row.problems)
    return row


def _count(form: Form) -> int:
    count = form.get("count", "")
    return int(count) if count.isascii() and count.isdigit() and len(count) < 5 else 0


def _render(
    request: Request,
    typed: Mapping[str, str],
    answer: Answer | None = None,
    done: Document | None = None,
) -> Response:
    problems = [
        {**problem, "field": BESIDE.get(problem["field"], problem["field"])}
        for problem in (list_problems(answer) if answer else ())
    ]
    return PAGES.render_with_script(
        request,
        "entry.html",
        status=answer.status if answer else 200,
        typed=typed,
        problems=problems,
        fields=(*FIELDS, "channel"),
        first_wrong=next((problem["field"] for problem in problems), "name"),
        done=done,
        count=done["count"] if done else typed.get("count", ""),
        form_key=make_form_key(),
        categories=tuple(Category),
        classes=tuple(BeneficiaryClass),
        channels=CHANNELS,
        towns=load_towns(),
    )
