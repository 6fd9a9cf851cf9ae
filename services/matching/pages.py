"""Pages behind signed links: a donor answers a proposal, a person confirms what arrived.

No personal data: what kind of help, where (town), how much. Looking changes nothing.
"""

import json
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response

from services.matching.model.match import (
    STATE_LABELS,
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    Match,
    MatchCommand,
    MatchState,
)
from shared import mongo
from shared.contracts.values import LABELS
from shared.errors import Invalid
from shared.ids import derived_id
from shared.messaging.decision import Command, refusal
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import RuntimeDep, limited, link_key, respond

router = APIRouter(tags=["links"])

DONOR, APPLICANT = "match.donor", "match.applicant"
BODY_BYTES_MAX = 4096
REASONS = ("暂时没有余力 No capacity now", "不在服务范围 Not what we can give", "其他 Other")
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}
Token = Annotated[str, Path(max_length=600)]


@router.get("/d/{token}", response_class=HTMLResponse)
async def donor_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await _opened(request, runtime, DONOR, token)
    if match is None:
        return _link_invalid(request)
    return _page("爱心对接 A match for your offer", _described(match) + _donor_forms(match, token))


@router.post("/d/{token}/accept")
async def donor_accepts(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await _opened(request, runtime, DONOR, token)
    if match is None:
        return _link_invalid(request)
    return await _carried_out(request, runtime, AcceptMatch(match_id=match.id), match, token)


@router.post("/d/{token}/decline")
async def donor_declines(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await _opened(request, runtime, DONOR, token)
    if match is None:
        return _link_invalid(request)
    reason = await _reason(request)
    command = DeclineMatch(match_id=match.id, reason=reason)
    return await _carried_out(request, runtime, command, match, token)


@router.get("/c/{token}", response_class=HTMLResponse)
async def applicant_page(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await _opened(request, runtime, APPLICANT, token)
    if match is None:
        return _link_invalid(request)
    form = ""
    if match.state == "delivered":
        form = _form(f"/c/{token}/confirm", "<button>确认收到 It arrived</button>")
    return _page("请确认是否收到 Did it arrive?", _described(match) + form)


@router.post("/c/{token}/confirm")
async def applicant_confirms(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    match = await _opened(request, runtime, APPLICANT, token)
    if match is None:
        return _link_invalid(request)
    return await _carried_out(request, runtime, ConfirmMatch(match_id=match.id), match, token)


async def _opened(request: Request, runtime: Runtime, purpose: str, token: str) -> Match | None:
    """None: a link that is forged, expired or about nothing. Raises Denied for one overused."""
    now = await runtime.processor.now()
    try:
        match_id = runtime.keyring.open_link(purpose, token, now)
    except Unauthenticated:
        return None
    await limited(request, link_key(purpose, match_id))
    return await mongo.load(runtime.database, Match, match_id)


def _link_invalid(request: Request) -> Response:
    zh, en = "链接无效或已过期", "this link is not valid, or not any more"
    if _is_browser(request):
        return _page("莞家 Guanjia", f"<p>{zh} · {en}</p>", 401)
    return respond(refusal(401, "link_invalid", zh, en))


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


async def _carried_out(
    request: Request, runtime: Runtime, data: MatchCommand, match: Match, token: str
) -> Response:
    """The same button again is the same command; a browser is shown a page, others JSON."""
    key = derived_id("link", token, type(data).__name__)
    purpose = APPLICANT if isinstance(data, ConfirmMatch) else DONOR
    command = Command(data, key=key, principal=f"link:{purpose}")
    answer = await runtime.processor.execute(command)
    if not _is_browser(request):
        return respond(answer)
    said = answer.body.get("problems", [{}])[0] if answer.status >= 400 else {}
    state: MatchState = answer.body.get("state", match.state)
    text = said.get("zh") or f"已办理：{STATE_LABELS[state]} · done: {state}"
    return _page("莞家 Guanjia", f"<p>{escape(text)}</p>", answer.status)


async def _reason(request: Request) -> str:
    """From a form or from JSON. Raises Invalid."""
    raw = await request.body()
    reason = ""
    if len(raw) <= BODY_BYTES_MAX:
        try:
            reason = _reason_in(raw.decode(), request.headers.get("content-type", ""))
        except ValueError:
            reason = ""
    if not 1 <= len(reason) <= 200:
        zh, en = "请写明原因（200字以内）", "give a reason of at most 200 characters"
        raise Invalid.of("reason_missing", zh, en, "reason")
    return reason


def _reason_in(text: str, content_type: str) -> str:
    if content_type.startswith("application/json"):
        said = json.loads(text)
        reason = said.get("reason", "") if isinstance(said, dict) else ""
        return reason if isinstance(reason, str) else ""
    return parse_qs(text).get("reason", [""])[0]


# --- what is shown ----------------------------------------------------------------------------


def amount(unit: str, quantity: int, item: str) -> str:
    if unit == "fen":
        return f"人民币 {quantity // 100:,}.{quantity % 100:02d} 元"
    return f"{item} {quantity} {unit}".strip()


def _described(match: Match) -> str:
    rows = (
        ("类别 Category", LABELS[match.category]),
        ("镇街 Town", match.town_code),
        ("数量 Quantity", amount(match.unit, match.quantity, match.item)),
        ("状态 State", STATE_LABELS[match.state]),
    )
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f"<dl>{cells}</dl>"


def _donor_forms(match: Match, token: str) -> str:
    if match.state != "proposed":
        return ""
    options = "".join(f"<option>{escape(reason)}</option>" for reason in REASONS)
    decline = f"<select name=reason>{options}</select> <button>婉拒 Decline</button>"
    return _form(f"/d/{token}/accept", "<button>接受 Accept</button>") + _form(
        f"/d/{token}/decline", decline
    )


def _form(action: str, inside: str) -> str:
    return f'<form method=post action="{escape(action)}">{inside}</form>'


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    html = f"""<!doctype html><html lang=zh><meta charset=utf-8>
<meta name=viewport content="width=device-width"><title>{escape(title)}</title>
<style>body{{font:18px sans-serif;max-width:30em;margin:2em auto;padding:0 1em}}
dt{{color:#666}}dd{{margin:0 0 .7em}}button{{font:inherit;padding:.5em 1.2em}}
form{{margin:1em 0}}</style><h1>{escape(title)}</h1>{body}</html>"""
    return HTMLResponse(html, status_code=status, headers=HEADERS)
