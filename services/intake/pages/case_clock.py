"""Pausing the clocks of a case, and letting them go on, on its page."""

from fastapi import Request
from fastapi.responses import Response

from services.intake.api.requests import name_approver
from services.intake.clocks.messages import PAUSE_REASON_UNKNOWN, PAUSE_REASONS
from services.intake.model.clock import PauseCase, ResumeCase
from services.intake.pages.case import CASE_PATH, CaseWorker, act_on
from services.intake.pages.case_forms import read_day
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()


@router.post(f"{CASE_PATH}/pause")
async def pause(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(form: Form) -> Value:
        reason = form.get("pause_reason", "")
        if reason not in PAUSE_REASONS:
            raise PAUSE_REASON_UNKNOWN.invalid("pause_reason")
        return PauseCase(
            request_id=request_id,
            **name_approver(caller),
            reason=reason,
            until=read_day(form, "until"),
        )

    return await act_on(request, runtime, caller, request_id, "pause", build)


@router.post(f"{CASE_PATH}/resume")
async def resume(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    def build(_form: Form) -> Value:
        return ResumeCase(
            request_id=request_id,
            **name_approver(caller),
        )

    return await act_on(request, runtime, caller, request_id, "resume", build)
