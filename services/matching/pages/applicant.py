"""The person says whether it arrived, and what they think of it."""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from services.matching.model.match import (
    REOPEN_REASONS,
    ConfirmMatch,
    Match,
    RateMatch,
    ReopenMatch,
)
from services.matching.pages.links import (
    Token,
    carried_out,
    field_of,
    link_invalid,
    opened,
    reason_of,
)
from services.matching.pages.showing import choice, described, form, page
from shared.contracts.links import DELIVERY
from shared.errors import Invalid
from shared.web.access import RuntimeDep

router = APIRouter()

STARS = ("5", "4", "3", "2", "1")


@router.get(DELIVERY.route(), response_class=HTMLResponse)
async def applicant_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DELIVERY, token)
    if match is None:
        return link_invalid(request)
    now = await runtime.processor.now()
    body = described(match) + _forms(match, token, now)
    return page("请确认是否收到 Did it arrive?", body)


@router.post(DELIVERY.route("confirm"))
async def applicant_confirms(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DELIVERY, token)
    if match is None:
        return link_invalid(request)
    command = ConfirmMatch(match_id=match.id)
    return await carried_out(request, runtime, command, match, token, DELIVERY)


@router.post(DELIVERY.route("reopen"))
async def applicant_reopens(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DELIVERY, token)
    if match is None:
        return link_invalid(request)
    command = ReopenMatch(
        match_id=match.id, reason=await reason_of(request, REOPEN_REASONS, REOPEN_REASONS[0])
    )
    return await carried_out(request, runtime, command, match, token, DELIVERY)


@router.post(DELIVERY.route("rate"))
async def applicant_rates(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await opened(request, runtime, DELIVERY, token)
    if match is None:
        return link_invalid(request)
    stars = await field_of(request, "stars")
    if stars not in STARS:
        raise Invalid.of("stars_wrong", "请选择一至五星", "choose one star to five", "stars")
    command = RateMatch(match_id=match.id, stars=int(stars))
    return await carried_out(request, runtime, command, match, token, DELIVERY)


def _forms(match: Match, token: str, now: datetime) -> str:
    """What may be done now: nothing is offered that would be refused."""
    shown = ""
    if match.state == "delivered":
        shown += form(DELIVERY.path(token, "confirm"), "<button>确认收到 It arrived</button>")
    if match.may_reopen(now):
        button = "<button>没有收到 It did not arrive</button>"
        shown += form(
            DELIVERY.path(token, "reopen"), f"{choice('reason', REOPEN_REASONS)} {button}"
        )
    if match.state == "confirmed" and match.stars is None:
        button = "<button>评价 Rate it (1-5)</button>"
        shown += form(DELIVERY.path(token, "rate"), f"{choice('stars', STARS)} 星 {button}")
    return shown
