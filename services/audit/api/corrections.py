"""HTTP: what two people put right with a document: transfers between funds, reversals of entries,
second payments of a request."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit import views
from services.audit.api.access import Checker, Maker, Reader
from services.audit.inspection import read_entry_to_reverse
from services.audit.model import (
    ApproveReversal,
    ApproveSecondPayment,
    ApproveTransfer,
    DeclineReversal,
    DeclineSecondPayment,
    DeclineTransfer,
    EntryToReverse,
    ProposeReversal,
    ProposeSecondPayment,
    ProposeTransfer,
    Reversal,
    Transfer,
)
from services.audit.resources import AuditRuntimeDep
from shared.answers import Answer
from shared.contracts.values import Identifier
from shared.web.access import IdempotencyKey, Router, RuntimeDep, answer_to, respond

router = Router()

Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]


@router.get("/transfers", dependencies=[Reader])
async def list_transfers(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    return {"transfers": await views.list_proposals(runtime.database, Transfer, limit)}


@router.post("/transfers", status_code=202)
async def propose_transfer(
    transfer: ProposeTransfer, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Between two funds of one foundation; the reference names the donor's consent or filing."""
    return await answer_to(runtime, maker, transfer, key)


@router.post("/transfers/{transfer_id}/approve")
async def approve_transfer(
    transfer_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it; the money moves, and the log says so."""
    return await answer_to(runtime, checker, ApproveTransfer(transfer_id=transfer_id), key)


@router.post("/transfers/{transfer_id}/decline")
async def decline_transfer(
    transfer_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineTransfer(transfer_id=transfer_id), key)


@router.get("/reversals", dependencies=[Reader])
async def list_reversals(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    return {"reversals": await views.list_proposals(runtime.database, Reversal, limit)}


@router.post("/reversals", status_code=202)
async def propose_reversal(
    entry: EntryToReverse, runtime: AuditRuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of an entry of a log that is still written; each entry once. Entries never change, so the
    one that is read here, as it is published, is the one that will be undone."""
    leaf = await read_entry_to_reverse(runtime, entry.log, entry.index)
    if isinstance(leaf, Answer):
        return respond(leaf)
    command = ProposeReversal(leaf=leaf, **entry.model_dump())
    return await answer_to(runtime, maker, command, key)


@router.post("/reversals/{reversal_id}/approve")
async def approve_reversal(
    reversal_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it; refused where a fund would fall below zero."""
    return await answer_to(runtime, checker, ApproveReversal(reversal_id=reversal_id), key)


@router.post("/reversals/{reversal_id}/decline")
async def decline_reversal(
    reversal_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """It may then be proposed again."""
    return await answer_to(runtime, checker, DeclineReversal(reversal_id=reversal_id), key)


# --- requests that were paid for a match that fell ------------------------------------------------


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
