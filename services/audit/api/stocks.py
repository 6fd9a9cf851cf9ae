"""HTTP: what lies in store by the books, and counts of it by two people."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit.api.access import Checker, Maker, Reader
from services.audit.model.stock import (
    ApproveStockCount,
    DeclineStockCount,
    ProposeStockCount,
    StockCount,
)
from services.audit.stocks import describe_stock, find_stocks
from shared import mongo
from shared.contracts.values import Identifier
from shared.web.access import IdempotencyKey, Router, RuntimeDep, answer_to

router = Router()
Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]


@router.get("/stocks", dependencies=[Reader])
async def list_stocks(
    runtime: RuntimeDep, after: Annotated[str, Query(max_length=256)] = "", limit: Limit = 100
) -> dict[str, object]:
    """Of the ledger year that each was last moved in; `next` is the `after` of the next page.
    value_fen: of what is in stock, null where nobody valued it; places: as they were counted."""
    stocks = await find_stocks(runtime.database, after, limit)
    rows = [describe_stock(each) for each in stocks]
    return {"stocks": rows, "next": stocks[-1].id if len(stocks) == limit else None}


@router.get("/stock-counts", dependencies=[Reader])
async def list_stock_counts(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, StockCount, {}, sort=[("state", -1), ("_id", 1)], limit=limit
    )
    return {"stock-counts": [each.to_json() for each in proposals]}


@router.post("/stock-counts", status_code=202)
async def propose_stock_count(
    count: ProposeStockCount, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of one item of a fund in its unit."""
    return await answer_to(runtime, maker, count, key)


@router.post("/stock-counts/{count_id}/approve")
async def approve_stock_count(
    count_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """What is missing is written off."""
    return await answer_to(runtime, checker, ApproveStockCount(count_id=count_id), key)


@router.post("/stock-counts/{count_id}/decline")
async def decline_stock_count(
    count_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineStockCount(count_id=count_id), key)
