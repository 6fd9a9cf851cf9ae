"""HTTP: transfers between funds and reversals of entries, each by two people with a document."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit import messages, views
from services.audit.api.access import Checker, Maker, Reader
from services.audit.model import (
    ApproveReversal,
    ApproveTransfer,
    DeclineReversal,
    DeclineTransfer,
    EntryToReverse,
    ProposeReversal,
    ProposeTransfer,
    Reversal,
    Transfer,
)
from services.audit.store import read_entry
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
    entry: EntryToReverse, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of an entry of a log that is still written; each entry once. Entries never change, so the
    one that is read here is the one that will be undone."""
    leaf = await read_entry(runtime.database, entry.log, entry.index)
    if leaf is None:
        return respond(messages.ENTRY_UNKNOWN.refusal(404))
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
