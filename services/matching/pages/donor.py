"""A donor answers a proposal."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.matching.model.match import (
    DECLINE_REASONS,
    AcceptMatch,
    DeclineMatch,
    Match,
)
from services.matching.pages.links import (
    Token,
    carried_out,
    link_invalid,
    opened,
    reason_of,
)
from services.matching.pages.showing import choice, described, form, page
from shared.contracts.links import PROPOSAL
from shared.web.access import RuntimeDep

router = APIRouter()


@router.get(PROPOSAL.route(), response_class=HTMLResponse)
async def donor_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, PROPOSAL, token)
    if match is None:
        return link_invalid(request)
    return page("爱心对接 A match for your offer", described(match) + _forms(match, token))


@router.post(PROPOSAL.route("accept"))
async def donor_accepts(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, PROPOSAL, token)
    if match is None:
        return link_invalid(request)
    command = AcceptMatch(match_id=match.id)
    return await carried_out(request, runtime, command, match, token, PROPOSAL)


@router.post(PROPOSAL.route("decline"))
async def donor_declines(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, PROPOSAL, token)
    if match is None:
        return link_invalid(request)
    command = DeclineMatch(match_id=match.id, reason=await reason_of(request, DECLINE_REASONS))
    return await carried_out(request, runtime, command, match, token, PROPOSAL)


def _forms(match: Match, token: str) -> str:
    if match.state != "proposed":
        return ""
    decline = f"{choice('reason', DECLINE_REASONS)} <button>婉拒 Decline</button>"
    return form(PROPOSAL.path(token, "accept"), "<button>接受 Accept</button>") + form(
        PROPOSAL.path(token, "decline"), decline
    )
