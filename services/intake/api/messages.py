"""HTTP for those who read what people wrote: the inbox of an office, and what becomes of it."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import Field

from services.intake import message_views, store
from services.intake.api.message_targets import find_delivery, find_target
from services.intake.api.requests import CASE_WORKERS
from services.intake.messages import (
    ANSWER_INCOMPLETE,
    AREA_FOREIGN,
    MESSAGE_UNKNOWN,
    REACH_MISSING,
    REQUEST_MISSING,
    SENDER_UNREACHABLE,
)
from services.intake.model import (
    READ_TOGETHER_MAX,
    AnswerMeaning,
    Contacted,
    HandleMessage,
    Handling,
    Message,
    MessageState,
    StaffRequest,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.vault.messages import MAINLAND, make_reply, open_message
from shared import mongo
from shared.contracts.events import Applicant, RequestSubmitted
from shared.contracts.values import (
    TEXT_MAX,
    Area,
    BeneficiaryClass,
    Category,
    Identifier,
    Kind,
    Need,
    ShortText,
    TownCode,
    Value,
)
from shared.documents import Document, Json
from shared.messaging.decision import Command
from shared.references import REFERENCE_LENGTH
from shared.scope import Scope
from shared.security import STAFF, Credential
from shared.web.access import Denied, IdempotencyKey, Router, allow, answer_to, find_scope, respond

router = Router()

Staff = Annotated[Credential, Depends(allow(*STAFF))]
CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
# What staff note of it stays with staff; nobody's phone or ID number fits in.
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^(?:\d{0,6}\D)*\d{0,6}$")]
Also = Annotated[tuple[Identifier, ...], Field(max_length=READ_TOGETHER_MAX)]


class MessageRequest(Value):
    """The request that a message is, with `also` what else its sender wrote: every text stands on
    it. The contact is the sender's, unless another is given. contacted: as in `MessageHandling`, of
    an urgent one that can wait now.
    """

    kind: Kind = Kind.WISH
    category: Category
    beneficiary_class: BeneficiaryClass = BeneficiaryClass.GENERAL
    need: Need
    area: Area
    name: ShortText
    applicant: Applicant | None = None
    urgent: bool = False
    contacted: Contacted | None = None
    reason: Reason
    also: Also = ()


class MessageHandling(Value):
    """What a message is, where it is no request of its own.

    answer: to whether help arrived; note: to a request; opt_out, opt_in: of notices. contacted: of
    an urgent one, whatever becomes of it: how its sender was reached. also: as in `MessageRequest`.
    """

    handling: Literal["answer", "note", "opt_out", "opt_in", "nothing"]
    reason: Reason
    request_id: Identifier | None = None
    match_id: Identifier | None = None
    meaning: Literal["received", "not_received"] | None = None
    contacted: Contacted | None = None
    also: Also = ()


# --- reading ----------------------------------------------------------------------------------


@router.get("/messages")
async def list_messages(
    caller: Staff,
    runtime: IntakeRuntimeDep,
    state: MessageState | None = "unread",
    town_code: TownCode | None = None,
    request_id: Identifier | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, object]:
    """The inbox: the urgent first, then the oldest; `next` is the `after` of the following page.

    What was written is read by who works on cases, and every look is stored.
    """
    query = find_scope(caller).build_query(store.MESSAGES)
    if town_code is not None:
        query = {"$and": [query, {"town_code": town_code}]}
    count = await store.count_messages(runtime.database, query, state or "unread")
    query |= {"state": state} if state else {}
    query |= {"request_id": request_id} if request_id else {}
    last = await mongo.load(runtime.database, Message, after) if after else None
    messages = await store.load_messages(runtime.database, query, last, limit)
    contents = await open_messages(runtime, caller, messages)
    rows = [
        message_views.describe_message(message) | contents.get(message.id, {})
        for message in messages
    ]
    following = messages[-1].id if len(messages) == limit else None
    return {"messages": rows, "next": following, **count}


@router.get("/messages/{message_id}")
async def read_message(
    message_id: Identifier, caller: Staff, runtime: IntakeRuntimeDep
) -> dict[str, Json]:
    message = await load_seen_message(runtime, message_id, find_scope(caller))
    contents = await open_messages(runtime, caller, [message])
    return message_views.describe_message(message) | contents.get(message.id, {})


async def load_seen_message(runtime: IntakeRuntime, message_id: str, scope: Scope) -> Message:
    """Raises Denied."""
    message = await mongo.load(runtime.database, Message, message_id)
    if message is None or not scope.sees_place(message.town_code):
        raise Denied(MESSAGE_UNKNOWN.refusal(404, "message_id"))
    return message


async def open_messages(
    runtime: IntakeRuntime, caller: Credential, messages: list[Message]
) -> dict[str, dict[str, object]]:
    if not caller.roles & CASE_WORKERS or not messages:
        return {}
    at = await runtime.processor.now()
    points = sorted({message.point_id for message in messages})
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_message", points, at)
    vault = runtime.resources.vault
    return {message.id: message_views.describe_content(vault, message) for message in messages}


# --- handling ---------------------------------------------------------------------------------


@router.post("/messages/{message_id}/request", status_code=201)
async def make_request(
    message_id: Identifier,
    body: MessageRequest,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """It becomes a request of its sender, which another approves. Sent again, it is the same."""
    scope = find_scope(caller)
    together = await _load_together(runtime, scope, message_id, body.also)
    if not caller.sees(body.area.town_code, body.area.village_code):
        raise Denied(AREA_FOREIGN.refusal(403, "area.town_code"))
    handle = partial(
        _handle,
        runtime,
        caller,
        message_id,
        "request",
        body.reason,
        key,
        also=body.also,
        contacted=body.contacted,
    )
    if not all(each.waits for each in together):
        return await handle(request_id=together[0].request_id)
    if not body.urgent:
        _require_reached(together, body.contacted)
    request = _build_request(runtime, together, body)
    submit = StaffRequest(
        request=request,
        recorded_by=caller.principal,
        met=False,
        classified=True,
        urgent=body.urgent,
    )
    command = Command(
        submit,
        key=f"/messages|{message_id}",
        principal=caller.principal,
        correlation_id=message_id,
    )
    answer = await runtime.processor.execute(command)
    request_id = answer.body.get("request_id")
    if request_id is None:
        return respond(answer)
    handled = await handle(request_id=request_id)
    return respond(answer) if handled.status_code == 200 else handled


async def _load_together(
    runtime: IntakeRuntime, scope: Scope, message_id: str, also: Sequence[str]
) -> list[Message]:
    """The message first. Raises Denied where one is not seen, or another's."""
    first = await load_seen_message(runtime, message_id, scope)
    ids = [id_ for id_ in dict.fromkeys(also) if id_ != message_id]
    others = await mongo.find(runtime.database, Message, {"_id": {"$in": ids}}) if ids else []
    seen = [m for m in others if m.point_id == first.point_id and scope.sees_place(m.town_code)]
    if len(seen) < len(ids):
        raise Denied(MESSAGE_UNKNOWN.refusal(404, "message_id"))
    return [first, *seen]


def _require_reached(messages: Sequence[Message], contacted: Contacted | None) -> None:
    """Raises Invalid. Before anything is done; the decision looks again."""
    if contacted is None and any(message.urgent for message in messages):
        raise REACH_MISSING.invalid("contacted")


def _build_request(
    runtime: IntakeRuntime, messages: Sequence[Message], body: MessageRequest
) -> RequestSubmitted:
    """With all that was written, in the order it came. Raises Invalid where nobody could be told
    what becomes of it."""
    ordered = sorted(messages, key=lambda each: (each.received_at, each.id))
    contents = [open_message(runtime.resources.vault, each) or {} for each in ordered]
    content = next(filter(None, contents), {})
    phone, openid = content.get("phone"), content.get("openid")
    mobile = phone if phone and phone.startswith(MAINLAND) else None
    applicant = body.applicant or (
        Applicant(name=body.name, phone=mobile, wechat_openid=openid) if mobile or openid else None
    )
    if applicant is None:
        raise SENDER_UNREACHABLE.invalid("applicant")
    return RequestSubmitted(
        kind=body.kind,
        category=body.category,
        beneficiary_class=body.beneficiary_class,
        channel=messages[0].channel,
        need=body.need,
        area=body.area,
        applicant=applicant,
        text="\n".join(filter(None, map(_format_line, contents)))[:TEXT_MAX],
    )


def _format_line(content: Document) -> str:
    """What was written, or where the place is that was sent."""
    return str(content.get("text") or (content.get("place") or {}).get("label") or "")


@router.post("/messages/{message_id}/handle")
async def handle_message(
    message_id: Identifier,
    body: MessageHandling,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """An answer, a note on a request, an opt-out or its end, or nothing; with the reason.

    request_id, match_id: also the six signs that notices carry, within the caller's area.
    """
    scope = find_scope(caller)
    together = await _load_together(runtime, scope, message_id, body.also)
    body = await _complete(runtime, scope, body)
    match body.handling:
        case "answer" if not (body.request_id and body.match_id and body.meaning):
            raise ANSWER_INCOMPLETE.invalid("match_id")
        case "note" if not body.request_id:
            raise REQUEST_MISSING.invalid("request_id")
        case "opt_out" | "opt_in" if all(each.waits for each in together):
            _require_reached(together, body.contacted)
            await _switch_notices(runtime, together[0], body.handling, caller)
    return await _handle(
        runtime,
        caller,
        message_id,
        body.handling,
        body.reason,
        key,
        request_id=body.request_id,
        match_id=body.match_id,
        meaning=body.meaning,
        contacted=body.contacted,
        also=body.also,
    )


async def _complete(runtime: IntakeRuntime, scope: Scope, body: MessageHandling) -> MessageHandling:
    """Which case and match are meant. Raises Invalid where several may be."""
    request_id, match_id = await find_target(runtime, scope, body.request_id or body.match_id or "")
    if body.request_id and body.match_id and len(body.match_id) != REFERENCE_LENGTH:
        match_id = body.match_id
    if body.handling == "answer" and request_id and not match_id:
        match_id = await find_delivery(runtime, scope, request_id)
    changes = {"request_id": request_id, "match_id": match_id}
    return body.model_copy(update=changes)


async def _switch_notices(
    runtime: IntakeRuntime, message: Message, handling: str, caller: Credential
) -> None:
    """For the contact point that the message came from."""
    vault = runtime.resources.vault
    content = open_message(vault, message) or {}
    phone, openid = content.get("phone"), content.get("openid")
    meaning: AnswerMeaning = "opted_out" if handling == "opt_out" else "resumed"
    reply_id = vault.derive_id("YS", message.id, meaning)
    reply = make_reply(vault, reply_id, meaning, phone=phone, openid=openid)
    command = Command(reply, principal=caller.principal, correlation_id=message.id)
    await runtime.processor.execute(command)


async def _handle(
    runtime: IntakeRuntime,
    caller: Credential,
    message_id: str,
    handling: Handling,
    reason: str,
    key: str,
    **fields: Any,  # which the command checks
) -> Response:
    command = HandleMessage(
        message_id=message_id,
        handling=handling,
        reason=reason,
        by=caller.principal,
        area=caller.area,
        **fields,
    )
    return await answer_to(runtime, caller, command, key)
