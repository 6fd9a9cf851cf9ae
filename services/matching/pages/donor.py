"""A donor answers a proposal."""

from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError

from services.matching.model.labels import DECLINE_REASONS, index_reasons, name_state
from services.matching.model.match import AcceptMatch, DeclineMatch, Match, ScheduleMatch
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.pages.buttons import (
    PAGES,
    execute_button,
    load_match,
    read_field,
    read_reason,
)
from services.matching.pages.facts import Background, format_way, format_why
from services.matching.resources import MatchingRuntimeDep
from shared import mongo
from shared.contracts.links import PROPOSAL
from shared.errors import Invalid
from shared.validation import describe_validation
from shared.web.access import Router, RuntimeDep
from shared.web.links import LinkRoute, Token

router = Router(route_class=LinkRoute)


@router.get(PROPOSAL.route(), response_class=HTMLResponse)
async def show_proposal(token: Token, request: Request, runtime: MatchingRuntimeDep) -> Response:
    match = await load_match(request, runtime, PROPOSAL, token)
    background = Background(
        need=await mongo.load(runtime.database, Need, match.request_id),
        offer=await mongo.load(runtime.database, Offer, match.offer_id),
        now=await runtime.processor.now(),
        help_phone=runtime.settings.help_phone,
    )
    return render_proposal(request, match, background, token)


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


@router.post(PROPOSAL.route("schedule"))
async def submit_day_of_donor(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    """Raises Invalid."""
    match = await load_match(request, runtime, PROPOSAL, token)
    command = parse_day(match, await read_field(request, "comes_on"))
    return await execute_button(request, runtime, command, match, token, PROPOSAL)


def parse_day(match: Match, text: str) -> ScheduleMatch:
    """Raises Invalid."""
    try:
        return ScheduleMatch.model_validate({"match_id": match.id, "comes_on": text})
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None


def render_proposal(
    request: Request, match: Match, background: Background, token: str
) -> HTMLResponse:
    return PAGES.render(
        request,
        "proposal.html",
        match=match,
        why=format_why(match, background),
        need=background.need,
        way=format_way(background),
        help_phone=background.help_phone,
        state=name_state(match.state),
        may_answer=match.state == "proposed",
        reasons=index_reasons(DECLINE_REASONS),
        path=partial(PROPOSAL.path, token),
    )
