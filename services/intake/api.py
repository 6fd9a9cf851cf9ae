"""HTTP for channels, collectors, approvers and our own services: parse, decide, answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import Field, ValidationError

from services.intake import store, views
from services.intake.model import (
    ApproveRequest,
    DeclineRequest,
    ErasePerson,
    Request,
    RequestState,
    WithdrawRequest,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.rules import LEVELS, problems_of
from shared import mongo
from shared.contracts.events import ApprovalLevel, RequestSubmitted
from shared.contracts.values import Channel, Identifier, ShortText, Value
from shared.errors import Invalid
from shared.messaging.decision import Command, refusal
from shared.security import STAFF, Credential, Role
from shared.validation import describe_validation
from shared.web.access import Denied, IdempotencyKey, allow, answer_to
from shared.web.batches import Row, answer_rows

router = APIRouter()

APPROVERS: dict[Role, tuple[ApprovalLevel, ...]] = {
    Role.APPROVER_VILLAGE: LEVELS[:1],
    Role.APPROVER_TOWN: LEVELS[:2],
    Role.APPROVER_CITY: LEVELS,
}
CASE_WORKERS = frozenset({Role.COLLECTOR, *APPROVERS})
BATCH_MAX = 200

Submitter = Annotated[
    Credential, Depends(allow(Role.CHANNEL, Role.COLLECTOR, Role.OPERATOR, *APPROVERS))
]
Reader = Annotated[Credential, Depends(allow(Role.CHANNEL, *STAFF))]
Staff = Annotated[Credential, Depends(allow(*STAFF))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]
Operator = Annotated[Credential, Depends(allow(Role.OPERATOR))]
OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]

UNKNOWN = refusal(404, "unknown_request", "没有这个诉求编号", "no such request", "request_id")


class BatchRow(Value):
    """request: as in `POST /requests`; checked row by row, so that one does not hold the others."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    request: dict[str, Any]


class Declining(Value):
    reason: ShortText


class ContactsAsked(Value):
    purpose: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    person_ids: Annotated[tuple[Identifier, ...], Field(max_length=500)]


# --- submitting -------------------------------------------------------------------------------


@router.post("/requests", status_code=201)
async def submit(
    asked: RequestSubmitted, caller: Submitter, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """The durable decision: opened, waiting for an approval, or a duplicate."""
    return await answer_to(runtime, caller, _collected(asked, caller), key)


@router.post("/requests/batch")
async def submit_batch(
    rows: Annotated[list[BatchRow], Field(max_length=BATCH_MAX)],
    caller: Submitter,
    runtime: IntakeRuntimeDep,
) -> dict[str, Any]:
    """Each row's own answer, in order; good rows do not wait for bad ones."""
    return await answer_rows(runtime.processor, [_make_row(row, caller, runtime) for row in rows])


def _make_row(row: BatchRow, caller: Credential, runtime: IntakeRuntime) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    try:
        request = _checked(row, caller, runtime)
    except Invalid as invalid:
        return Row(identity, invalid)
    except Denied as denied:
        return Row(identity, denied.answer)
    key = f"{caller.speaks_as}|{row.idempotency_key}"
    return Row(identity, Command(request, key=key, principal=caller.id))


def _checked(row: BatchRow, caller: Credential, runtime: IntakeRuntime) -> RequestSubmitted:
    """Raises Invalid or Denied."""
    try:
        asked = RequestSubmitted.model_validate(row.request)
    except ValidationError as error:
        raise Invalid(*describe_validation(error)) from None
    if problems := problems_of(runtime.resources.rules, asked):
        raise Invalid(*problems)
    return _collected(asked, caller)


def _collected(asked: RequestSubmitted, caller: Credential) -> RequestSubmitted:
    """In the caller's area, and in the name of the collector who brings it. Raises Denied."""
    if not caller.sees(asked.area.town_code, asked.area.village_code):
        raise Denied(
            refusal(403, "not_your_area", "不在您的辖区", "not in your area", "area.town_code")
        )
    if Role.COLLECTOR in caller.roles:  # whoever records answers for it, and nobody else
        return asked.model_copy(update={"collector_id": caller.id})
    return asked


# --- reading ----------------------------------------------------------------------------------


@router.get("/requests/{request_id}")
async def read_request(
    request_id: Identifier, caller: Reader, runtime: IntakeRuntimeDep
) -> dict[str, Any]:
    """A channel sees its own, staff their area; who works on the case reads the text too."""
    request = await mongo.load(runtime.database, Request, request_id)
    if request is None or not _may_see(request, caller):
        raise Denied(UNKNOWN)
    view = views.request_view(request)
    return view | await _personal(request, caller, runtime)


async def _personal(request: Request, caller: Credential, runtime: IntakeRuntime) -> dict[str, Any]:
    if not caller.roles & CASE_WORKERS:
        return {}
    persons = await store.find_persons(runtime.database, [request.person_id])
    person = persons.get(request.person_id)
    if person is None:
        return {}
    at = await runtime.processor.now()
    await store.log_access(runtime.database, caller.id, "read_request", [person.id], at)
    return views.personal_view(runtime.resources.vault, request, person)


def _may_see(request: Request, caller: Credential) -> bool:
    if not caller.roles & STAFF:
        return request.source == caller.speaks_as
    return caller.sees(request.area.town_code, request.area.village_code)


@router.get("/requests")
async def list_requests(
    caller: Staff,
    runtime: IntakeRuntimeDep,
    state: RequestState | None = None,
    channel: Channel | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """One page by id; `next` is the `after` of the following one, null at the end."""
    query = store.seen_by(caller)
    query |= {"state": state.value} if state else {}
    query |= {"channel": channel.value} if channel else {}
    found = await store.list_requests(runtime.database, query, after, limit)
    following = found[-1].id if len(found) == limit else None
    return {"requests": [views.request_view(r) for r in found], "next": following}


@router.get("/summary")
async def summary(caller: Staff, runtime: IntakeRuntimeDep) -> dict[str, Any]:
    """Of the caller's area."""
    counts = await store.count_by_state_and_channel(runtime.database, store.seen_by(caller))
    return views.summary_view(counts)


# --- judging ----------------------------------------------------------------------------------


@router.post("/requests/{request_id}/approve")
async def approve(
    request_id: Identifier, caller: Approver, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    command = ApproveRequest(
        request_id=request_id, levels=_levels(caller), area=caller.area, approver_id=caller.id
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/decline")
async def decline(
    request_id: Identifier,
    said: Declining,
    caller: Approver,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """The reason goes out with the event: no personal data in it."""
    command = DeclineRequest(
        request_id=request_id,
        levels=_levels(caller),
        area=caller.area,
        approver_id=caller.id,
        reason=said.reason,
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/withdraw")
async def withdraw(
    request_id: Identifier, caller: Submitter, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    staff = bool(caller.roles & STAFF)
    command = WithdrawRequest(
        request_id=request_id,
        source="" if staff else caller.speaks_as,
        area=caller.area,
    )
    return await answer_to(runtime, caller, command, key)


def _levels(caller: Credential) -> tuple[ApprovalLevel, ...]:
    allowed = {level for role in caller.roles for level in APPROVERS.get(role, ())}
    return tuple(level for level in LEVELS if level in allowed)


# --- persons ----------------------------------------------------------------------------------


@router.post("/persons/{person_id}/erase")
async def erase(
    person_id: Identifier, caller: Operator, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """Drops the keys of everything personal; ids and figures stay as they are."""
    return await answer_to(runtime, caller, ErasePerson(person_id=person_id), key)


@router.post("/internal/contacts")
async def contacts(
    asked: ContactsAsked, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, Any]:
    """For the moment of sending: nobody keeps the answer, and every look is logged first."""
    at = await runtime.processor.now()
    await store.log_access(runtime.database, caller.id, asked.purpose, asked.person_ids, at)
    persons = await store.find_persons(runtime.database, asked.person_ids)
    vault = runtime.resources.vault
    return {
        "contacts": [views.contact_view(vault, id_, persons.get(id_)) for id_ in asked.person_ids]
    }


@router.post("/internal/names")
async def names(
    asked: ContactsAsked, caller: OwnService, runtime: IntakeRuntimeDep
) -> dict[str, Any]:
    """Of donors who consent that it is shown; logged like a contact, and apart from it."""
    at = await runtime.processor.now()
    await store.log_access(runtime.database, caller.id, asked.purpose, asked.person_ids, at)
    persons = await store.find_persons(runtime.database, asked.person_ids)
    vault = runtime.resources.vault
    return {"names": [views.name_view(vault, id_, persons.get(id_)) for id_ in asked.person_ids]}
