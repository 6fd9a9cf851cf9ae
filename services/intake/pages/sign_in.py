"""Signing in: the form, the invitation with its QR code, changing a password, signing out."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qs

import segno
from fastapi import Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from services.intake.model.account import (
    Account,
    ChangePassword,
    EndSession,
    EndSessions,
    EnrolAccount,
    Proof,
    SignIn,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.sign_in.messages import CODE_WRONG
from services.intake.sign_in.proofs import (
    DEVICE_LASTS,
    Claim,
    check_new_password,
    find_code_step,
    find_device,
    format_totp_uri,
    make_device_cookie,
)
from shared import mongo
from shared.actions import is_action, record
from shared.answers import Answer
from shared.contracts.accounts import INVITATION, INVITATION_PATH
from shared.contracts.values import CHINA
from shared.errors import Invalid, refuse
from shared.link_tokens import LinkToken
from shared.messaging.decision import Command
from shared.security import STAFF, Credential, Role, Unauthenticated
from shared.security.sessions import SESSION_PREFIX, SIGNS_IN, make_cookie, open_session_cookie
from shared.web.access import allow
from shared.web.callers import find_address
from shared.web.pages import Pages
from shared.web.sessions import check_visit_form, find_session, name_cookie, set_cookie
from shared.web.staff import HOME_PATH, SIGN_IN_PATH, PageRouter, find_local_path

router = PageRouter()
PAGES = Pages("services.intake")
PASSWORD_PATH = f"{SIGN_IN_PATH}/password"
ORGANISATION_PATH = f"{SIGN_IN_PATH}/organisation"
FORM_BYTES_MAX = 16 * 1024
DONE_TEXTS = {
    "enrolled": ("账号已开通，请登录", "your account is ready: sign in"),
    "changed": ("密码已更改，请用新密码登录", "your password is changed: sign in with it"),
    "out": ("已退出登录", "you are signed out"),
}

SignedIn = Annotated[Credential, Depends(allow(*STAFF, Role.DONOR_PARTNER))]
Token = Annotated[str, Path(max_length=600)]
Form = Mapping[str, str]


async def read_form(request: Request) -> Form:
    """The first value of each field."""
    text = (await request.body())[:FORM_BYTES_MAX].decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(text).items()}


# --- signing in and out ---------------------------------------------------------------------------


@router.get(SIGN_IN_PATH)
async def show_sign_in(
    request: Request,
    runtime: IntakeRuntimeDep,
    next: str = HOME_PATH,  # noqa: A002 - as links say it
    done: str = "",
) -> Response:
    return render_sign_in(request, runtime, find_local_path(next), done=done)


@router.post(SIGN_IN_PATH)
async def sign_in(request: Request, runtime: IntakeRuntimeDep) -> Response:
    """A new session for every sign-in; that of before, in this browser, ends."""
    form = await _read_visit_form(request, runtime)
    back = find_local_path(form.get("next", HOME_PATH))
    proof = await _check_claim(request, runtime, form)
    command = Command(SignIn(proof=proof, session_id=make_session_id()))
    answer = await runtime.processor.execute(command)
    if answer.status == 403:
        return _render_change(request, runtime, proof.account_id, answer)
    if answer.status != 201:
        return render_sign_in(request, runtime, back, proof.account_id, answer)
    response = await begin_session(request, runtime, proof.account_id, answer, back)
    cookie = make_device_cookie(runtime.keyring, proof.account_id, await runtime.processor.now())
    set_cookie(request, response, "device", cookie, int(DEVICE_LASTS.total_seconds()))
    return response


@router.post("/sign-out")
async def sign_out(_caller: SignedIn, request: Request, runtime: IntakeRuntimeDep) -> Response:
    session = find_session(request)
    if session:
        await runtime.processor.execute(Command(EndSession(session_id=session.id)))
    response = RedirectResponse(f"{SIGN_IN_PATH}?done=out", status_code=303)
    set_cookie(request, response, "session", "", 0)
    return response


@router.post("/account/sessions/end")
async def end_sessions(caller: SignedIn, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """Everywhere, here too."""
    await runtime.processor.execute(Command(EndSessions(account_id=caller.id)))
    response = RedirectResponse(f"{SIGN_IN_PATH}?done=out", status_code=303)
    set_cookie(request, response, "session", "", 0)
    return response


def make_session_id() -> str:
    return f"{SESSION_PREFIX}{secrets.token_hex(20)}"


async def begin_session(
    request: Request, runtime: IntakeRuntime, account_id: str, answer: Answer, back: str
) -> Response:
    """The cookie of a session that was decided (answer), and a row in the log of what staff do.

    What this browser was signed in as before has ended.
    """
    await _end_session_of_before(request, runtime)
    now = await runtime.processor.now()
    ends_at = datetime.fromisoformat(answer.body["ends_at"])
    credential = runtime.keyring.require_credential(account_id)
    if is_action(credential, "POST"):
        await record(runtime.database, credential, "POST", SIGN_IN_PATH, {}, answer.status, now)
    response = RedirectResponse(back, status_code=303)
    cookie = make_cookie(runtime.keyring, answer.body["session_id"], ends_at)
    set_cookie(request, response, "session", cookie, int((ends_at - now).total_seconds()))
    return response


async def _end_session_of_before(request: Request, runtime: IntakeRuntime) -> None:
    cookie = request.cookies.get(name_cookie(request, "session"))
    with suppress(Unauthenticated):
        now = await runtime.processor.now()
        session_id = open_session_cookie(runtime.keyring, cookie or "", now)
        await runtime.processor.execute(Command(EndSession(session_id=session_id)))


async def _read_visit_form(request: Request, runtime: IntakeRuntime) -> Form:
    """Raises Invalid, or TooManyError where an address tries too often."""
    address = find_address(request)
    runtime.resources.sign_in_quota.take(address, 1)
    form = await read_form(request)
    await check_visit_form(request, runtime.keyring)
    return form


async def _check_claim(request: Request, runtime: IntakeRuntime, form: Form) -> Proof:
    """What of it is right. Who may not sign in is nobody, and takes as long."""
    name = form.get("name", "").strip().lower()[:60]
    claim = Claim(name, form.get("password", ""), form.get("code", ""))
    account = await mongo.load(runtime.database, Account, name)
    if account and not may_sign_in(runtime, name):
        account = None
    now = await runtime.processor.now()
    cookie = request.cookies.get(name_cookie(request, "device"), "")
    device = find_device(runtime.keyring, cookie, name, now)
    return await runtime.resources.proofs.check(claim, account, now, device)


def may_sign_in(runtime: IntakeRuntime, account_id: str) -> bool:
    with suppress(Unauthenticated):
        credential = runtime.keyring.require_credential(account_id)
        return not credential.roles.isdisjoint(SIGNS_IN)
    return False


def render_sign_in(
    request: Request,
    runtime: IntakeRuntime,
    back: str,
    name: str = "",
    refused: Answer | None = None,
    done: str = "",
) -> Response:
    return PAGES.render_with_script(
        request,
        "sign_in.html",
        status=refused.status if refused else 200,
        problems=refused.body["problems"] if refused else (),
        done=DONE_TEXTS.get(done),
        is_out=done == "out",
        name=name,
        back=back,
        asks_code=runtime.settings.second_factor,
        password_path=PASSWORD_PATH,
        organisation_path=ORGANISATION_PATH if runtime.resources.organisation else "",
    )


# --- changing a password --------------------------------------------------------------------------


@router.get(PASSWORD_PATH)
async def show_change(request: Request, runtime: IntakeRuntimeDep) -> Response:
    return _render_change(request, runtime)


@router.post(PASSWORD_PATH)
async def change_password(request: Request, runtime: IntakeRuntimeDep) -> Response:
    """Who he is, he proves again, so a browser that was left open changes nothing."""
    form = await _read_visit_form(request, runtime)
    name = form.get("name", "").strip().lower()[:60]
    try:
        check_new_password(name, form.get("new_password", ""), form.get("password_again", ""))
    except Invalid as invalid:
        return _render_change(request, runtime, name, refuse(422, *invalid.problems))
    proof = await _check_claim(request, runtime, form)
    hashed = await runtime.resources.proofs.hash_password(form["new_password"])
    command = Command(ChangePassword(proof=proof, password_hash=hashed))
    answer = await runtime.processor.execute(command)
    if answer.status != 200:
        return _render_change(request, runtime, name, answer)
    return RedirectResponse(f"{SIGN_IN_PATH}?done=changed", status_code=303)


def _render_change(
    request: Request, runtime: IntakeRuntime, name: str = "", refused: Answer | None = None
) -> Response:
    return PAGES.render_for(
        request,
        "password.html",
        status=refused.status if refused else 200,
        problems=refused.body["problems"] if refused else (),
        name=name,
        asks_code=runtime.settings.second_factor,
        password_path=PASSWORD_PATH,
    )


# --- invitations ----------------------------------------------------------------------------------


@router.get(INVITATION_PATH)
async def show_invitation(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    invitation = await open_invitation(runtime, token)
    if invitation is None:
        return render_invitation_over(request)
    secret, sealed = runtime.resources.proofs.make_enrolment(invitation.subject)
    return _render_invitation(request, runtime, invitation, secret, sealed)


@router.post(INVITATION_PATH)
async def enrol(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """Sets the password and, proven by a code of it, the second factor."""
    form = await _read_visit_form(request, runtime)
    invitation = await open_invitation(runtime, token)
    if invitation is None:
        return render_invitation_over(request)
    id_, proofs = invitation.subject, runtime.resources.proofs
    secret = proofs.open_enrolment(id_, form.get("enrolment", ""))
    try:
        check_new_password(id_, form.get("new_password", ""), form.get("password_again", ""))
        step = await _check_first_code(runtime, secret, form.get("code", ""))
    except Invalid as invalid:
        sealed = proofs.seal_enrolment(id_, secret)
        refused = refuse(422, *invalid.problems)
        return _render_invitation(request, runtime, invitation, secret, sealed, refused)
    answer = await runtime.processor.execute(
        Command(
            EnrolAccount(
                account_id=id_,
                invited_ms=invitation.made_ms,
                password_hash=await proofs.hash_password(form["new_password"]),
                totp=proofs.seal_totp(id_, secret) if step else b"",
                # The code of now signs him in at once.
                totp_step=max(step - 1, 0),
            )
        )
    )
    if answer.status != 201:
        return render_invitation_over(request)
    return RedirectResponse(f"{SIGN_IN_PATH}?done=enrolled", status_code=303)


async def open_invitation(runtime: IntakeRuntime, token: str) -> LinkToken | None:
    """None where it is forged, over or used up, or its credential has ended."""
    now = await runtime.processor.now()
    with suppress(Unauthenticated):
        invitation = runtime.keyring.open_link(INVITATION, token, now)
        account = await mongo.load(runtime.database, Account, invitation.subject)
        is_used = account is not None and not account.is_invited_again(invitation.made_ms)
        if not is_used and may_sign_in(runtime, invitation.subject):
            return invitation
    return None


async def _check_first_code(runtime: IntakeRuntime, secret: str, code: str) -> int:
    """The step of the code, or 0 where none is asked for. Raises Invalid."""
    if not runtime.settings.second_factor:
        return 0
    step = find_code_step(secret, code, await runtime.processor.now())
    if not step:
        raise CODE_WRONG.invalid("code")
    return step


def _render_invitation(
    request: Request,
    runtime: IntakeRuntime,
    invitation: LinkToken,
    secret: str,
    sealed: str,
    refused: Answer | None = None,
) -> Response:
    uri = format_totp_uri(invitation.subject, secret)
    ends_at = datetime.fromtimestamp(invitation.expires_s, CHINA)
    return PAGES.render_for(
        request,
        "invitation.html",
        status=refused.status if refused else 200,
        problems=refused.body["problems"] if refused else (),
        name=invitation.subject,
        ends_at=ends_at,
        asks_code=runtime.settings.second_factor,
        has_organisation=runtime.resources.organisation is not None,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        enrolment=sealed,
        qr_svg=segno.make(uri, error="m").svg_inline(scale=5, dark="#000", light="#fff"),
    )


def render_invitation_over(request: Request) -> Response:
    return PAGES.render_for(request, "invitation_over.html", status=410)
