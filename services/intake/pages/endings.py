"""Other good endings on the page of a case: a policy first, the public budget, other means."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake.api.requests import APPROVERS, CASE_WORKERS, load_seen_request, name_approver
from services.intake.approvals.messages import (
    ANSWER_MISSING,
    BUDGET_STOP_MISSING,
    BUDGET_STOPS,
    POLICY_MISSING,
    PROOF_MISSING,
    require_choice,
)
from services.intake.attachments.keeping import list_files
from services.intake.model.approval import (
    JudgeEnding,
    RecordReferralAnswer,
    ReferralOutcome,
    ReferRequest,
    ReportEnding,
    StopBudget,
    TakeBudget,
)
from services.intake.pages.case import CASE_PATH, act_on
from services.intake.pages.case_forms import read_day, read_quantity
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.security import Credential
from shared.web.access import allow, find_scope
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]
OUTCOMES: tuple[ReferralOutcome, ...] = ("granted", "partly", "refused")


@router.post(f"{CASE_PATH}/refer")
async def refer(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        if not form.get("policy"):
            raise POLICY_MISSING.invalid("policy")
        return ReferRequest(
            request_id=request_id,
            **name_approver(caller),
            policy=form["policy"],
            answer_on=read_day(form, "answer_on") if form.get("answer_on") else None,
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "refer", build)


@router.post(f"{CASE_PATH}/answer")
async def record_answer(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    stored = await load_seen_request(runtime, find_scope(caller), request_id)

    def build(form: Form) -> Value:
        outcome = next((each for each in OUTCOMES if each == form.get("outcome")), None)
        if outcome is None:
            raise ANSWER_MISSING.invalid("outcome")
        return RecordReferralAnswer(
            request_id=request_id,
            **name_approver(caller),
            outcome=outcome,
            quantity=read_quantity(form, stored.need) if outcome == "partly" else None,
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "answer", build)


@router.post(f"{CASE_PATH}/budget")
async def take_budget(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        if not form.get("reference"):
            raise PROOF_MISSING.invalid("reference")
        return TakeBudget(
            request_id=request_id,
            **name_approver(caller),
            reference=form["reference"],
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "budget", build)


@router.post(f"{CASE_PATH}/stop-budget")
async def stop_budget(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        reason = form.get("reason", "")
        return StopBudget(
            request_id=request_id,
            **name_approver(caller),
            reason=require_choice(reason, BUDGET_STOPS, BUDGET_STOP_MISSING, "reason"),
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "stop-budget", build)


@router.post(f"{CASE_PATH}/report")
async def report_ending(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    files = await list_files(runtime, stored)

    def build(form: Form) -> Value:
        return ReportEnding(
            request_id=request_id,
            area=caller.area,
            by=caller.principal,
            way="budget" if stored.state == "budgeted" else "other",
            reference=form.get("reference", ""),
            before_ids=tuple(file.id for file in files if file.kind == "before"),
            after_ids=tuple(file.id for file in files if file.kind == "after"),
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "report", build)


@router.post(f"{CASE_PATH}/confirm")
async def confirm_ending(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        return JudgeEnding(
            request_id=request_id,
            **name_approver(caller),
            is_right=form.get("right") != "no",
            digest=form.get("digest", "")[:64],
            note=form.get("note", ""),
        )

    return await act_on(request, runtime, caller, request_id, "confirm", build)
