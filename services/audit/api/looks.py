"""HTTP for auditors: who opened a payee's account or what a giver wrote."""

from typing import Annotated

from fastapi import Depends, Query

from services.audit import views
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.web.access import Router, RuntimeDep, allow

router = Router()

Auditor = Annotated[Credential, Depends(allow(Role.AUDITOR, whole_city=True))]


@router.get("/looks")
async def read_looks(
    _caller: Auditor,
    runtime: RuntimeDep,
    about: Identifier | None = None,
    after: Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, object]:
    """Oldest first. about: a payee or a gift; `next` is the `after` of the page that follows."""
    return await views.list_looks(runtime.database, about, after, limit)
