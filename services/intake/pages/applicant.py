"""The applicant's page behind a signed link: how far it is, who looked, and withdrawing it."""

from collections.abc import Mapping, Sequence

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.intake import model, store, views
from services.intake.messages import REQUEST_UNKNOWN
from services.intake.model import WithdrawRequest
from shared import mongo
from shared.contracts.links import REQUEST
from shared.contracts.values import CHINA
from shared.messaging.decision import Command
from shared.runtime import Runtime
from shared.web.access import Denied, Router, RuntimeDep, respond
from shared.web.links import LinkRoute, Token, is_browser, open_link, require_standing
from shared.web.pages import Pages

router = Router(route_class=LinkRoute)

PAGES = Pages("services.intake")
LOOKS_MAX = 200


@router.get(REQUEST.route())
async def show_request(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    stored = await _load_request(request, runtime, token)
    rows = await store.find_latest_looks(runtime.database, stored.person_id, LOOKS_MAX)
    looks = views.describe_own_looks(rows)
    if is_browser(request):
        return render_request(stored, token, looks)
    view = views.describe_status(stored)
    return JSONResponse(view | {"recorded_at": stored.recorded_at.isoformat(), "looks": looks})


@router.post(REQUEST.route("withdraw"))
async def withdraw(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    """The link is the permission, and it names the request: asking twice is asking once."""
    id_ = (await _load_request(request, runtime, token)).id
    command = Command(
        WithdrawRequest(request_id=id_), key=f"link|{id_}/withdraw", principal=f"link:{id_}"
    )
    answer = await runtime.processor.execute(command)
    if is_browser(request):
        return RedirectResponse(REQUEST.path(token), status_code=303)
    return respond(answer)


async def _load_request(request: Request, runtime: Runtime, token: str) -> model.Request:
    """Raises Unauthenticated or Denied."""
    opened = await open_link(request, runtime, REQUEST, token)
    stored = await mongo.load(runtime.database, model.Request, opened.subject)
    if stored is None:
        raise Denied(REQUEST_UNKNOWN.refusal(404))
    await require_standing(runtime, opened, stored.person_id)
    return stored


def render_request(
    request: model.Request, token: str, looks: Sequence[Mapping[str, str]]
) -> HTMLResponse:
    return PAGES.render(
        "request.html",
        request=request,
        state_zh=views.STATE_LABELS[request.state],
        recorded_on=request.recorded_at.astimezone(CHINA).date(),
        waits_for=views.list_waiting_zh(request),
        looks=looks,
        may_withdraw=request.is_withdrawable,
        withdraw_path=REQUEST.path(token, "withdraw"),
    )
