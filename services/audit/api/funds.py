"""HTTP: funds by two people, and each foundation's sums for staff."""

import asyncio

from fastapi import Response

from services.audit import messages, views
from services.audit.api.access import Checker, Maker, Reader
from services.audit.model import ApproveFund, DeclineFund, LogHead, NewFundId, ProposeFund
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared.web.access import IdempotencyKey, Router, answer_to, respond

router = Router()


@router.get("/funds", dependencies=[Reader])
async def list_funds(runtime: AuditRuntimeDep) -> dict[str, object]:
    return await views.load_funds(runtime.database)


@router.get("/funds/{fund_id}", dependencies=[Reader], response_model=None)
async def show_fund(fund_id: str, runtime: AuditRuntimeDep) -> Response | dict[str, object]:
    fund = await views.find_fund(runtime.database, fund_id)
    return respond(messages.FUND_UNKNOWN.refusal(404, id=fund_id)) if fund is None else fund


@router.post("/funds", status_code=202)
async def propose_fund(
    fund: ProposeFund, runtime: AuditRuntimeDep, maker: Maker, key: IdempotencyKey
) -> Response:
    """Opening a fund takes two people: this proposes it."""
    return await answer_to(runtime, maker, fund, key)


@router.post("/funds/{fund_id}/approve")
async def approve_fund(
    fund_id: NewFundId, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """By another person than proposed it. The fund is open, and the log says so."""
    return await answer_to(runtime, checker, ApproveFund(fund_id=fund_id), key)


@router.post("/funds/{fund_id}/decline")
async def decline_fund(
    fund_id: NewFundId, runtime: AuditRuntimeDep, checker: Checker, key: IdempotencyKey
) -> Response:
    """The id may then be proposed again."""
    return await answer_to(runtime, checker, DeclineFund(fund_id=fund_id), key)


@router.get("/summary", dependencies=[Reader])
async def show_summary(runtime: AuditRuntimeDep) -> dict[str, object]:
    """Sums of the funds, the log's size and root they belong to, and what is published of it: of
    our own foundation, and under `foundations` of each."""
    settings = runtime.settings
    heads, funds = await views.read_at_rest(runtime.database)
    foundations = {
        head.id: views.sum_funds(head, funds)
        | await asyncio.to_thread(_describe_published, runtime, head)
        for head in heads
    }
    return views.build_summary(foundations, settings.foundations, settings.default_foundation)


def _describe_published(runtime: AuditRuntime, head: LogHead) -> dict[str, object]:
    logs = runtime.resources
    return views.describe_published(logs.find_checkpoint(head.origin), logs)
