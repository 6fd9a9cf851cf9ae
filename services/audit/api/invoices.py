"""HTTP: which gifts have no 公益事业捐赠统一票据 yet, and the number of one that was issued."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from services.audit.api.access import Reader
from services.audit.invoices import list_missing
from services.audit.model.invoices import EnterGiftInvoice, TypedInvoice
from services.audit.resources import AuditRuntimeDep
from shared.contracts.values import Identifier
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, Router, allow, answer_to

router = Router()

Finance = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]


@router.get("/gift-invoices/missing", dependencies=[Reader])
async def list_missing_invoices(
    runtime: AuditRuntimeDep,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, object]:
    """By id: what an invoice has to say of each gift but the giver's name, which intake has."""
    names = runtime.settings.foundations
    return {"gifts": await list_missing(runtime.database, names, after, limit)}


@router.post("/donations/{donation_id}/invoice")
async def enter_gift_invoice(
    donation_id: Annotated[Identifier, Path()],
    typed: TypedInvoice,
    runtime: AuditRuntimeDep,
    finance: Finance,
    key: IdempotencyKey,
) -> Response:
    """As it was issued. It stands on the giver's receipt and in his year, never on the log."""
    command = EnterGiftInvoice(donation_id=donation_id, **typed.model_dump())
    return await answer_to(runtime, finance, command, key)
