"""HTTP: the bank against the books of a month, and closing it by two people."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit.api.access import Checker, Maker, Reader
from services.audit.model.months import (
    ApproveMonthReopening,
    DeclineMonthClose,
    DeclineMonthReopening,
    Month,
    MonthClose,
    MonthReopening,
    MonthToClose,
    ProposeMonthReopening,
)
from services.audit.months.reading import (
    build_approval,
    build_proposal,
    choose_foundation,
    read_figures,
)
from services.audit.resources import AuditRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.web.access import IdempotencyKey, Router, answer_to

router = Router()

Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]
ThatMonth = Annotated[Month, Path()]


@router.get("/months/{month}", dependencies=[Reader])
async def show_month(
    month: ThatMonth, runtime: AuditRuntimeDep, foundation: Identifier | None = None
) -> dict[str, object]:
    """The books at its end by the bank's day, and what of the bank's lines is not in them."""
    figures = await read_figures(runtime, choose_foundation(runtime, foundation), month)
    return figures.model_dump(mode="json")


@router.get("/month-closes", dependencies=[Reader])
async def list_month_closes(runtime: AuditRuntimeDep, limit: Limit = 100) -> dict[str, object]:
    closes = await mongo.find(runtime.database, MonthClose, {}, sort=[("_id", -1)], limit=limit)
    return {"month-closes": [each.to_json() for each in closes]}


@router.post("/month-closes", status_code=202)
async def propose_month_close(
    typed: MonthToClose, runtime: AuditRuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Each account's balance as the bank states it, beside the books as they are now."""
    return await answer_to(runtime, maker, await build_proposal(runtime, typed), key)


@router.post("/month-closes/{close_id}/approve")
async def approve_month_close(
    close_id: Id, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """From now on nothing is entered with its date. Refused where the books changed since."""
    return await answer_to(runtime, checker, await build_approval(runtime, close_id), key)


@router.post("/month-closes/{close_id}/decline")
async def decline_month_close(
    close_id: Id, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineMonthClose(close_id=close_id), key)


@router.get("/month-reopenings", dependencies=[Reader])
async def list_month_reopenings(runtime: AuditRuntimeDep, limit: Limit = 100) -> dict[str, object]:
    reopenings = await mongo.find(
        runtime.database, MonthReopening, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"month-reopenings": [each.to_json() for each in reopenings]}


@router.post("/month-reopenings", status_code=202)
async def propose_month_reopening(
    reopening: ProposeMonthReopening, runtime: AuditRuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of the last closed month alone."""
    return await answer_to(runtime, maker, reopening, key)


@router.post("/month-reopenings/{reopening_id}/approve")
async def approve_month_reopening(
    reopening_id: Id, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    command = ApproveMonthReopening(reopening_id=reopening_id)
    return await answer_to(runtime, checker, command, key)


@router.post("/month-reopenings/{reopening_id}/decline")
async def decline_month_reopening(
    reopening_id: Id, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    command = DeclineMonthReopening(reopening_id=reopening_id)
    return await answer_to(runtime, checker, command, key)
