"""HTTP for staff: which gifts the statements list, and pledge, bank and ledger side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.audit.statements import views
from services.audit.statements.reconciling import reconciled
from shared.contracts.values import Value
from shared.security import STAFF, Credential
from shared.web.access import RuntimeDep, allow

router = APIRouter()

FOUND_MAX = 1000
PAGE_MAX = 1000

Staff = Annotated[Credential, Depends(allow(*STAFF))]
MessageId = Annotated[str, Field(min_length=1, max_length=200)]


class GiftsAsked(Value):
    """ids: of messages that the source published."""

    source: Annotated[str, Field(min_length=1, max_length=200)]
    ids: Annotated[tuple[MessageId, ...], Field(max_length=FOUND_MAX)]


@router.get("/statements")
async def read_statements(_caller: Staff, runtime: RuntimeDep) -> dict[str, Any]:
    """Per statement: rows, gifts, their total on the ledger, and how many others list too."""
    return await views.statements(runtime.database)


@router.get("/statements/overlaps")
async def read_overlaps(
    _caller: Staff,
    runtime: RuntimeDep,
    statement: Annotated[list[str] | None, Query(max_length=100)] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> dict[str, Any]:
    """Gifts that several rows list; of the statements named, or of all."""
    return await views.overlaps(runtime.database, statement or [], after, limit)


@router.post("/statements/find")
async def find_gifts(asked: GiftsAsked, _caller: Staff, runtime: RuntimeDep) -> dict[str, Any]:
    """What became of the gifts that a source sent; for those who sent them."""
    return await views.found_gifts(runtime.database, asked.source, asked.ids)


@router.get("/reconciliation")
async def reconciliation(
    _caller: Staff,
    runtime: RuntimeDep,
    limit: Annotated[int, Query(ge=0, le=10_000)] = 100,
) -> dict[str, Any]:
    """Totals by fund, what does not match by kind and age, and the oldest of it. Ids only."""
    now = await runtime.processor.now()
    return (await reconciled(runtime.database, now, limit)).said()
