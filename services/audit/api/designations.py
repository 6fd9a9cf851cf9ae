"""HTTP for those who see to it that gifts go where their givers wanted: what was written."""

from typing import Annotated

from fastapi import Depends, Query

from services.audit.preparing import build_bank_secrets
from services.audit.statements import views
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

router = Router()

Reader = Annotated[
    Credential,
    Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR, whole_city=True)),
]


@router.get("/designations")
async def list_designations(
    _caller: Reader,
    runtime: RuntimeDep,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Gifts with a purpose, by id: the text, which may be personal, and how it was understood."""
    secrets = build_bank_secrets(runtime.keyring)
    return await views.list_designations(runtime.database, secrets.open_designation, after, limit)
