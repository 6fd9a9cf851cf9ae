"""What the pages share: the match of a link, reading a form, executing a button."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.matching.decide.cases import answer_match
from services.matching.messages import MATCH_OVER, REASON_UNKNOWN
from services.matching.model.labels import STATE_LABELS, MatchState, name_state
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    Match,
    MatchCommand,
    RateMatch,
    ScheduleMatch,
)
from shared.contracts.links import SignedLink
from shared.errors import Invalid
from shared.ids import make_id
from shared.messaging.decision import Answer, Command
from shared.runtime import Runtime
from shared.strictness import read_json
from shared.web.access import Denied, respond
from shared.web.links import answer_refused, is_browser, load_linked, require_standing
from shared.web.pages import Pages

PAGES = Pages("services.matching")
FIELD_BYTES_MAX = 4096
# Where the match has come to by a button that moves money, so that it is not pressed again.
DONE_STATES: Mapping[type[MatchCommand], frozenset[MatchState]] = {
    AcceptMatch: frozenset({"accepted", "committed", "delivered", "confirmed"}),
    ConfirmMatch: frozenset({"confirmed"}),
}
Reason = TypeVar("Reason", bound=str)


async def load_match(request: Request, runtime: Runtime, link: SignedLink, token: str) -> Match:
    """Raises Unauthenticated, and Denied where the match is over."""
    opened, match = await load_linked(request, runtime, link, token, Match)
    person_id = match.donor_id if link.holder == "donor" else match.person_id
    about = match.request_id if link.holder == "applicant" else ""
    await require_standing(runtime, opened, person_id, match.source, about)
    if match.is_over:
        raise Denied(MATCH_OVER.refusal(410, state_zh=STATE_LABELS[match.state], state=match.state))
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

    It is another one after another delivery or day, and where a rating came too early. What moves
    money is done once, by whichever link: after that, a button shows what was done.
    """
    if match.state in DONE_STATES.get(type(data), ()):
        answer = answer_match(match)
    else:
        answer = await _execute(runtime, data, match, token, link)
    if answer.status >= 400:
        return answer_refused(request, answer)
    if not is_browser(request):
        return respond(answer)
    state: MatchState = answer.body.get("state", match.state)
    zh, en = name_state(state)
    return render_done(request, (f"已办理：{zh}", f"Done: {en}"), link.path(token))


async def _execute(
    runtime: Runtime, data: MatchCommand, match: Match, token: str, link: SignedLink
) -> Answer:
    key = derive_button_key(runtime.keyring.read_link(token).id, match, data)
    return await runtime.processor.execute(Command(data, key=key, principal=f"link:{link.purpose}"))


def derive_button_key(link_id: str, match: Match, data: MatchCommand) -> str:
    occasion = f"{match.deliveries} {match.state == 'confirmed' and isinstance(data, RateMatch)}"
    if isinstance(data, ScheduleMatch):
        occasion += f" {match.days_said}"
    return make_id("link", link_id, type(data).__name__, occasion, data.model_dump_json())


def render_done(
    request: Request, texts: tuple[str, str], back: str = "", status: int = 200
) -> HTMLResponse:
    """texts: Chinese and English. back: where one goes on; empty where the page behind it is closed
    now."""
    return PAGES.render(request, "done.html", status=status, texts=texts, back=back)


async def read_reason(request: Request, reasons: Sequence[Reason], default: str = "") -> Reason:
    """The one that was chosen, from a form or from JSON. Raises Invalid."""
    text = await read_field(request, "reason") or default
    for reason in reasons:
        if reason == text:
            return reason
    raise REASON_UNKNOWN.invalid("reason")


async def read_fields(request: Request) -> Mapping[str, Sequence[str]]:
    """All fields of a form or of JSON with their values. Raises Invalid where nobody reads it."""
    raw = await request.body()
    if not request.headers.get("content-type", "").startswith("application/json"):
        return parse_qs(raw.decode(errors="replace"))
    body = read_json(raw)
    rows = body.items() if isinstance(body, dict) else ()
    return {name: _list_texts(value) for name, value in rows}


def _list_texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(each) for each in values if isinstance(each, str | int)]


async def read_field(request: Request, name: str) -> str:
    """One field of a form or of JSON; empty when it is not there, or nobody can read it."""
    raw = await request.body()
    if len(raw) > FIELD_BYTES_MAX:
        return ""
    try:
        return _parse_field(raw.decode(), request.headers.get("content-type", ""), name)
    except (ValueError, Invalid):
        return ""


def _parse_field(text: str, content_type: str, name: str) -> str:
    if content_type.startswith("application/json"):
        body = read_json(text)
        value = body.get(name, "") if isinstance(body, dict) else ""
        return str(value) if isinstance(value, str | int) else ""
    return parse_qs(text).get(name, [""])[0]
