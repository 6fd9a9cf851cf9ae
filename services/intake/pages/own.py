"""我的资料: behind his link the person reads, corrects and erases what is held of him.

A link may have leaked, so it opens none of this alone: a code of the page has to come back from the
phone or account that is his own, by SMS or WeChat. It stands in forms, never in an address.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import orjson
from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from services.intake import erasures, model, store
from services.intake.channels.text import BINDING_DIGITS
from services.intake.erasures import Erasure
from services.intake.messages import ERASURE_UNREAD, PERSON_UNKNOWN
from services.intake.model import WEB_SOURCE, ContactPoint, Person, SettleMessage
from services.intake.model.preference import Preference
from services.intake.own import proofs
from services.intake.own.contacts import find_address, find_contact_refusal
from services.intake.own.messages import (
    CONTACTS_SEVERAL,
    ERASURE_WHILE_HELP_COMES,
    OWN_CORRECTION_EMPTY,
    OWN_CORRECTIONS_MANY,
    PROOF_AWAITED,
    PROOF_OVER,
)
from services.intake.own.phones import load_reached
from services.intake.pages.applicant_links import load_request
from services.intake.pages.persons import STAGES
from services.intake.pages.preferences import read_preference
from services.intake.pages.rows import STATES
from services.intake.person_views import describe_export
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.sent_messages import list_sent_messages
from services.intake.vault.messages import Inbound, derive_message_id, seal_message
from services.intake.vault.persons import derive_proof_id, open_contact
from shared import mongo
from shared.contracts.links import REQUEST
from shared.contracts.values import Channel
from shared.errors import Problem
from shared.ids import make_id
from shared.messaging.decision import Command
from shared.phones import parse_mobile
from shared.scope import Scope
from shared.text import clean_text
from shared.web.access import Denied, Router, respond
from shared.web.forms import Form, read_form
from shared.web.links import LinkRoute, Token
from shared.web.pages import HEADERS, Pages
from shared.web.preferences import list_channels, list_languages

router = Router(route_class=LinkRoute)
PAGES = Pages("services.intake")
OWN = "own"
NO_PREFERENCE = Preference()
LOOKS_MAX = 500
LINE_MAX = 200
LINES: Mapping[str, str] = {"name": "姓名", "phone": "手机", "address": "住址", "other": "其他"}


@dataclass(frozen=True, slots=True)
class Proven:
    """Who is certainly he, as far as a phone can say it.

    proof_id: of the code; point_id: of what it came back from.
    """

    request: model.Request
    person: Person
    code: str
    proof_id: str
    point_id: str


# --- proving it -----------------------------------------------------------------------------------


@router.get(REQUEST.route(OWN))
async def show_own_data(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    await load_request(request, runtime, token)
    return render_own(request, token, help_phone=runtime.settings.help_phone)


@router.post(REQUEST.route(OWN, "code"))
async def make_code(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """What he sends from his own phone. Whoever has the link alone gets no further by it."""
    stored = await load_request(request, runtime, token)
    runtime.resources.own_quota.take(stored.id, 1)
    code = f"{secrets.randbelow(10**BINDING_DIGITS):0>{BINDING_DIGITS}}"
    proof_id = derive_proof_id(runtime.resources.vault, code)
    await proofs.save_proof(runtime.database, proof_id, stored.id, await runtime.processor.now())
    return render_own(request, token, code=code, help_phone=runtime.settings.help_phone)


@router.post(REQUEST.route(OWN, "open"))
async def open_own(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """What he may do, once his message has come; before, the code again."""
    form = await read_form(request)
    proven = await _find_proven(request, runtime, token, form)
    if proven is None:
        return render_own(
            request,
            token,
            status=422,
            code=_read_code(form),
            problems=[PROOF_AWAITED.problem("code")],
            help_phone=runtime.settings.help_phone,
        )
    return await _render_open(request, runtime, token, proven)


async def _find_proven(
    request: Request, runtime: IntakeRuntime, token: str, form: Form
) -> Proven | None:
    """None: his message has not come yet. Raises Unauthenticated, Denied or TooManyError."""
    stored = await load_request(request, runtime, token)
    runtime.resources.own_quota.take(stored.id, 1)
    vault, database = runtime.resources.vault, runtime.database
    proof_id = derive_proof_id(vault, _read_code(form))
    now = await runtime.processor.now()
    point_id = await proofs.find_proof(database, proof_id, stored.id, now)
    if point_id is None:
        raise Denied(PROOF_OVER.refusal(403, "code"))
    if not point_id:
        return None
    person = await mongo.load(database, Person, stored.person_id)
    if person is None or person.erased:
        raise Denied(PERSON_UNKNOWN.refusal(404))
    points = await mongo.find(database, ContactPoint, {"_id": {"$in": list(person.points)}})
    by_id = {each.id: each for each in points}
    reached = await load_reached(database, point_id)
    refusal = find_contact_refusal(vault, person, by_id, point_id, reached)
    if refusal:
        raise Denied(refusal.refusal(403, phone=runtime.settings.help_phone))
    return Proven(stored, person, _read_code(form), proof_id, point_id)


async def _require_proven(
    request: Request, runtime: IntakeRuntime, token: str, form: Form
) -> Proven:
    proven = await _find_proven(request, runtime, token, form)
    if proven is None:
        raise Denied(PROOF_AWAITED.refusal(403, "code"))
    return proven


def _read_code(form: Form) -> str:
    code = form.get("code", "")
    return code if len(code) == BINDING_DIGITS and code.isdecimal() else ""


# --- reading and correcting -----------------------------------------------------------------------


@router.post(REQUEST.route(OWN, "export"))
async def export_own(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """All that is held of him, to print or as JSON; that it was opened stands in his log."""
    form = await read_form(request)
    proven = await _require_proven(request, runtime, token, form)
    person, database = proven.person, runtime.database
    now = await runtime.processor.now()
    await proofs.log_own_look(database, proven.request.id, [person.id], now)
    requests = await store.list_requests_of(database, [person.id])
    looks = await store.VAULT_LOOKS.find_latest(database, person.id, LOOKS_MAX)
    sent = await list_sent_messages(runtime, person, Scope())
    content = describe_export(runtime.resources.vault, person, requests, looks, sent)
    if form.get("form") == "json":
        name = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        body = orjson.dumps(content, option=orjson.OPT_INDENT_2)
        return Response(body, media_type="application/json", headers={**HEADERS, **name})
    path = REQUEST.path(token)
    return PAGES.render(
        request, "person_export.html", person=content, stages=STAGES, states=STATES, path=path
    )


@router.post(REQUEST.route(OWN, "correct"))
async def correct_own(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """A message to the office that knows him: a name or a phone is changed by whoever has checked
    it. Raises Invalid."""
    form = await read_form(request)
    proven = await _require_proven(request, runtime, token, form)
    lines = read_correction(form)
    if not lines:
        raise OWN_CORRECTION_EMPTY.invalid("name")
    number = await proofs.take_correction(runtime.database, proven.proof_id)
    if number is None:
        phone = runtime.settings.help_phone
        raise Denied(OWN_CORRECTIONS_MANY.refusal(429, phone=phone))
    await _send_correction(runtime, proven, format_correction(proven.request.id, lines), number)
    return await _render_open(request, runtime, token, proven, done="correct")


def read_correction(form: Form) -> dict[str, str]:
    """What is to be changed, by the name of its line. Raises Invalid."""
    lines = {name: clean_text(form.get(name, ""))[:LINE_MAX] for name in LINES}
    if lines["phone"]:
        lines["phone"] = parse_mobile(lines["phone"], "phone")
    return {name: line for name, line in lines.items() if line}


def format_correction(request_id: str, lines: Mapping[str, str]) -> str:
    """As it stands in the inbox."""
    wanted = "；".join(f"{LINES[name]}改为“{line}”" for name, line in lines.items())
    unproven = "。新手机还没有验证，请先打通并核实再更正" if "phone" in lines else ""
    proven = f"已用本人手机或微信验证，求助编号 {request_id}"
    return f"本人在网页上要求更正资料（{proven}）：{wanted}{unproven}。"


async def _send_correction(runtime: IntakeRuntime, proven: Proven, text: str, number: int) -> None:
    vault, request = runtime.resources.vault, proven.request
    address = find_address(vault, open_contact(vault, proven.person), proven.point_id)
    if address is None:
        raise Denied(CONTACTS_SEVERAL.refusal(403, phone=runtime.settings.help_phone))
    inbound = Inbound(
        text=text,
        message_id=f"{proven.proof_id}/{number}",
        source=WEB_SOURCE,
        channel=Channel.WEB,
        phone=address.phone,
        openid=address.openid,
    )
    keep = seal_message(vault, inbound, request.area.town_code)
    settle = SettleMessage(
        message_id=derive_message_id(vault, inbound),
        point_id=keep.point_id,
        reading="unknown",
        state="unread",
    )
    for data in (keep, settle):
        await runtime.processor.execute(Command(data, principal=f"link:{request.id}"))


# --- how he is told -------------------------------------------------------------------------------


@router.post(REQUEST.route(OWN, "preference"))
async def submit_own_preference(
    token: Token, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Raises Invalid."""
    form = await read_form(request)
    proven = await _require_proven(request, runtime, token, form)
    data = read_preference(proven.person.id, form)
    principal = f"link:{proven.request.id}"
    answer = await runtime.processor.execute(Command(data, principal=principal))
    if answer.status >= 400:
        return respond(answer)
    person = await mongo.load(runtime.database, Person, proven.person.id)
    proven = replace(proven, person=person or proven.person)
    return await _render_open(request, runtime, token, proven, done="preference")


# --- erasing --------------------------------------------------------------------------------------


@router.post(REQUEST.route(OWN, "erase"))
async def erase_own(token: Token, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """Once, after he has read what it does, and not while help is coming to him."""
    form = await read_form(request)
    proven = await _require_proven(request, runtime, token, form)
    person_id, phone = proven.person.id, runtime.settings.help_phone
    if form.get("read") != "yes":
        raise ERASURE_UNREAD.invalid("read")
    if await _is_help_coming(runtime, person_id):
        raise Denied(ERASURE_WHILE_HELP_COMES.refusal(409, phone=phone))
    if not await proofs.use_up(runtime.database, proven.proof_id):
        raise Denied(PROOF_OVER.refusal(403, "code"))
    key = f"link|{proven.request.id}/erase/{proven.proof_id}"
    erasure = Erasure(make_id("E", key), person_id=person_id)
    principal = f"link:{proven.request.id}"
    answer = await erasures.carry_out_erasure(runtime, erasure, principal=principal, key=key)
    return render_erased(request, phone) if answer.status < 400 else respond(answer)


def is_help_coming(requests: Iterable[model.Request]) -> bool:
    """Promised or on its way, or brought and not yet confirmed."""
    return any(
        portion.stage in ("committed", "delivered")
        for request in requests
        for portion in request.matches.values()
    )


async def _is_help_coming(runtime: IntakeRuntime, person_id: str) -> bool:
    return is_help_coming(await store.list_requests_of(runtime.database, [person_id]))


# --- rendering ------------------------------------------------------------------------------------


async def _render_open(
    request: Request, runtime: IntakeRuntime, token: str, proven: Proven, done: str = ""
) -> HTMLResponse:
    return render_own(
        request,
        token,
        code=proven.code,
        is_open=True,
        help_comes=await _is_help_coming(runtime, proven.person.id),
        is_recorded_elsewhere=bool(proven.person.joined),
        preference=proven.person.preference,
        done=done,
        help_phone=runtime.settings.help_phone,
    )


def render_own(
    request: Request,
    token: str,
    *,
    help_phone: str,
    code: str = "",
    is_open: bool = False,
    help_comes: bool = False,
    is_recorded_elsewhere: bool = False,
    preference: Preference = NO_PREFERENCE,
    done: str = "",
    problems: Iterable[Problem] = (),
    status: int = 200,
) -> HTMLResponse:
    """Nothing personal stands on it: that is opened by a button, and logged."""
    return PAGES.render(
        request,
        "own.html",
        status=status,
        code=code,
        is_open=is_open,
        help_comes=help_comes,
        is_recorded_elsewhere=is_recorded_elsewhere,
        channels=list_channels(preference.channel),
        languages=list_languages(preference.language),
        done=done,
        problems=[problem.as_dict() for problem in problems],
        help_phone=help_phone,
        path=REQUEST.path(token, OWN),
        back=REQUEST.path(token),
        minutes=int(proofs.PROOF_TTL.total_seconds()) // 60,
        line_max=LINE_MAX,
    )


def render_erased(request: Request, help_phone: str) -> HTMLResponse:
    return PAGES.render(request, "own_erased.html", help_phone=help_phone)
