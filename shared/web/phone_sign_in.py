"""Pages of who signs in by a code to his own phone: the two forms, the session, and its end.

What is answered says of no phone whether it is known. A session is a token in a cookie; as a link
it opens nothing, and links that are made on its pages end with it.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from shared import mongo
from shared.contracts.events import WordAsked
from shared.errors import Invalid, Problem
from shared.link_tokens import LinkToken
from shared.messages import SIGN_IN_CODE_WRONG
from shared.messaging.decision import Command
from shared.phone_sign_in import AskSignIn, Signer, find_sign_in_word
from shared.phones import parse_phone
from shared.revocations import LinkRevocation, RevokeLinks
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.security.spoken_codes import is_code
from shared.spoken_words import HearWord
from shared.web.access import Router, RuntimeDep, check_rate_limit, derive_link_key
from shared.web.admission import SAFE_METHODS, Quota
from shared.web.callers import find_address
from shared.web.forms import read_form
from shared.web.links import LinkRoute, is_browser, require_standing
from shared.web.pages import Pages
from shared.web.sessions import (
    CookieName,
    check_visit_form,
    name_cookie,
    require_form_token,
    set_cookie,
)

NAME_MAX = 100
TRIES_PER_MINUTE = 10
"""Of one address; a person's own limits are those of spoken words."""


@dataclass(frozen=True, slots=True)
class PhoneSignIn:
    """base: below which the pages of a session are. home: the first of them. cookie: where the
    session's token is. purpose: what it is signed for.

    fact: of the code that is asked for. find_signer: whose own phone (E.164) it certainly is; None
    where it is nobody's here, or nobody can say whose. asks_name: the name that was typed, else
    empty, may say whose.
    """

    base: str
    home: str
    cookie: CookieName
    purpose: str
    lasts: timedelta
    fact: type[WordAsked]
    pages: Pages
    template: str
    find_signer: Callable[[Any, str, str], Awaitable[Signer | None]]
    asks_name: bool = False

    @property
    def path(self) -> str:
        return f"{self.base}/sign-in"

    def read_name(self, form: Mapping[str, str]) -> str:
        return form.get("name", "")[:NAME_MAX] if self.asks_name else ""

    def name_everywhere(self, subject: str) -> str:
        """What ends all of somebody's sessions, and none of his links."""
        return f"{self.cookie}:{subject}"

    def render(
        self,
        request: Request,
        phone: str = "",
        ticket: str = "",
        typed: str = "",
        name: str = "",
        problems: tuple[Problem, ...] = (),
    ) -> HTMLResponse:
        return self.pages.render_for(
            request,
            self.template,
            status=422 if problems else 200,
            path=self.path,
            phone=phone,
            ticket=ticket,
            typed=typed,
            name=name,
            asks_name=self.asks_name,
            problems=problems,
        )

    async def open_session(self, request: Request, runtime: Runtime, token: str) -> LinkToken:
        """Raises Unauthenticated, and Invalid for a form that is not ours."""
        opened = runtime.keyring.open_link(self.purpose, token, await runtime.processor.now())
        await check_rate_limit(request, derive_link_key(self.purpose, opened.subject))
        await require_standing(runtime, opened, opened.holder)
        name = self.name_everywhere(opened.subject)
        everywhere = await mongo.load(runtime.database, LinkRevocation, name)
        if everywhere is not None and everywhere.ends(opened):
            raise Unauthenticated
        if request.method not in SAFE_METHODS:
            await require_form_token(request, runtime.keyring, opened.id)
        return opened

    async def end_session(self, request: Request, runtime: Runtime, *targets: str) -> Response:
        """targets: the session's id, or what ends all of them."""
        for target in targets:
            await runtime.processor.execute(
                Command(RevokeLinks(target=target), principal=self.cookie)
            )
        response = RedirectResponse(self.path, status_code=303)
        set_cookie(request, response, self.cookie, "", 0)
        return response


def build_sign_in_routes(sign_in: PhoneSignIn) -> Router:
    router = Router(route_class=LinkRoute, include_in_schema=False)

    @router.get(sign_in.path)
    async def show_phone_form(request: Request) -> Response:
        return sign_in.render(request)

    @router.post(sign_in.path)
    async def send_code(request: Request, runtime: RuntimeDep) -> Response:
        """Looked up after the answer, so that nobody measures whether the phone is known."""
        form = await _read_form(request, runtime)
        typed, name = form.get("phone", ""), sign_in.read_name(form)
        try:
            phone = parse_phone(typed, "phone")
        except Invalid as invalid:
            return sign_in.render(request, typed=typed, name=name, problems=invalid.problems)
        ticket = secrets.token_urlsafe(18)
        response = sign_in.render(request, phone=phone, ticket=ticket, name=name)
        response.background = BackgroundTask(_ask, sign_in, runtime, phone, name, ticket)
        return response

    @router.post(f"{sign_in.path}/code")
    async def enter_code(request: Request, runtime: RuntimeDep) -> Response:
        """What is wrong is answered after a while that is the same for every phone."""
        form, began = await _read_form(request, runtime), time.monotonic()
        phone, ticket, name = form.get("phone", ""), form.get("ticket", ""), sign_in.read_name(form)
        signer = await _find_signer(sign_in, runtime, phone, name)
        if signer is None or not await _is_right(
            sign_in, runtime, signer, ticket, form.get("code", "")
        ):
            rest_s = began + runtime.settings.refusal_pause_s - time.monotonic()
            await asyncio.sleep(max(0.0, rest_s))
            problems = (SIGN_IN_CODE_WRONG.problem("code"),)
            return sign_in.render(request, phone=phone, ticket=ticket, name=name, problems=problems)
        now = await runtime.processor.now()
        token = runtime.keyring.make_link(
            sign_in.purpose, signer.subject, now + sign_in.lasts, made_at=now, holder=signer.subject
        )
        response = RedirectResponse(sign_in.home, status_code=303)
        set_cookie(request, response, sign_in.cookie, token, int(sign_in.lasts.total_seconds()))
        return response

    return router


async def _ask(sign_in: PhoneSignIn, runtime: Runtime, phone: str, name: str, ticket: str) -> None:
    signer = await _find_signer(sign_in, runtime, phone, name)
    if signer is not None:
        data = AskSignIn(person_id=signer.person_id)
        await runtime.processor.execute(Command(data, key=ticket, principal=signer.name))


async def _find_signer(
    sign_in: PhoneSignIn, runtime: Runtime, phone: str, name: str
) -> Signer | None:
    try:
        return await sign_in.find_signer(runtime, parse_phone(phone, "phone"), name)
    except Invalid:
        return None


async def _is_right(
    sign_in: PhoneSignIn, runtime: Runtime, signer: Signer, ticket: str, code: str
) -> bool:
    """The right code of this very visit, once; a wrong one is counted."""
    word_id = find_sign_in_word(sign_in.fact, signer, ticket)
    heard = HearWord(
        about=signer.person_id, word_id=word_id, is_right=is_code(runtime.keyring, word_id, code)
    )
    answer = await runtime.processor.execute(Command(heard, principal=signer.name))
    return answer.status == 200


async def _read_form(request: Request, runtime: Runtime) -> dict[str, str]:
    """Raises Invalid, or TooManyError where an address tries too often."""
    if not hasattr(request.app.state, "phone_sign_in_quota"):
        request.app.state.phone_sign_in_quota = Quota(TRIES_PER_MINUTE)
    request.app.state.phone_sign_in_quota.take(find_address(request), 1)
    form = dict(await read_form(request))
    await check_visit_form(request, runtime.keyring)
    return form


# --- pages of a session ---------------------------------------------------------------------------


class PhoneSessionRoute(LinkRoute):
    """A page of who is signed in: a session takes its turns as a link does, and who is not signed
    in is led there. A subclass names the sign-in; of its routes, those elsewhere are links'."""

    base: ClassVar[str]
    cookie: ClassVar[CookieName]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_lead(request: Request) -> Response:
            is_own = is_below(request, self.base)
            if is_own:
                cookie = request.cookies.get(name_cookie(request, self.cookie), "")
                request.scope["path_params"] = {**request.path_params, "token": cookie}
            response = await answer(request)
            if response.status_code == 401 and is_own and is_browser(request):
                return RedirectResponse(f"{self.base}/sign-in", status_code=303)
            return response

        return answer_or_lead


def is_below(request: Request, base: str) -> bool:
    """Whether a cookie says who he is, not the address."""
    path = request.url.path
    return path == base or path.startswith(f"{base}/")
