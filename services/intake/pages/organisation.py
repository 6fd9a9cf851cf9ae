"""Signing in with the organisation's own account, where `GUANJIA_OIDC_ISSUER` names a provider.

Whose account here it is was settled when its invitation was taken with it: nobody is found by his
name or e-mail, and nobody gets an account by being somebody there.
"""

from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from services.intake.model.account import LinkAccount, LinkedIdentity, SignInByOrganisation
from services.intake.pages.sign_in import (
    ORGANISATION_PATH,
    Token,
    begin_session,
    make_session_id,
    may_sign_in,
    open_invitation,
    render_invitation_over,
    render_sign_in,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.sign_in.messages import (
    IDENTITY_UNKNOWN,
    ORGANISATION_AWAY,
    ORGANISATION_REFUSED,
)
from services.intake.sign_in.organisation import (
    ERRAND_LASTS,
    Errand,
    ProviderAway,
    SignInProvider,
    Visitor,
)
from services.intake.sign_in.rights import Rights, find_rights, load_rights
from shared import mongo
from shared.answers import Answer
from shared.contracts.accounts import INVITATION_PATH
from shared.errors import Invalid, refuse
from shared.messaging.decision import Command
from shared.security import Credential, Unauthenticated
from shared.web.callers import find_address
from shared.web.sessions import name_cookie, set_cookie
from shared.web.staff import HOME_PATH, SIGN_IN_PATH, PageRouter, find_local_path

router = PageRouter()
CALLBACK_PATH = f"{ORGANISATION_PATH}/callback"


async def provide_provider(runtime: IntakeRuntimeDep) -> SignInProvider:
    if runtime.resources.organisation is None:
        raise HTTPException(404)
    return runtime.resources.organisation


ProviderDep = Annotated[SignInProvider, Depends(provide_provider)]


@router.get(ORGANISATION_PATH)
async def leave_to_sign_in(
    request: Request,
    runtime: IntakeRuntimeDep,
    provider: ProviderDep,
    next: str = HOME_PATH,  # noqa: A002 - as links say it
) -> Response:
    return await _leave(request, runtime, provider, Errand(find_local_path(next)))


@router.get(f"{INVITATION_PATH}/organisation")
async def leave_to_link(
    token: Token, request: Request, runtime: IntakeRuntimeDep, provider: ProviderDep
) -> Response:
    if await open_invitation(runtime, token) is None:
        return render_invitation_over(request)
    return await _leave(request, runtime, provider, Errand(HOME_PATH, token))


@router.get(f"{ORGANISATION_PATH}/out")
async def leave_to_sign_out(
    request: Request, runtime: IntakeRuntimeDep, provider: ProviderDep
) -> Response:
    """Of the provider. From here he is signed out already, by a form."""
    runtime.resources.sign_in_quota.take(find_address(request), 1)
    back = f"{runtime.settings.find_public_url('intake')}{SIGN_IN_PATH}"
    url: str | None = None
    with suppress(ProviderAway):
        url = await provider.find_sign_out(back, await runtime.processor.now())
    return RedirectResponse(url or SIGN_IN_PATH, status_code=303)


@router.get(CALLBACK_PATH)
async def come_back(request: Request, runtime: IntakeRuntimeDep, provider: ProviderDep) -> Response:
    runtime.resources.sign_in_quota.take(find_address(request), 1)
    baggage = request.cookies.get(name_cookie(request, "errand"), "")
    now = await runtime.processor.now()
    try:
        visitor = await provider.arrive(baggage, request.query_params, _name_callback(runtime), now)
    except Unauthenticated:
        response = _refuse(request, runtime, ORGANISATION_REFUSED.refusal(401))
    except ProviderAway:
        response = _refuse(request, runtime, ORGANISATION_AWAY.refusal(503))
    else:
        response = await _receive(request, runtime, visitor)
    set_cookie(request, response, "errand", "", 0)
    return response


async def _leave(
    request: Request, runtime: IntakeRuntime, provider: SignInProvider, errand: Errand
) -> Response:
    runtime.resources.sign_in_quota.take(find_address(request), 1)
    now = await runtime.processor.now()
    try:
        departure = await provider.depart(errand, _name_callback(runtime), now)
    except ProviderAway:
        return _refuse(request, runtime, ORGANISATION_AWAY.refusal(503))
    response = RedirectResponse(departure.url, status_code=303)
    set_cookie(request, response, "errand", departure.baggage, int(ERRAND_LASTS.total_seconds()))
    return response


async def _receive(request: Request, runtime: IntakeRuntime, visitor: Visitor) -> Response:
    """Takes the invitation that he left for, if any; then signs him in."""
    identity = await mongo.load(runtime.database, LinkedIdentity, visitor.identity_id)
    account_id = identity.account_id if identity else ""
    if visitor.errand.invitation:
        invitation = await open_invitation(runtime, visitor.errand.invitation)
        if invitation is None:
            return render_invitation_over(request)
        link = LinkAccount(
            account_id=invitation.subject,
            invited_ms=invitation.made_ms,
            identity_id=visitor.identity_id,
            released_id="" if may_sign_in(runtime, account_id) else account_id,
        )
        answer = await runtime.processor.execute(Command(link))
        if answer.status != 201:
            return _refuse(request, runtime, answer)
        account_id = invitation.subject
    return await _sign_in(request, runtime, visitor, account_id)


async def _sign_in(
    request: Request, runtime: IntakeRuntime, visitor: Visitor, account_id: str
) -> Response:
    try:
        rights = _find_rights(runtime, runtime.keyring.require_credential(account_id), visitor)
    except Unauthenticated:
        return _refuse(request, runtime, IDENTITY_UNKNOWN.refusal(403))
    except Invalid as invalid:
        return _refuse(request, runtime, refuse(403, *invalid.problems))
    command = SignInByOrganisation(
        account_id=account_id,
        identity_id=visitor.identity_id,
        session_id=make_session_id(),
        roles=None if rights is None else tuple(sorted(rights.roles)),
        area=rights.area if rights else "",
    )
    answer = await runtime.processor.execute(Command(command))
    if answer.status != 201:
        return _refuse(request, runtime, answer)
    return await begin_session(request, runtime, account_id, answer, visitor.errand.back)


def _find_rights(runtime: IntakeRuntime, credential: Credential, visitor: Visitor) -> Rights | None:
    """None without a table: all that the register says. Raises Invalid."""
    file = runtime.settings.oidc_rights_file
    return find_rights(load_rights(file), credential, visitor.claims) if file else None


def _name_callback(runtime: IntakeRuntime) -> str:
    """As it is registered with the provider."""
    return f"{runtime.settings.find_public_url('intake')}{CALLBACK_PATH}"


def _refuse(request: Request, runtime: IntakeRuntime, refused: Answer) -> Response:
    return render_sign_in(request, runtime, HOME_PATH, refused=refused)
