"""HTTP for standing consents: whom a donor calls ends his for him."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from services.matching.model.consent import EndConsent
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, RuntimeDep, allow, answer_to

router = Router(tags=["consents"])

EndingCaller = Annotated[
    Credential,
    Depends(allow(Role.SUPPORT, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True)),
]
"""Of the whole city, as a consent has no town. One is enough: after it the donor is asked each
time. No member of staff gives one."""


@router.post("/donors/{donor_id}/consent/end")
async def end_consent(
    donor_id: Identifier, caller: EndingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, caller, EndConsent(donor_id=donor_id), key)
