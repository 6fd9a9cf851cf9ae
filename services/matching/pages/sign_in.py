"""我的捐助 without a link: a code goes to the donor's own phone, and his browser stays signed in.

What is answered says of no phone whether it is known. The code is a spoken word (0110) that he
types himself.
"""

import asyncio
import secrets
import time
from datetime import timedelta

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from services.matching import store
from services.matching.decide.sign_ins import find_sign_in_word, name_signer
from services.matching.messages import SIGN_IN_WRONG
from services.matching.model.match import AskSignIn
from services.matching.pages.buttons import PAGES
from services.matching.pages.givers import (
    GIVER_PATH,
    SESSION,
    SIGN_IN_PATH,
    GiverDep,
    GiverRoute,
    name_everywhere,
)
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from shared.errors import Invalid, Problem
from shared.messaging.decision import Command
from shared.phones import parse_phone
from shared.revocations import RevokeLinks
from shared.security.spoken_codes import is_code
from shared.spoken_words import HearWord
from shared.web.access import Router
from shared.web.admission import Quota
from shared.web.callers import find_address
from shared.web.forms import read_form
from shared.web.links import LinkRoute
from shared.web.sessions import check_visit_form, set_cookie

router = Router(route_class=LinkRoute, include_in_schema=False)
leaving_router = Router(route_class=GiverRoute, include_in_schema=False)

SESSION_LASTS = timedelta(hours=12)
TRIES_PER_MINUTE = 10
"""Of one address; a donor's own limits are those of spoken words."""


@router.get(SIGN_IN_PATH)
async def show_giver_sign_in(request: Request) -> Response:
    return render_giver_sign_in(request)


@router.post(SIGN_IN_PATH)
async def send_giver_code(request: Request, runtime: MatchingRuntimeDep) -> Response:
    """Looked up after the answer, so that nobody measures whether the phone is known."""
    form = await _read_form(request, runtime)
    try:
        phone = parse_phone(form.get("phone", ""), "phone")
    except Invalid as invalid:
        return render_giver_sign_in(request, typed=form.get("phone", ""), problems=invalid.problems)
    ticket = secrets.token_urlsafe(18)
    response = render_giver_sign_in(request, phone=phone, ticket=ticket)
    response.background = BackgroundTask(_ask, runtime, phone, ticket)
    return response


@router.post(SIGN_IN_PATH + "/code")
async def enter_giver_code(request: Request, runtime: MatchingRuntimeDep) -> Response:
    """What is wrong is answered after a while that is the same for every phone."""
    form, began = await _read_form(request, runtime), time.monotonic()
    phone, ticket = form.get("phone", ""), form.get("ticket", "")
    donor_id = await _find_donor(runtime, phone)
    if donor_id is None or not await _is_right(runtime, donor_id, ticket, form.get("code", "")):
        rest_s = began + runtime.settings.refusal_pause_s - time.monotonic()
        await asyncio.sleep(max(0.0, rest_s))
        problems = (SIGN_IN_WRONG.problem("code"),)
        return render_giver_sign_in(request, phone=phone, ticket=ticket, problems=problems)
    now = await runtime.processor.now()
    ends_at = now + SESSION_LASTS
    token = runtime.keyring.make_link(SESSION, donor_id, ends_at, made_at=now, holder=donor_id)
    response = RedirectResponse(f"{GIVER_PATH}/giving", status_code=303)
    set_cookie(request, response, "giver", token, int(SESSION_LASTS.total_seconds()))
    return response


@leaving_router.post(GIVER_PATH + "/sign-out")
async def sign_giver_out(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    return await _end(request, runtime, giver.way)


@leaving_router.post(GIVER_PATH + "/sign-out/everywhere")
async def sign_giver_out_everywhere(
    giver: GiverDep, request: Request, runtime: MatchingRuntimeDep
) -> Response:
    return await _end(request, runtime, name_everywhere(giver.donor_id))


async def _end(request: Request, runtime: MatchingRuntime, target: str) -> Response:
    await runtime.processor.execute(Command(RevokeLinks(target=target), principal="giver"))
    response = RedirectResponse(SIGN_IN_PATH, status_code=303)
    set_cookie(request, response, "giver", "", 0)
    return response


# --- who it is ----------------------------------------------------------------------------------


async def _ask(runtime: MatchingRuntime, phone: str, ticket: str) -> None:
    donor_id = await _find_donor(runtime, phone)
    if donor_id is not None:
        command = Command(AskSignIn(donor_id=donor_id), key=ticket, principal=name_signer(donor_id))
        await runtime.processor.execute(command)


async def _find_donor(runtime: MatchingRuntime, phone: str) -> str | None:
    """Whose own phone it certainly is. None where it is nobody's who gives, or of several."""
    try:
        phone = parse_phone(phone, "phone")
    except Invalid:
        return None
    owners = await runtime.resources.persons.find_phone_owners(phone)
    donors = await store.find_givers(runtime.database, owners)
    return donors[0] if len(donors) == 1 else None


async def _is_right(runtime: MatchingRuntime, donor_id: str, ticket: str, code: str) -> bool:
    """The right code of this very visit, once; a wrong one is counted."""
    word_id = find_sign_in_word(donor_id, ticket)
    heard = HearWord(
        about=donor_id, word_id=word_id, is_right=is_code(runtime.keyring, word_id, code)
    )
    answer = await runtime.processor.execute(Command(heard, principal=name_signer(donor_id)))
    return answer.status == 200


async def _read_form(request: Request, runtime: MatchingRuntime) -> dict[str, str]:
    """Raises Invalid, or TooManyError where an address tries too often."""
    if not hasattr(request.app.state, "giver_quota"):
        request.app.state.giver_quota = Quota(TRIES_PER_MINUTE)
    request.app.state.giver_quota.take(find_address(request), 1)
    form = dict(await read_form(request))
    await check_visit_form(request, runtime.keyring)
    return form


def render_giver_sign_in(
    request: Request,
    phone: str = "",
    ticket: str = "",
    typed: str = "",
    problems: tuple[Problem, ...] = (),
) -> HTMLResponse:
    return PAGES.render_for(
        request,
        "giver_sign_in.html",
        status=422 if problems else 200,
        phone=phone,
        ticket=ticket,
        typed=typed,
        problems=problems,
    )
