"""Browsers that are signed in: the cookie, and the token that every form of ours carries.

A cookie comes by itself, whoever wrote the form; so what changes something also brings a token that
stands in our own forms alone (or, from script, in `X-CSRF-Token`).
"""

import secrets
from typing import Literal
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import Response

from shared.messages import FORM_STALE
from shared.runtime import Runtime
from shared.security import Credential, Keyring, Unauthenticated
from shared.security.sessions import (
    SIGNS_IN,
    LiveSession,
    is_form_token,
    make_form_token,
    open_session_cookie,
)
from shared.web.admission import SAFE_METHODS

CookieName = Literal["session", "visit", "language", "giver", "applicant", "errand", "device"]
SIGNED_IN: tuple[CookieName, ...] = ("session", "giver", "applicant")
FIELD = "form_token"
HEADER = "X-CSRF-Token"
VISIT_S = 24 * 3600
FOREIGN_SITES = ("cross-site", "same-site")


def name_cookie(request: Request, name: CookieName) -> str:
    """`__Host-`: only we set it, by https, for no other host."""
    return f"__Host-guanjia-{name}" if is_secure(request) else f"guanjia-{name}"


def is_secure(request: Request) -> bool:
    return bool(request.app.state.public_scheme == "https")


def set_cookie(
    request: Request,
    response: Response,
    name: CookieName,
    value: str,
    seconds: int,
) -> None:
    """seconds: 0 deletes it."""
    response.set_cookie(
        name_cookie(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def is_signed_in(request: Request) -> bool:
    """Whether the browser says so, as staff, giver or applicant; nothing is looked up."""
    return any(request.cookies.get(name_cookie(request, name)) for name in SIGNED_IN)


# --- who is signed in -----------------------------------------------------------------------------


async def authenticate_session(request: Request, runtime: Runtime) -> Credential:
    """As whom the browser is signed in. Raises Unauthenticated, or Transient where nobody knows."""
    cookie = request.cookies.get(name_cookie(request, "session"))
    if not cookie:
        raise Unauthenticated
    session_id = open_session_cookie(runtime.keyring, cookie, await runtime.processor.now())
    session = await runtime.sessions.find(session_id)
    if session is None:
        raise Unauthenticated
    credential = session.narrow(runtime.keyring.require_credential(session.credential_id))
    if credential.roles.isdisjoint(SIGNS_IN):
        raise Unauthenticated
    request.state.session = session
    runtime.keyring.note_use(credential.id)
    return credential


def find_session(request: Request) -> LiveSession | None:
    """What `authenticate_session` found; None for a bearer and for nobody."""
    session = getattr(request.state, "session", None)
    return session if isinstance(session, LiveSession) else None


# --- forms ----------------------------------------------------------------------------------------


async def check_form(request: Request, keyring: Keyring) -> None:
    """Raises Invalid where a browser that is signed in sends what none of our forms sent.

    request: whose body is limited; it is read here, and again by who handles it.
    """
    session = find_session(request)
    if session is None or request.method in SAFE_METHODS:
        return
    await require_form_token(request, keyring, session.id)


async def check_visit_form(request: Request, keyring: Keyring) -> None:
    """The same for forms of who is not signed in."""
    await require_form_token(request, keyring, request.cookies.get(name_cookie(request, "visit")))


async def require_form_token(request: Request, keyring: Keyring, subject: str | None) -> None:
    """Raises Invalid."""
    is_foreign = request.headers.get("sec-fetch-site", "") in FOREIGN_SITES
    token = request.headers.get(HEADER) or await _read_token(request)
    if is_foreign or not subject or not is_form_token(keyring, subject, token):
        raise FORM_STALE.invalid()


async def _read_token(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        return fields.get(FIELD, [""])[0]
    if kind == "multipart/form-data":
        token = (await request.form()).get(FIELD, "")
        return token if isinstance(token, str) else ""
    return ""


def find_form_token(request: Request) -> str:
    """For the forms of a page; of who is not signed in, `begin_visit` sets the cookie to it."""
    runtime = request.app.state.runtime
    if runtime is None:  # it is starting, and no form of it is answered yet
        return ""
    session = find_session(request)
    if session is not None:
        return make_form_token(runtime.keyring, session.id)
    visit = getattr(request.state, "visit", "") or request.cookies.get(
        name_cookie(request, "visit"), ""
    )
    request.state.visit = visit or secrets.token_urlsafe(24)
    return make_form_token(runtime.keyring, request.state.visit)


def begin_visit(request: Request, response: Response) -> None:
    """Sets what `find_form_token` made the token of; call it after rendering."""
    visit = getattr(request.state, "visit", "")
    if visit:
        set_cookie(request, response, "visit", visit, VISIT_S)
