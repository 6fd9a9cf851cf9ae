"""HTTP: funds by two people, sums for staff, and the log for everybody."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse

from services.audit import views
from services.audit.model import ApproveFund, DeclineFund, NewFundId, ProposeFund
from services.audit.public import PublicLogs, name_of
from services.audit.store import read_head
from services.audit.verify.tiles import CHECKPOINT
from shared.messaging.decision import refusal
from shared.runtime import Runtime
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to, respond

router = APIRouter()

Reader = Depends(allow(Role.AUDITOR, Role.OPERATOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER))
Maker = Annotated[Credential, Depends(allow(Role.FINANCE_MAKER))]
Checker = Annotated[Credential, Depends(allow(Role.FINANCE_CHECKER))]

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
FRESH = {"Cache-Control": "no-cache"}


# --- funds ------------------------------------------------------------------------------------


@router.get("/funds", dependencies=[Reader])
async def list_funds(runtime: RuntimeDep) -> dict[str, Any]:
    return await views.funds(runtime.database)


@router.get("/funds/{fund_id}", dependencies=[Reader], response_model=None)
async def show_fund(fund_id: str, runtime: RuntimeDep) -> Response | dict[str, Any]:
    return await views.fund(runtime.database, fund_id) or _not_found("基金", "fund")


@router.post("/funds")
async def propose_fund(
    fund: ProposeFund, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Opening a fund takes two people: this proposes it."""
    return await answer_to(runtime, maker, fund, key)


@router.post("/funds/{fund_id}/approve")
async def approve_fund(
    fund_id: NewFundId, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it. The fund is open, and the log says so."""
    return await answer_to(runtime, checker, ApproveFund(fund_id=fund_id), key)


@router.post("/funds/{fund_id}/decline")
async def decline_fund(
    fund_id: NewFundId, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """The id may then be proposed again."""
    return await answer_to(runtime, checker, DeclineFund(fund_id=fund_id), key)


@router.get("/summary", dependencies=[Reader])
async def summary(runtime: RuntimeDep) -> dict[str, Any]:
    """Sums of all funds, the log's size and root they belong to, and what is published of it."""
    head, found = await views.at_rest(runtime.database)

    def published() -> dict[str, Any]:
        logs = _logs(runtime)
        return views.published(logs.directory(head.origin).standing(), logs)

    return views.summed(head, found) | await asyncio.to_thread(published)


# --- the log: public by design, no credential -------------------------------------------------


@router.get("/log/{log}/checkpoint", response_class=PlainTextResponse)
async def checkpoint(log: str, runtime: RuntimeDep) -> Response:
    """The signed checkpoint that stands (C2SP tlog-checkpoint)."""
    found = await asyncio.to_thread(_logs(runtime).read, log, CHECKPOINT)
    if found is None:
        return _not_found("检查点", "checkpoint")
    return PlainTextResponse(found, headers=FRESH)


@router.get("/log/{log}/tile/{place:path}")
async def tile(log: str, place: str, runtime: RuntimeDep) -> Response:
    """A tile or an entry bundle (C2SP tlog-tiles); a partial one goes when it is full."""
    found = await asyncio.to_thread(_logs(runtime).read, log, f"tile/{place}")
    if found is None:
        return _not_found("数据块", "tile")
    return Response(found, media_type="application/octet-stream", headers=IMMUTABLE)


@router.get("/log/{log}/vkey", response_class=PlainTextResponse)
async def vkey(log: str, runtime: RuntimeDep) -> Response:
    """The key to check the log with. Pin it: who could change the log could change this answer."""
    head = await read_head(runtime.database)
    if log != name_of(head.origin):
        return _not_found("账本日志", "log")
    found = await asyncio.to_thread(_logs(runtime).vkey, head.origin)
    return PlainTextResponse(found + "\n", headers=FRESH)


def _logs(runtime: Runtime) -> PublicLogs:
    assert isinstance(runtime.extras, PublicLogs)
    return runtime.extras


def _not_found(zh: str, en: str) -> Response:
    return respond(refusal(404, f"{en}_unknown", f"没有这个{zh}", f"there is no such {en}"))
