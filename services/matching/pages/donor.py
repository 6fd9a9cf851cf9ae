"""A donor answers a proposal."""

from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.model.labels import DECLINE_REASONS, STATE_LABELS
from services.matching.model.match import AcceptMatch, DeclineMatch, Match
from services.matching.pages.buttons import PAGES, execute_button, load_match, read_reason
from shared.contracts.links import PROPOSAL
from shared.web.access import Router, RuntimeDep
from shared.web.links import LinkRoute, Token

router = Router(route_class=LinkRoute)


@router.get(PROPOSAL.route(), response_class=HTMLResponse)
async def show_proposal(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    return render_proposal(await load_match(request, runtime, PROPOSAL, token), token)


@router.post(PROPOSAL.route("accept"))
async def accept(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await load_match(request, runtime, PROPOSAL, token)
    command = AcceptMatch(match_id=match.id)
    return await execute_button(request, runtime, command, match, token, PROPOSAL)


@router.post(PROPOSAL.route("decline"))
async def decline(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await load_match(request, runtime, PROPOSAL, token)
    command = DeclineMatch(match_id=match.id, reason=await read_reason(request, DECLINE_REASONS))
    return await execute_button(request, runtime, command, match, token, PROPOSAL)


def render_proposal(match: Match, token: str) -> HTMLResponse:
    return PAGES.render(
        "proposal.html",
        match=match,
        state_zh=STATE_LABELS[match.state],
        may_answer=match.state == "proposed",
        reasons=[(reason, reason) for reason in DECLINE_REASONS],
        path=partial(PROPOSAL.path, token),
    )
