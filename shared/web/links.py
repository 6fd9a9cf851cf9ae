"""Routes behind signed links: the link is the permission, and a browser is answered with pages."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from shared.contracts.links import SignedLink
from shared.errors import Invalid, refuse
from shared.messages import LINK_INVALID
from shared.messaging.decision import Answer
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import Denied, check_rate_limit, derive_link_key, respond
from shared.web.pages import Pages

Token = Annotated[str, Path(max_length=600)]
FRAME = Pages("shared.web")
STRICT_TRANSPORT = "max-age=31536000"


async def open_link(request: Request, runtime: Runtime, link: SignedLink, token: str) -> str:
    """The id that the link is about.

    Raises Unauthenticated for a link that is forged or expired, Denied for one used too often.
    """
    now = await runtime.processor.now()
    subject = runtime.keyring.open_link(link.purpose, token, now)
    await check_rate_limit(request, derive_link_key(link.purpose, subject))
    return subject


def is_browser(request: Request) -> bool:
    """Whether who asks reads pages; everybody else gets JSON."""
    return "text/html" in request.headers.get("accept", "")


class LinkRoute(APIRoute):
    """The class of every route behind a link: what is refused is a page for a browser.

    Where the public comes by https, its browser is told to come by nothing else.
    A handler raises Unauthenticated where the link opens nothing, and Denied or Invalid as any
    other does.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await answer_or_refuse(request)
            if request.app.state.public_scheme == "https":
                response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            return response

        async def answer_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except Unauthenticated:
                return answer_link_invalid(request)
            except Denied as denied:
                refused = denied.answer
            except Invalid as invalid:
                refused = refuse(422, *invalid.problems)
            return answer_refused(request, refused)

        return answer


def answer_link_invalid(request: Request) -> Response:
    if is_browser(request):
        return FRAME.render("link_invalid.html", status=401)
    return respond(LINK_INVALID.refusal(401))


def answer_refused(request: Request, refused: Answer) -> Response:
    if not is_browser(request):
        return respond(refused)
    page = request.url.path.rpartition("/")[0] if request.method == "POST" else ""
    return FRAME.render(
        "problems.html", status=refused.status, problems=refused.body["problems"], back=page
    )
