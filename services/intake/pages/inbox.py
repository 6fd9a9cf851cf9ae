"""The inbox of an office: what people wrote that no rule understood, and what staff make of it."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated

import orjson
from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from services.intake import model as intake
from services.intake.api import messages
from services.intake.api.attachments import Size
from services.intake.api.conversations import (
    describe_conversation,
    list_beside,
    list_conversations,
    load_conversation,
)
from services.intake.api.judgement import judge_text
from services.intake.api.message_files import list_message_files, send_message_file
from services.intake.api.message_targets import find_senders, list_deliveries
from services.intake.api.messages import MessageHandling, MessageRequest
from services.intake.api.people import Hit
from services.intake.api.requests import CASE_WORKERS
from services.intake.conversations import Wish, WrittenLine, read_wish
from services.intake.judgement import Judgement
from services.intake.messages import (
    DELIVERIES_SEVERAL,
    NONE_TICKED,
    NOTE_NUMBERED,
    REFERENCE_SEVERAL,
)
from services.intake.model import Contacted, RequestState
from services.intake.pages.entry import read_entry
from services.intake.pages.rows import STATES
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.persons import open_contact
from services.intake.vault.sealing import Vault
from services.intake.worklist import find_by_reference
from shared.contracts.values import BeneficiaryClass, Category, Identifier, Kind
from shared.dates import name_day
from shared.documents import Document
from shared.errors import Invalid, Problem, refuse
from shared.messaging.decision import Answer
from shared.references import format_reference
from shared.scope import OutOfScope
from shared.security import Credential
from shared.towns import is_city_wide, load_towns
from shared.validation import describe_validation
from shared.web.access import Denied, allow, find_scope
from shared.web.forms import FORM_KEY, Form, make_form_key, read_form
from shared.web.pages import Pages, format_quantity
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
INBOX_PATH = "/inbox"
MESSAGE_PATH = f"{INBOX_PATH}/{{message_id}}"
ROWS = 25
LINE_MAX = 300
TICK = "read-"
"""Before the id of a message in the name of its box."""

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]

HANDLINGS: Mapping[str, tuple[str, str]] = {
    "nothing": ("无需处理", "nothing to do"),
    "note": ("作为某件诉求的备注", "a note on a request"),
    "answer": ("作为收货答复", "an answer to whether help arrived"),
    "opt_out": ("对方不要再收通知", "no more notices"),
    "opt_in": ("对方要恢复通知", "notices again"),
}
CONTACTED: Mapping[Contacted, tuple[str, str]] = {
    "called": ("打通了电话", "by phone"),
    "met": ("见到了本人", "in person"),
    "passed_on": ("已交110、120或119处理", "110, 120 or 119 see to it"),
}
FILE_KINDS: Mapping[str, tuple[str, str]] = {"other": ("随来信", "with the message")}
DELIVERED = ("已送达，等待答复", "delivered, waits for an answer")
OPEN_STATES = frozenset(
    {
        RequestState.RECORDED,
        RequestState.RETURNED,
        RequestState.REFERRED,
        RequestState.BUDGETED,
        RequestState.OPEN,
    }
)
SEVERAL = frozenset({REFERENCE_SEVERAL.code, DELIVERIES_SEVERAL.code})
PERSONS = "/desk/persons"
MEANINGS: Mapping[str, tuple[str, str]] = {
    "received": ("收到了", "it arrived"),
    "not_received": ("没有收到", "it did not arrive"),
}


@router.get(INBOX_PATH)
async def show_inbox(
    caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep, after: str = ""
) -> Response:
    """The urgent first, then what waits the longest. Who works for a village has none."""
    find_scope(caller)
    try:
        page = await list_conversations(runtime, caller, after[:200], ROWS)
    except OutOfScope:
        page = {"conversations": [], "next": None, "total": 0, "urgent": 0}
    return PAGES.render_for(request, "inbox.html", page=page, is_first=not after)


@router.get(MESSAGE_PATH)
async def show_message(
    message_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    find_scope(caller)
    return await _render(request, runtime, caller, message_id)


async def _render(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    message_id: str,
    act: str = "",
    form: Form | None = None,
    answer: Answer | None = None,
) -> Response:
    """act, form, answer: what was refused, to be shown where it was typed."""
    together = await load_conversation(runtime, caller, message_id)
    rows = await describe_conversation(runtime, caller, together)
    files = await list_message_files(runtime, together)
    lines = [_make_line(*each) for each in zip(together, rows, strict=True)]
    judgement = await judge_text(runtime, "\n".join(row.get("text") or "" for row in rows))
    senders = await find_senders(runtime, caller, together[0])
    wish = await asyncio.to_thread(read_wish, lines)
    suggested = _suggest(rows[0]["town_code"], judgement, wish)
    problems = list(answer.body.get("problems", ())) if answer else []
    typed = form or suggested.values
    targets = list_targets(r for hit in senders for r in hit.requests if r.state in OPEN_STATES)
    if form and any(problem["code"] in SEVERAL for problem in problems):
        targets = await _list_several(runtime, caller, form)
        typed = {
            name: text for name, text in form.items() if name not in ("request_id", "match_id")
        }
    return PAGES.render_for(
        request,
        "message.html",
        status=answer.status if answer else 200,
        message=next(row for row in rows if row["message_id"] == message_id),
        conversation=rows,
        is_urgent=any(row["urgent"] for row in rows),
        beside=await list_beside(runtime, caller, together),
        files=files,
        file_kinds=FILE_KINDS,
        checks=bool(runtime.settings.clamd),
        path=MESSAGE_PATH.format(message_id=message_id),
        act=act,
        typed=typed,
        ticked=_list_ticked(form) if form else {row["message_id"] for row in rows},
        words=suggested.words,
        besides=suggested.besides,
        senders=[describe_sender(runtime.resources.vault, hit) for hit in senders],
        targets=targets,
        judgement=judgement,
        kinds=tuple(Kind),
        problems=problems,
        form_key=make_form_key(),
        handlings=HANDLINGS,
        meanings=MEANINGS,
        contacted=CONTACTED,
        categories=tuple(Category),
        classes=tuple(BeneficiaryClass),
        towns=load_towns(),
    )


def _make_line(message: intake.Message, row: Document) -> WrittenLine:
    text = (row.get("text") or "")[:LINE_MAX]
    label = (row.get("place") or {}).get("label", "")
    return WrittenLine(text, label, message.answer, is_recorded=message.reading == "request")


def _list_ticked(form: Form) -> set[str]:
    """The messages that are handled together: each has a field of its own."""
    return {name.removeprefix(TICK) for name in form if name.startswith(TICK)}


def describe_sender(vault: Vault, hit: Hit) -> dict[str, str]:
    """Of whom the phone or the account is."""
    return {
        "name": open_contact(vault, hit.person).name or "",
        "path": f"{PERSONS}/{hit.person.id}",
    }


def list_targets(requests: Iterable[intake.Request]) -> dict[str, tuple[str, str]]:
    """What a message may be about, by the id of the match or the case: in both languages."""
    targets: dict[str, tuple[str, str]] = {}
    for request in requests:
        for match_id in list_deliveries(request):
            targets[match_id] = _name_target(request, DELIVERED)
        targets[request.id] = _name_target(request, STATES[request.state])
    return targets


def _name_target(request: intake.Request, state: tuple[str, str]) -> tuple[str, str]:
    need, days = request.need, name_day(request.recorded_at)
    reference = format_reference(request.id)
    zh = format_quantity("zh", need.quantity, need.unit, need.item)
    en = format_quantity("en", need.quantity, need.unit, need.item)
    return (
        f"{reference} · {zh} · {state[0]} · {days[0]}",
        f"{reference} · {en} · {state[1]} · {days[1]}",
    )


async def _list_several(
    runtime: IntakeRuntime, caller: Credential, form: Form
) -> dict[str, tuple[str, str]]:
    """The cases with the six signs, or the deliveries of the case, that were typed."""
    typed = _find_typed(form)
    requests = await find_by_reference(runtime.database, find_scope(caller), typed)
    return list_targets(requests)


def _find_typed(form: Form) -> str:
    """What is typed goes before what is chosen."""
    return form.get("request_id", "").strip() or form.get("target", "")


@router.get(f"{MESSAGE_PATH}/files/{{attachment_id}}")
async def show_message_file(
    message_id: Identifier,
    attachment_id: Identifier,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    size: Size = "full",
) -> Response:
    scope, small = find_scope(caller), size == "small"
    return await send_message_file(runtime, caller, scope, message_id, attachment_id, small=small)


def _suggest(town_code: str, judgement: Judgement, wish: Wish) -> Wish:
    """The form as it is suggested, with the words; whoever sends it has looked at it. What rules
    read goes before what is guessed, and the office that has the message before both."""
    guesses = {
        "category": judgement.category,
        "class": judgement.beneficiary_class,
        "kind": judgement.kind,
        "town": judgement.town,
    }
    guessed = {name: guess for name, guess in guesses.items() if guess}
    values = {name: guess.label for name, guess in guessed.items()} | wish.values
    words = {name: "、".join(guess.phrases) for name, guess in guessed.items()} | wish.words
    if not is_city_wide(town_code) and values.get("town") != town_code:
        values["town"] = town_code
        for name, fields in (("town", words), ("village", words), ("village", values)):
            fields.pop(name, None)
    values |= {"urgent": "1"} if judgement.is_urgent else {}
    return Wish(values, words, wish.besides)


@router.post(f"{MESSAGE_PATH}/request")
async def submit_message_request(
    message_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """It becomes a request, whose page follows."""
    form = await read_form(request)
    try:
        first, also = _find_read(form, message_id)
        entry = read_entry(form).request
        body = MessageRequest(
            kind=next((each for each in Kind if each == form.get("kind")), Kind.WISH),
            urgent="urgent" in form,
            category=entry.category,
            beneficiary_class=entry.beneficiary_class,
            need=entry.need,
            area=entry.area,
            name=entry.applicant.name,
            applicant=entry.applicant if entry.applicant.phone else None,
            contacted=next((each for each in CONTACTED if each == form.get("contacted")), None),
            reason=form.get("reason", ""),
            also=also,
        )
        key = _find_key(form)
        response = await messages.make_request(first, body, caller, runtime, key)
    except (Invalid, ValidationError, Denied) as error:
        answer = _describe(error)
    else:
        answer = _parse(response)
    if answer.status < 400:
        request_id = answer.body.get("request_id")
        path = f"/cases/{request_id}?done=recorded" if request_id else INBOX_PATH
        return RedirectResponse(path, status_code=303)
    return await _render(request, runtime, caller, message_id, "request", form, answer)


@router.post(f"{MESSAGE_PATH}/handle")
async def submit_handling(
    message_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    form = await read_form(request)
    fields = ("handling", "reason", "request_id", "match_id", "meaning", "contacted")
    try:
        values = {each: form[each].strip() for each in fields if each in form}
        if typed := _find_typed(form):
            values["request_id"] = typed
        first, also = _find_read(form, message_id)
        body = MessageHandling.model_validate(values | {"also": also})
        key = _find_key(form)
        response = await messages.handle_message(first, body, caller, runtime, key)
    except (Invalid, ValidationError, Denied) as error:
        answer = _describe(error)
    else:
        answer = _parse(response)
    if answer.status < 400:
        return RedirectResponse(INBOX_PATH, status_code=303)
    return await _render(request, runtime, caller, message_id, "handle", form, answer)


def _find_read(form: Form, message_id: str) -> tuple[str, tuple[str, ...]]:
    """Which messages are handled: one, and what goes along. Raises Invalid where none is ticked."""
    ticked = sorted(_list_ticked(form), key=lambda id_: (id_ != message_id, id_))
    if not ticked and "several" in form:
        raise NONE_TICKED.invalid("read")
    return (ticked[0], tuple(ticked[1:])) if ticked else (message_id, ())


def _find_key(form: Form) -> str:
    return form.get(FORM_KEY, "")[:60] or make_form_key()


def _describe(error: Invalid | ValidationError | Denied) -> Answer:
    if isinstance(error, Denied):
        return error.answer
    if isinstance(error, Invalid):
        return refuse(422, *error.problems)
    problems = describe_validation(error)
    return refuse(422, *(_explain_note(problem) for problem in problems))


def _explain_note(problem: Problem) -> Problem:
    """The pattern of a note says what it takes, not why."""
    is_pattern = (problem.field, problem.code) == ("reason", "string_pattern_mismatch")
    return NOTE_NUMBERED.problem("reason") if is_pattern else problem


def _parse(response: Response) -> Answer:
    body: Document = orjson.loads(bytes(response.body)) if response.body else {}
    return Answer(response.status_code, body)
