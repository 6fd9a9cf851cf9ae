"""The applicant's page behind a signed link: how far the request is, and withdrawing it."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.intake import model, views
from services.intake.model import WithdrawRequest
from shared import mongo
from shared.contracts.links import REQUEST
from shared.messaging.decision import Command, refusal
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import Denied, RuntimeDep, limited, link_key, respond

router = APIRouter()


@router.get(REQUEST.route())
async def status(token: str, request: Request, runtime: RuntimeDep) -> Response:
    try:
        id_ = await _subject(request, runtime, token)
    except Unauthenticated:
        if _wants_json(request):
            raise
        return HTMLResponse(_EXPIRED, status_code=401, headers=_HEADERS)
    found = await mongo.load(runtime.database, model.Request, id_)
    if found is None:
        raise Denied(refusal(404, "unknown_request", "没有这个诉求", "no such request"))
    view = views.status_view(found)
    if _wants_json(request):
        return JSONResponse(view | {"recorded_at": found.recorded_at.isoformat()})
    return HTMLResponse(_page(view, token), headers=_HEADERS)


@router.post(REQUEST.route("withdraw"))
async def withdraw(token: str, request: Request, runtime: RuntimeDep) -> Response:
    """The link is the permission, and it names the request: asking twice is asking once."""
    id_ = await _subject(request, runtime, token)
    command = Command(
        WithdrawRequest(request_id=id_), key=f"link|{id_}/withdraw", principal=f"link:{id_}"
    )
    answer = await runtime.processor.execute(command)
    if _wants_json(request):
        return respond(answer)
    return RedirectResponse(REQUEST.path(token), status_code=303)


async def _subject(request: Request, runtime: Runtime, token: str) -> str:
    """Raises Unauthenticated for a link that is false or has expired, Denied for one overused."""
    id_ = runtime.keyring.open_link(REQUEST.purpose, token, await runtime.processor.now())
    await limited(request, link_key(REQUEST.purpose, id_))
    return id_


def _wants_json(request: Request) -> bool:
    return "text/html" not in request.headers.get("accept", "")


_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_STYLE = (
    "body{font:1.1rem/1.7 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}"
    "dt{color:#555}dd{margin:0 0 .8rem}button{font:inherit;padding:.5rem 1.2rem}"
)


def _page(view: dict[str, Any], token: str) -> str:
    rows = (
        ("编号 Number", view["request_id"]),
        ("状态 State", view["state_zh"]),
        ("类别 Category", view["category_zh"]),
        ("需求 Need", view["need_zh"]),
        ("原因 Reason", view["reason"]),
        ("登记日期 Recorded", f"{view['recorded_at']:%Y-%m-%d}"),
    )
    shown = "".join(f"<dt>{k}<dd>{escape(str(v))}" for k, v in rows if v)
    button = (
        f'<form method="post" action="{escape(REQUEST.path(token, "withdraw"))}">'
        "<button>撤回诉求 Withdraw</button></form>"
        if view["may_withdraw"]
        else ""
    )
    return _framed("我的诉求 My request", f"<dl>{shown}</dl>{button}")


def _framed(title: str, content: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>莞家 {title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1>{content}</html>"
    )


_EXPIRED = _framed(
    "链接已失效 This link has expired",
    "<p>请回复短信或联系村（居）委会。Reply to the SMS, or ask your village committee.</p>",
)
