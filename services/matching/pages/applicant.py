"""The person says whether it arrived, and what they think of it."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.messages import STARS_WRONG
from services.matching.model.labels import REOPEN_REASONS, index_reasons, name_state
from services.matching.model.match import ConfirmMatch, Match, RateMatch, ReopenMatch
from services.matching.pages.buttons import (
    PAGES,
    execute_button,
    load_match,
    read_field,
    read_reason,
)
from services.matching.resources import MatchingRuntimeDep
from shared.contracts.links import DELIVERY
from shared.web.access import Router, RuntimeDep
from shared.web.links import LinkRoute, Token

router = Router(route_class=LinkRoute)

STARS: Mapping[str, tuple[str, str]] = {
    "5": ("5 星，很满意", "5 stars: very good"),
    "4": ("4 星", "4 stars"),
    "3": ("3 星", "3 stars"),
    "2": ("2 星", "2 stars"),
    "1": ("1 星，不满意", "1 star: not good"),
}


@router.get(DELIVERY.route(), response_class=HTMLResponse)
async def show_delivery(token: Token, request: Request, runtime: MatchingRuntimeDep) -> Response:
    match = await load_match(request, runtime, DELIVERY, token)
    now = await runtime.processor.now()
    return render_delivery(request, match, token, now, runtime.settings.help_phone)


@router.post(DELIVERY.route("confirm"))
async def confirm(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await load_match(request, runtime, DELIVERY, token)
    command = ConfirmMatch(match_id=match.id)
    return await execute_button(request, runtime, command, match, token, DELIVERY)


@router.post(DELIVERY.route("reopen"))
async def reopen(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await load_match(request, runtime, DELIVERY, token)
    reason = await read_reason(request, REOPEN_REASONS, default=REOPEN_REASONS[0])
    command = ReopenMatch(match_id=match.id, reason=reason)
    return await execute_button(request, runtime, command, match, token, DELIVERY)


@router.post(DELIVERY.route("rate"))
async def rate(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await load_match(request, runtime, DELIVERY, token)
    stars = await read_field(request, "stars")
    if stars not in STARS:
        raise STARS_WRONG.invalid("stars")
    command = RateMatch(match_id=match.id, stars=int(stars))
    return await execute_button(request, runtime, command, match, token, DELIVERY)


def render_delivery(
    request: Request, match: Match, token: str, now: datetime, help_phone: str
) -> HTMLResponse:
    """Nothing is offered that would be refused now."""
    return PAGES.render(
        request,
        "delivery.html",
        match=match,
        state=name_state(match.state),
        may_confirm=match.state == "delivered",
        may_rate=match.state == "confirmed" and match.stars is None,
        may_reopen=match.may_reopen(now),
        help_phone=help_phone,
        stars=STARS,
        reasons=index_reasons(REOPEN_REASONS),
        path=partial(DELIVERY.path, token),
    )
