"""Who a giver's page is of: whoever holds the link to his proposals, or is signed in by a code."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.matching.pages.buttons import PAGES
from shared import mongo
from shared.contracts.links import PROPOSALS
from shared.revocations import LinkRevocation
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.security.sessions import make_form_token
from shared.web.access import check_rate_limit, derive_link_key, get_runtime
from shared.web.admission import SAFE_METHODS
from shared.web.links import LinkRoute, is_browser, open_link, require_standing
from shared.web.sessions import name_cookie, require_form_token

GIVER_PATH = "/giver"
SIGN_IN_PATH = f"{GIVER_PATH}/sign-in"
SESSION = "giver.session"
"""The purpose of the token in a signed-in donor's cookie: it opens nothing as a link."""
Show = Callable[..., HTMLResponse]


@dataclass(frozen=True, slots=True)
class Giver:
    """way: the id of his link or session. base: what his pages' paths begin with. form_token: what
    his forms carry, where a cookie says who he is."""

    donor_id: str
    way: str
    base: str
    form_token: str = ""
    show: Show = PAGES.render

    @classmethod
    def of_link(cls, donor_id: str, token: str, link_id: str = "") -> "Giver":
        return cls(donor_id, link_id, PROPOSALS.path(token))

    @property
    def is_signed_in(self) -> bool:
        return self.base == GIVER_PATH

    def path(self, *below: str) -> str:
        return "/".join((self.base, *below))

    @property
    def principal(self) -> str:
        """The same by either way: he himself."""
        return f"link:{PROPOSALS.purpose}"

    def render(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        own = {"path": self.path, "giver_token": self.form_token, "signed_in": self.is_signed_in}
        return self.show(template, status=status, **own, **values)


async def open_giver(request: Request) -> Giver:
    """Raises Unauthenticated, and Invalid for a form that is not ours."""
    runtime, token = get_runtime(request), request.path_params.get("token", "")
    if not is_own_path(request):
        opened = await open_link(request, runtime, PROPOSALS, token)
        await require_standing(runtime, opened, opened.subject)
        return Giver.of_link(opened.subject, token, opened.id)
    return await _open_session(request, runtime, token)


async def _open_session(request: Request, runtime: Runtime, token: str) -> Giver:
    opened = runtime.keyring.open_link(SESSION, token, await runtime.processor.now())
    await check_rate_limit(request, derive_link_key(SESSION, opened.subject))
    await require_standing(runtime, opened, opened.subject)
    everywhere = await mongo.load(runtime.database, LinkRevocation, name_everywhere(opened.subject))
    if everywhere is not None and everywhere.ends(opened):
        raise Unauthenticated
    if request.method not in SAFE_METHODS:
        await require_form_token(request, runtime.keyring, opened.id)
    return Giver(
        donor_id=opened.subject,
        way=opened.id,
        base=GIVER_PATH,
        form_token=make_form_token(runtime.keyring, opened.id),
        show=partial(PAGES.render_for, request),
    )


def name_everywhere(donor_id: str) -> str:
    """What ends all of a donor's sessions, and none of his links."""
    return f"giver:{donor_id}"


def is_own_path(request: Request) -> bool:
    """Whether a cookie says who he is, not the address."""
    path = request.url.path
    return path == GIVER_PATH or path.startswith(f"{GIVER_PATH}/")


class GiverRoute(LinkRoute):
    """A page of a giver, by his link or signed in: a session takes its turns as a link does, and
    who is not signed in is led there."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_lead(request: Request) -> Response:
            if is_own_path(request):
                cookie = request.cookies.get(name_cookie(request, "giver"), "")
                request.scope["path_params"] = {**request.path_params, "token": cookie}
            response = await answer(request)
            if response.status_code == 401 and is_own_path(request) and is_browser(request):
                return RedirectResponse(SIGN_IN_PATH, status_code=303)
            return response

        return answer_or_lead


GiverDep = Annotated[Giver, Depends(open_giver)]
