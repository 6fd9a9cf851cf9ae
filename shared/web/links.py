"""Routes behind signed links: the link is the permission, and a browser is answered with pages."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Path, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import Field

from shared import mongo
from shared.contracts.links import SignedLink
from shared.contracts.values import Identifier, Value
from shared.errors import Invalid, refuse
from shared.link_tokens import LinkToken
from shared.messages import LINK_INVALID, LINK_UNKNOWN, REQUESTS_TOO_MANY
from shared.messaging.decision import Answer, State
from shared.revocations import LinkRevocation, list_targets, name_links_about
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import (
    Denied,
    check_rate_limit,
    derive_link_key,
    get_admission,
    get_runtime,
    respond,
)
from shared.web.admission import SAFE_METHODS, TooManyError, limit_body
from shared.web.pages import Pages

Token = Annotated[str, Path(max_length=600)]
FRAME = Pages("shared.web")
STRICT_TRANSPORT = "max-age=31536000"
S = TypeVar("S", bound=State)


async def open_link(request: Request, runtime: Runtime, link: SignedLink, token: str) -> LinkToken:
    """What the link says; what it is about may be gone: see `require_standing`.

    Raises Unauthenticated for a link that is forged or expired, Denied for one used too often.
    """
    now = await runtime.processor.now()
    opened = runtime.keyring.open_link(link.purpose, token, now)
    await check_rate_limit(request, derive_link_key(link.purpose, opened.subject))
    return opened


async def load_linked(
    request: Request, runtime: Runtime, link: SignedLink, token: str, kind: type[S]
) -> tuple[LinkToken, S]:
    """What the link says, and what it is about. Raises as `open_link`, and Unauthenticated where
    there is no such thing."""
    opened = await open_link(request, runtime, link, token)
    subject = await mongo.load(runtime.database, kind, opened.subject)
    if subject is None:
        raise Unauthenticated
    return opened, subject


async def require_standing(
    runtime: Runtime, link: LinkToken, person_id: str, source: str | None = None, about: str = ""
) -> None:
    """Raises Unauthenticated where a link has lost what it stands on.

    That is the person it was made for, whose it is to be still (person_id); the partner who brought
    in what it is about (source); and that nobody revoked it, the link it was made on, or all of
    them. about: the request of a match, say, whose links end together.
    """
    if link.holder not in ("", person_id):
        raise Unauthenticated
    if source is not None and runtime.keyring.is_partner_gone(source):
        raise Unauthenticated
    targets = list_targets(link, person_id, *([about] if about else []))
    query = {"_id": {"$in": sorted(targets)}}
    for revocation in await mongo.find(runtime.database, LinkRevocation, query):
        if revocation.ends(link):
            raise Unauthenticated


# --- revoking -----------------------------------------------------------------------------------


class LinksToRevoke(Value):
    """link: its address, or the token in it. about: the id of what all are about."""

    link: Annotated[str, Field(max_length=1000)] = ""
    about: Identifier | None = None


@dataclass(frozen=True, slots=True)
class RevocationTarget:
    """subject: what the link is about, which decides who may revoke it. target: see RevokeLinks.

    purpose: of the link; empty where all about the subject are meant.
    """

    subject: str
    target: str
    purpose: str = ""


def find_revoked(runtime: Runtime, wanted: LinksToRevoke) -> RevocationTarget:
    """Raises Denied where it names no link of ours."""
    if wanted.about:
        return RevocationTarget(wanted.about, name_links_about(wanted.about))
    token = wanted.link.partition("?")[0].rstrip("/").rpartition("/")[2]
    try:
        link = runtime.keyring.read_link(token)
    except Unauthenticated:
        raise Denied(LINK_UNKNOWN.refusal(404, "link")) from None
    return RevocationTarget(link.subject, link.id, link.purpose)


def is_browser(request: Request) -> bool:
    """Whether who asks reads pages; everybody else gets JSON."""
    return "text/html" in request.headers.get("accept", "")


class LinkRoute(APIRoute):
    """The class of every route behind a link: what is refused is a page for a browser.

    However many requests come by one link, no more of them run at a time than of a credential's.
    Where the public comes by https, its browser is told to come by nothing else.
    A handler raises Unauthenticated where the link opens nothing, and Denied or Invalid as any
    other does.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await answer_or_refuse(request)
            if request.app.state.public_scheme == "https":
                response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
            return response

        async def answer_or_refuse(request: Request) -> Response:
            try:
                async with occupy_place(request):
                    return await handle(limit_body(request, self.endpoint))
            except Unauthenticated:
                return answer_link_invalid(request)
            except Denied as denied:
                refused = denied.answer
            except Invalid as invalid:
                refused = refuse(422, *invalid.problems)
            except TooManyError as error:
                return answer_too_often(request, error.retry_after_s)
            return answer_refused(request, refused)

        return answer


@asynccontextmanager
async def occupy_place(request: Request) -> AsyncIterator[None]:
    """One of the link's, of whatever spelling it is. Raises Unauthenticated or TooManyError.

    A page without a link has none to count.
    """
    token = request.path_params.get("token")
    if token is None:
        yield
        return
    link = get_runtime(request).keyring.read_link(token)
    key = derive_link_key(link.purpose, link.subject)
    async with get_admission(request).occupy(key, reads=request.method in SAFE_METHODS):
        yield


def answer_link_invalid(request: Request) -> Response:
    if is_browser(request):
        return FRAME.render(request, "link_invalid.html", status=401)
    return respond(LINK_INVALID.refusal(401))


def answer_too_often(request: Request, seconds: int) -> Response:
    response = answer_refused(request, REQUESTS_TOO_MANY.refusal(429, seconds=seconds))
    response.headers["Retry-After"] = str(seconds)
    return response


def answer_refused(request: Request, refused: Answer) -> Response:
    if not is_browser(request):
        return respond(refused)
    problems = refused.body["problems"]
    if refused.status == 410:
        return FRAME.render(request, "link_over.html", status=410, problems=problems)
    page = request.url.path.rpartition("/")[0] if request.method == "POST" else ""
    return FRAME.render(
        request, "problems.html", status=refused.status, problems=problems, back=page
    )
