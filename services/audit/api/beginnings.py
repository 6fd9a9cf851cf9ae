"""HTTP: how a foundation's books begin: its chart of accounts and its opening balances, by two
people."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.audit.api.access import Checker, Maker, Reader
from services.audit.ledger.accounts import read_chart_file
from services.audit.model.beginning import (
    ApproveChart,
    ApproveOpeningBalances,
    ChartProposal,
    DeclineChart,
    DeclineOpeningBalances,
    FoundationChart,
    OpeningBalances,
    ProposeChart,
    ProposeOpeningBalances,
)
from services.audit.resources import AuditRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.web.access import IdempotencyKey, Router, RuntimeDep, answer_to

router = Router()
Limit = Annotated[int, Query(ge=1, le=1000)]
Id = Annotated[Identifier, Path()]
WAITING_FIRST = [("state", -1), ("_id", 1)]


@router.get("/charts", dependencies=[Reader])
async def list_charts(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, ChartProposal, {}, sort=WAITING_FIRST, limit=limit
    )
    return {"charts": [each.to_json() for each in proposals]}


@router.get("/charts/{foundation}", dependencies=[Reader])
async def show_chart(foundation: Id, runtime: AuditRuntimeDep) -> dict[str, object]:
    """The chart in force, as a file that may be changed and proposed; ours where the
    foundation has none of its own."""
    own = await mongo.load(runtime.database, FoundationChart, foundation)
    toml = own.toml if own else read_chart_file(runtime.settings.chart_file)
    return {"foundation": foundation, "toml": toml}


@router.post("/charts", status_code=202)
async def propose_chart(
    chart: ProposeChart, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Before the foundation's first entry."""
    return await answer_to(runtime, maker, chart, key)


@router.post("/charts/{chart_id}/approve")
async def approve_chart(
    chart_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, ApproveChart(chart_id=chart_id), key)


@router.post("/charts/{chart_id}/decline")
async def decline_chart(
    chart_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineChart(chart_id=chart_id), key)


@router.get("/opening-balances", dependencies=[Reader])
async def list_opening_balances(runtime: RuntimeDep, limit: Limit = 100) -> dict[str, object]:
    proposals = await mongo.find(
        runtime.database, OpeningBalances, {}, sort=WAITING_FIRST, limit=limit
    )
    return {"opening-balances": [each.to_json() for each in proposals]}


@router.post("/opening-balances", status_code=202)
async def propose_opening_balances(
    opening: ProposeOpeningBalances, runtime: RuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Of funds in which nothing moved yet."""
    return await answer_to(runtime, maker, opening, key)


@router.post("/opening-balances/{opening_id}/approve")
async def approve_opening_balances(
    opening_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """An entry for each fund."""
    return await answer_to(runtime, checker, ApproveOpeningBalances(opening_id=opening_id), key)


@router.post("/opening-balances/{opening_id}/decline")
async def decline_opening_balances(
    opening_id: Id, runtime: RuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    return await answer_to(runtime, checker, DeclineOpeningBalances(opening_id=opening_id), key)
