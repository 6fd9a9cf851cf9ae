"""What staff note on a case of what the person, or his guardian, agreed to."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from services.intake.api.requests import CASE_WORKERS
from services.intake.model.consent import EndConsent, GiveConsent
from services.intake.pages.case import CASE_PATH, act_on
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import Identifier, Value
from shared.security import Credential
from shared.web.access import allow
from shared.web.forms import Form
from shared.web.staff import PageRouter

router = PageRouter()

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]


@router.post(f"{CASE_PATH}/consent")
async def note_consent(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """What the person, or his guardian, said or signed."""

    def build(form: Form) -> Value:
        fields = {
            "request_id": request_id,
            "purpose": form.get("purpose"),
            "by": caller.principal,
            "area": caller.area,
        }
        if form.get("word") == "end":
            return EndConsent.model_validate(fields)
        by_guardian = form.get("guardian") == "yes"
        return GiveConsent.model_validate(
            {**fields, "way": form.get("way"), "by_guardian": by_guardian}
        )

    return await act_on(request, runtime, caller, request_id, "consent", build)
