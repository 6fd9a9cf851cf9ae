"""A donor answers a proposal."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.matching.model.match import AcceptMatch, DeclineMatch, Match
from services.matching.pages.links import (
    DONOR,
    Token,
    carried_out,
    field_of,
    link_invalid,
    opened,
)
from services.matching.pages.showing import choice, described, form, page
from shared.errors import Invalid
from shared.web.access import RuntimeDep

router = APIRouter()

REASONS = ("暂时没有余力 No capacity now", "不在服务范围 Not what we can give", "其他 Other")


@router.get("/d/{token}", response_class=HTMLResponse)
async def donor_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DONOR, token)
    if match is None:
        return link_invalid(request)
    return page("爱心对接 A match for your offer", described(match) + _forms(match, token))


@router.post("/d/{token}/accept")
async def donor_accepts(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DONOR, token)
    if match is None:
        return link_invalid(request)
    command = AcceptMatch(match_id=match.id)
    return await carried_out(request, runtime, command, match, token, DONOR)


@router.post("/d/{token}/decline")
async def donor_declines(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DONOR, token)
    if match is None:
        return link_invalid(request)
    command = DeclineMatch(match_id=match.id, reason=await _reason(request))
    return await carried_out(request, runtime, command, match, token, DONOR)


async def _reason(request: Request) -> str:
    """From a form or from JSON. Raises Invalid."""
    reason = await field_of(request, "reason")
    if not 1 <= len(reason) <= 200:
        zh, en = "请写明原因（200字以内）", "give a reason of at most 200 characters"
        raise Invalid.of("reason_missing", zh, en, "reason")
    return reason


def _forms(match: Match, token: str) -> str:
    if match.state != "proposed":
        return ""
    decline = f"{choice('reason', REASONS)} <button>婉拒 Decline</button>"
    return form(f"/d/{token}/accept", "<button>接受 Accept</button>") + form(
        f"/d/{token}/decline", decline
    )
