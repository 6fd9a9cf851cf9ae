"""What is done with a case while it is judged: returned, put right, noted, sent to a meeting."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake.api.approvals import parse_return_reason
from services.intake.api.requests import APPROVERS, CASE_WORKERS, list_levels, load_seen_request
from services.intake.approvals.messages import MEND_EMPTY
from services.intake.model import MendRequest, ReturnRequest
from services.intake.model.approval import AddCaseNote
from services.intake.model.meeting import SendToMeeting
from services.intake.pages.case import CASE_PATH, act_on
from services.intake.pages.case_forms import read_note, read_quantity
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Category, Identifier, Value
from shared.security import Credential
from shared.web.access import allow, find_scope
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]


@router.post(f"{CASE_PATH}/return")
async def return_for_correction(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return ReturnRequest(
            request_id=request_id,
            levels=list_levels(caller),
            area=caller.area,
            approver_id=caller.principal,
            reason=parse_return_reason(form.get("reason", "")),
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "return", build)


@router.post(f"{CASE_PATH}/mend")
async def submit_mended(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    stored = await load_seen_request(runtime, find_scope(caller), request_id)

    def build(form: Form) -> Value:
        quantity = read_quantity(form, stored.need)
        category = next((each for each in Category if each == form.get("category")), None)
        changed = category if category is not stored.category else None
        note = form.get("note", "")
        if not (note or changed or (quantity and quantity != stored.need.quantity)):
            raise MEND_EMPTY.invalid("note")
        return MendRequest(
            request_id=request_id,
            area=caller.area,
            by=caller.principal,
            quantity=quantity,
            category=changed,
            note=note,
        )

    return await act_on(request, runtime, caller, request_id, "mend", build)


@router.post(f"{CASE_PATH}/note")
async def submit_note(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return AddCaseNote(
            request_id=request_id,
            area=caller.area,
            by=caller.principal,
            note=read_note(form),
        )

    return await act_on(request, runtime, caller, request_id, "note", build)


@router.post(f"{CASE_PATH}/meeting")
async def send_to_meeting(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return SendToMeeting(
            request_id=request_id,
            levels=list_levels(caller),
            area=caller.area,
            approver_id=caller.principal,
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "meeting", build)
