"""What the pages share: the match of a link, reading a form, executing a button."""

import json
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.messages import REASON_UNKNOWN
from services.matching.model.labels import STATE_LABELS, MatchState
from services.matching.model.match import Match, MatchCommand, RateMatch
from shared import mongo
from shared.contracts.links import SignedLink
from shared.ids import derived_id
from shared.messaging.decision import Command
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import respond
from shared.web.links import answer_refused, is_browser, open_link
from shared.web.pages import Pages

PAGES = Pages("services.matching")
BODY_BYTES_MAX = 4096
Reason = TypeVar("Reason", bound=str)


async def load_match(request: Request, runtime: Runtime, link: SignedLink, token: str) -> Match:
    """Raises Unauthenticated or Denied."""
    match_id = await open_link(request, runtime, link, token)
    match = await mongo.load(runtime.database, Match, match_id)
    if match is None:
        raise Unauthenticated
    return match


async def execute_button(
    request: Request,
    runtime: Runtime,
    data: MatchCommand,
    match: Match,
    token: str,
    link: SignedLink,
) -> Response:
    """The same button again is the same command; a browser is shown a page, others JSON.

    It is another one after another delivery, and where a rating came too early.
    """
    occasion = f"{match.deliveries} {match.state == 'confirmed' and isinstance(data, RateMatch)}"
    key = derived_id("link", token, type(data).__name__, occasion, data.model_dump_json())
    command = Command(data, key=key, principal=f"link:{link.purpose}")
    answer = await runtime.processor.execute(command)
    if answer.status >= 400:
        return answer_refused(request, answer)
    if not is_browser(request):
        return respond(answer)
    state: MatchState = answer.body.get("state", match.state)
    return render_done(f"已办理：{STATE_LABELS[state]}", f"done: {state}", link.path(token))


def render_done(text_zh: str, text_en: str, back: str, status: int = 200) -> HTMLResponse:
    return PAGES.render("done.html", status=status, text_zh=text_zh, text_en=text_en, back=back)


async def read_reason(request: Request, reasons: Sequence[Reason], default: str = "") -> Reason:
    """The one that was chosen, from a form or from JSON. Raises Invalid."""
    text = await read_field(request, "reason") or default
    for reason in reasons:
        if reason == text:
            return reason
    raise REASON_UNKNOWN.invalid("reason")


async def read_field(request: Request, name: str) -> str:
    """One field of a form or of JSON; empty when it is not there, or nobody can read it."""
    raw = await request.body()
    if len(raw) > BODY_BYTES_MAX:
        return ""
    try:
        return _parse_field(raw.decode(), request.headers.get("content-type", ""), name)
    except ValueError:
        return ""


def _parse_field(text: str, content_type: str, name: str) -> str:
    if content_type.startswith("application/json"):
        body = json.loads(text)
        value = body.get(name, "") if isinstance(body, dict) else ""
        return str(value) if isinstance(value, str | int) else ""
    return parse_qs(text).get(name, [""])[0]
