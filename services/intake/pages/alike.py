"""Two requests that somebody compared: merged, found to be two, taken apart again."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake import duplicates, model
from services.intake.api.requests import APPROVERS, load_seen_request
from services.intake.model.suggestion import JudgeAlike, LikenessReason, SeparateRequest
from services.intake.pages.case import CASE_PATH, act_on
from services.intake.pages.case_forms import Act
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import allow, find_scope
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]


@router.post(f"{CASE_PATH}/merge")
async def submit_merge(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """One need: the later one goes with the earlier, and who asked for it stays told."""
    return await _judge(request_id, caller, request, runtime, "merged")


@router.post(f"{CASE_PATH}/apart")
async def submit_separation(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Two needs: they are not asked about again."""
    return await _judge(request_id, caller, request, runtime, "apart")


async def _judge(
    request_id: str,
    caller: Credential,
    request: Request,
    runtime: IntakeRuntime,
    verdict: Literal["merged", "apart"],
) -> Response:
    scope = find_scope(caller)
    own = await load_seen_request(runtime, scope, request_id)
    reasons = await _find_reasons(runtime, scope, own)

    def build(form: Form) -> Value:
        other_id = form.get("other_id", "")
        return JudgeAlike.model_validate(
            {
                "request_id": request_id,
                "other_id": other_id,
                "verdict": verdict,
                "reasons": reasons.get(other_id, ()),
                "area": caller.area,
            }
        )

    act: Act = "merge" if verdict == "merged" else "apart"
    return await act_on(request, runtime, caller, request_id, act, build)


async def _find_reasons(
    runtime: IntakeRuntime, scope: Scope, request: model.Request
) -> dict[str, tuple[LikenessReason, ...]]:
    """As they are found here, whatever the form says."""
    days = runtime.settings.duplicate_days
    alike = await duplicates.find_alike(runtime.database, request, scope, days)
    return {each.request.id: each.reasons for each in alike}


@router.post(f"{CASE_PATH}/separate")
async def separate(
    request_id: Identifier, caller: Approver, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """It repeats no other: where it was, as it was."""

    def build(_form: Form) -> Value:
        return SeparateRequest(request_id=request_id, area=caller.area)

    return await act_on(request, runtime, caller, request_id, "separate", build)
