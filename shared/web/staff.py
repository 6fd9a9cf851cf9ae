"""Pages of who is signed in: what is refused is a page, and who is nobody is led to the sign-in."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from shared.answers import Answer
from shared.errors import Invalid, Transient, refuse
from shared.messages import AREA_LIMITED, FAILED_HERE, REQUESTS_TOO_MANY, UNAVAILABLE
from shared.scope import OutOfScope
from shared.security import Unauthenticated
from shared.web.access import Denied, GuardedRoute, Router
from shared.web.admission import TooManyError
from shared.web.links import FRAME, STRICT_TRANSPORT, is_browser

SIGN_IN_PATH = "/sign-in"
HOME_PATH = "/home"


class PageRoute(GuardedRoute):
    """A route of the signed-in. Programs that come with a bearer are answered as everywhere."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            if not is_browser(request):
                return await handle(request)
            response = await _answer_browser(handle, request)
            if request.app.state.public_scheme == "https":
                response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            return response

        return answer


class PageRouter(Router):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": PageRoute, "include_in_schema": False, **options})


async def _answer_browser(
    handle: Callable[[Request], Coroutine[object, object, Response]], request: Request
) -> Response:
    try:
        return await handle(request)
    except Unauthenticated:
        return lead_to_sign_in(request)
    except Denied as denied:
        return render_refusal(request, denied.answer)
    except Invalid as invalid:
        return render_refusal(request, refuse(422, *invalid.problems))
    except OutOfScope:
        return render_refusal(request, AREA_LIMITED.refusal(403))
    except TooManyError as error:
        return render_refusal(request, REQUESTS_TOO_MANY.refusal(429, seconds=error.retry_after_s))
    except Transient:
        return render_refusal(request, UNAVAILABLE.refusal(503))


async def answer_bug(request: Request, _error: Exception) -> Response:
    """Of a fault of ours, which is logged where it is raised on."""
    refused = FAILED_HERE.refusal(500)
    if is_browser(request):
        return render_refusal(request, refused)
    return JSONResponse(dict(refused.body), status_code=500)


def lead_to_sign_in(request: Request) -> Response:
    """And back afterwards, to a page: what was sent is sent anew by its form."""
    path = request.url.path if request.method == "GET" else ""
    query = f"?{request.url.query}" if path and request.url.query else ""
    back = f"?next={quote(path + query, safe='')}" if path else ""
    return RedirectResponse(SIGN_IN_PATH + back, status_code=303)


def find_local_path(text: str) -> str:
    """Where to go next, as somebody's link says: a path of ours, else the first page."""
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    has_signs = any(sign in text for sign in "\\\r\n\t\0")
    return text if is_ours and not has_signs and len(text) <= 1000 else HOME_PATH


def render_refusal(request: Request, refused: Answer) -> Response:
    back = urlsplit(request.headers.get("referer", "")).path if request.method == "POST" else ""
    return FRAME.render_for(
        request,
        "problems.html",
        status=refused.status,
        problems=refused.body["problems"],
        back=back or (HOME_PATH if hasattr(request.state, "credential") else "/"),
    )
