"""HTTP for staff: which gifts the statements list, and pledge, bank and ledger side by side."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from services.audit.statements import views
from services.audit.statements.reconciling import reconciled
from shared.contracts.values import Value
from shared.messaging.decision import Answer, refusal
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role, read_register
from shared.web.access import RuntimeDep, allow, respond

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


@router.post("/statements/find", response_model=None)
async def find_gifts(
    asked: GiftsAsked, _caller: Staff, runtime: RuntimeDep
) -> Response | dict[str, Any]:
    """What became of the gifts that a source sent; for those who sent them.

    A source that is no bank's is refused with those that are: nothing it sends would be heard."""
    known = await asyncio.to_thread(_bank_sources, runtime)
    if asked.source not in known:
        return respond(_no_source(asked.source, known))
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


def _bank_sources(runtime: Runtime) -> list[str]:
    """Those revoked too: what they sent is still found."""
    register = read_register(runtime.settings.secrets_dir / "credentials.json")
    return sorted(each.source for each in register if each.source and Role.BANK in each.roles)


def _no_source(source: str, known: list[str]) -> Answer:
    zh = f"没有登记来源 {source}；已登记: {'、'.join(known) or '无'}"
    en = f"no bank is registered as {source}; registered: {', '.join(known) or 'none'}"
    return refusal(404, "source_unknown", zh, en, "source")
