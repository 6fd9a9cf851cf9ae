"""What the pages share: opening a link, carrying out a button, reading a form."""

import json
from collections.abc import Sequence
from html import escape
from typing import Annotated, TypeVar
from urllib.parse import parse_qs

from fastapi import Path, Request
from fastapi.responses import Response

from services.matching.model.match import (
    STATE_LABELS,
    Match,
    MatchCommand,
    MatchState,
    RateMatch,
)
from services.matching.pages.showing import page
from shared import mongo
from shared.contracts.links import SignedLink
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Command, refusal
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import limited, link_key, respond

BODY_BYTES_MAX = 4096
Token = Annotated[str, Path(max_length=600)]
R = TypeVar("R", bound=str)


async def opened(request: Request, runtime: Runtime, link: SignedLink, token: str) -> Match | None:
    """None: a link that is forged, expired or about nothing. Raises Denied for one overused."""
    match_id = await subject_of(request, runtime, link, token)
    return await mongo.load(runtime.database, Match, match_id) if match_id else None


async def subject_of(request: Request, runtime: Runtime, link: SignedLink, token: str) -> str:
    """What the link is about; empty where it is forged or expired. Raises Denied."""
    now = await runtime.processor.now()
    try:
        subject = runtime.keyring.open_link(link.purpose, token, now)
    except Unauthenticated:
        return ""
    await limited(request, link_key(link.purpose, subject))
    return subject


def link_invalid(request: Request) -> Response:
    zh, en = "链接无效或已过期", "this link is not valid, or not any more"
    if is_browser(request):
        return page("莞家 Guanjia", f"<p>{zh} · {en}</p>", 401)
    return respond(refusal(401, "link_invalid", zh, en))


def is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def carried_out(
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
    if not is_browser(request):
        return respond(answer)
    problem = answer.body.get("problems", [{}])[0] if answer.status >= 400 else {}
    state: MatchState = answer.body.get("state", match.state)
    text = problem.get("zh") or f"已办理：{STATE_LABELS[state]} · done: {state}"
    return page("莞家 Guanjia", f"<p>{escape(text)}</p>", answer.status)


async def reason_of(request: Request, reasons: Sequence[R], default: str = "") -> R:
    """The one that was chosen, from a form or from JSON. Raises Invalid."""
    said = await field_of(request, "reason") or default
    for reason in reasons:
        if reason == said:
            return reason
    raise Invalid.of("reason_unknown", "请选择所列原因之一", "choose one of those", "reason")


async def field_of(request: Request, name: str) -> str:
    """One field of a form or of JSON; empty when it is not there, or nobody can read it."""
    raw = await request.body()
    if len(raw) > BODY_BYTES_MAX:
        return ""
    try:
        return _field_in(raw.decode(), request.headers.get("content-type", ""), name)
    except ValueError:
        return ""


def _field_in(text: str, content_type: str, name: str) -> str:
    if content_type.startswith("application/json"):
        said = json.loads(text)
        found = said.get(name, "") if isinstance(said, dict) else ""
        return str(found) if isinstance(found, str | int) else ""
    return parse_qs(text).get(name, [""])[0]
