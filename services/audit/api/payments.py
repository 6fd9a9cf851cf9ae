"""HTTP: requests that were paid for a match that fell, and two people's word on paying again."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit import views
from services.audit.api.access import Checker, Maker, Reader
from services.audit.model import (
    ApproveSecondPayment,
    DeclineSecondPayment,
    ProposeSecondPayment,
)
from shared.contracts.values import Identifier
from shared.web.access import IdempotencyKey, Router, RuntimeDep, answer_to

router = Router()

Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]


@router.get("/unsettled-payments", dependencies=[Reader])
async def list_unsettled_payments(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    """What waits for finance: reverse the payment (`POST /reversals`), or say that the request may
    be paid again. Until then it is not paid."""
    return {"unsettled_payments": await views.list_unsettled(runtime.database, limit)}


@router.post("/second-payments", status_code=202)
async def propose_second_payment(
    proposal: ProposeSecondPayment, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """The reason names the document: why the first payment cannot be reversed."""
    return await answer_to(runtime, maker, proposal, key)


@router.post("/second-payments/{request_id}/approve")
async def approve_second_payment(
    request_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it; the request may be paid again."""
    return await answer_to(runtime, checker, ApproveSecondPayment(request_id=request_id), key)


@router.post("/second-payments/{request_id}/decline")
async def decline_second_payment(
    request_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """It may then be proposed again."""
    return await answer_to(runtime, checker, DeclineSecondPayment(request_id=request_id), key)
