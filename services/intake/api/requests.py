"""HTTP for channels and staff: submitting, reading and withdrawing requests."""

import hashlib
import json
from dataclasses import replace
from typing import Annotated, TypedDict

from fastapi import Depends
from fastapi.responses import Response
from pydantic import Field, ValidationError

from services.intake import person_views, store, views
from services.intake.messages import (
    AREA_FOREIGN,
    REQUEST_UNKNOWN,
    VOUCHING_EMPTY,
)
from services.intake.model import (
    CorrectRequest,
    Request,
    StaffRequest,
    VouchForPerson,
    Vouching,
    WithdrawRequest,
)
from services.intake.model.consent import is_refused
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.rules import LEVELS, find_problems
from services.intake.vault.persons import narrow_person
from services.intake.vault.prepare import derive_request_id
from shared import mongo
from shared.contracts.events import ApprovalLevel, RequestSubmitted
from shared.contracts.values import (
    Identifier,
    Value,
)
from shared.errors import refuse
from shared.messages import FORBIDDEN
from shared.messaging.decision import Answer, Command
from shared.partner_ids import is_partner
from shared.scope import Scope
from shared.security import STAFF, Credential, Role
from shared.validation import describe_validation
from shared.web.access import Denied, IdempotencyKey, Router, allow, answer_to, find_scope
from shared.web.admission import BATCH_BYTES_MAX, takes_bytes
from shared.web.batches import Row, answer_rows

router = Router()

APPROVERS: dict[Role, tuple[ApprovalLevel, ...]] = {
    Role.APPROVER_VILLAGE: LEVELS[:1],
    Role.APPROVER_TOWN: LEVELS[:2],
    Role.APPROVER_CITY: LEVELS,
}
CASE_WORKERS = frozenset({Role.COLLECTOR, *APPROVERS})
BATCH_ROWS_MAX = 200

Submitter = Annotated[
    Credential, Depends(allow(Role.CHANNEL, Role.COLLECTOR, Role.OPERATOR, *APPROVERS))
]
# Who runs the machines ends nobody's request.
Withdrawer = Annotated[Credential, Depends(allow(Role.CHANNEL, Role.COLLECTOR, *APPROVERS))]
Reader = Annotated[Credential, Depends(allow(Role.CHANNEL, *STAFF))]
Staff = Annotated[Credential, Depends(allow(*STAFF))]
CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]


class RequestRow(Value):
    """request: as in `POST /requests`; checked row by row, so that one does not hold the others."""

    idempotency_key: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    request: dict[str, object]


# --- submitting -------------------------------------------------------------------------------


@router.post("/requests", status_code=201)
async def submit_request(
    request: RequestSubmitted, caller: Submitter, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    """The durable decision: opened, waiting for an approval, or a duplicate."""
    refused = check_area(request, caller)
    if refused is not None:
        raise Denied(refused)
    return await answer_to(runtime, caller, name_recorder(request, caller), key)


@router.post("/requests/batch")
@takes_bytes(BATCH_BYTES_MAX)
async def submit_requests(
    rows: Annotated[list[RequestRow], Field(max_length=BATCH_ROWS_MAX)],
    caller: Submitter,
    runtime: IntakeRuntimeDep,
    quiet: bool = False,
) -> dict[str, object]:
    """Each row's own answer, in order; good rows do not wait for bad ones.

    quiet: of a backlog. Nobody is told of these requests before something comes of them; staff
    alone say so.
    """
    if quiet and not caller.roles & STAFF:
        raise Denied(FORBIDDEN.refusal(403))
    parsed = [_parse_row(row, caller, runtime, quiet=quiet) for row in rows]
    return await answer_rows(runtime.processor, parsed)


@router.post("/requests/batch/corrections")
@takes_bytes(BATCH_BYTES_MAX)
async def correct_requests(
    rows: Annotated[list[RequestRow], Field(max_length=BATCH_ROWS_MAX)],
    caller: Submitter,
    runtime: IntakeRuntimeDep,
    quiet: bool = False,
) -> dict[str, object]:
    """Rows whose key was used for other content: each takes the place of the request that the row
    was before, or is refused where that has matches or an end."""
    if quiet and not caller.roles & STAFF:
        raise Denied(FORBIDDEN.refusal(403))
    parsed = [
        make_correction(row, _parse_row(row, caller, runtime, quiet=quiet), caller) for row in rows
    ]
    return await answer_rows(runtime.processor, parsed)


def make_correction(row: RequestRow, parsed: Row, caller: Credential) -> Row:
    """Of the same content it is the same correction, however often it is sent."""
    if not isinstance(parsed.work, Command):
        return parsed
    content = json.dumps(row.request, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    corrects = derive_request_id(caller.speaks_as, row.idempotency_key)
    correction = CorrectRequest(corrects=corrects, request=parsed.work.data)
    key = f"{parsed.work.key}#{digest}"
    return Row(parsed.identity, replace(parsed.work, data=correction, key=key))


def _parse_row(row: RequestRow, caller: Credential, runtime: IntakeRuntime, *, quiet: bool) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    try:
        request = RequestSubmitted.model_validate(row.request)
    except ValidationError as error:
        return Row(identity, refuse(422, *describe_validation(error)))
    problems = find_problems(runtime.resources.rules, request)
    refused = refuse(422, *problems) if problems else check_area(request, caller)
    if refused is not None:
        return Row(identity, refused)
    key = f"{caller.speaks_as}|{row.idempotency_key}"
    command = Command(
        name_recorder(request, caller, quiet=quiet), key=key, principal=caller.principal
    )
    return Row(identity, command)


def check_area(request: RequestSubmitted, caller: Credential) -> Answer | None:
    """Why the caller may not submit it: None where it is in his area."""
    if caller.sees(request.area.town_code, request.area.village_code):
        return None
    return AREA_FOREIGN.refusal(403, "area.town_code")


def name_recorder(request: RequestSubmitted, caller: Credential, *, quiet: bool = False) -> Value:
    """Who records it and, of a collector, answers for it. A channel says it for itself.

    Who works on cases meets the people he records; who runs the machines does not.
    """
    if Role.COLLECTOR in caller.roles:
        request = request.model_copy(update={"collector_id": caller.principal})
    if not caller.roles & STAFF:
        return request
    met = bool(caller.roles & CASE_WORKERS)
    return StaffRequest(request=request, recorded_by=caller.principal, met=met, quiet=quiet)


# --- reading ----------------------------------------------------------------------------------


@router.get("/requests/{request_id}")
async def read_request(
    request_id: Identifier, caller: Reader, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    """A channel sees its own, staff their area; who works on the case reads the text too."""
    request = await load_seen_request(runtime, find_scope(caller), request_id)
    view = views.describe_request(request)
    if is_partner(caller):
        return hide_from_partner(view, request, caller, runtime)
    return view | await _describe_personal(request, caller, runtime)


def hide_from_partner(
    view: dict[str, object], request: Request, caller: Credential, runtime: IntakeRuntime
) -> dict[str, object]:
    """The person by the id that this source knows, and no staff numbers."""
    own_id = runtime.resources.partner_ids.hide(caller.speaks_as, request.person_id)
    return views.hide_staff(view) | {"person_id": own_id}


async def _describe_personal(
    request: Request, caller: Credential, runtime: IntakeRuntime
) -> dict[str, object]:
    if not caller.roles & CASE_WORKERS:
        return {}
    persons = await store.load_persons(runtime.database, [request.person_id])
    person = persons.get(request.person_id)
    if person is None:
        return {}
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_request", [person.id], at)
    person = narrow_person(person, find_scope(caller), {request.source})
    view = views.describe_personal(runtime.resources.vault, request, person)
    if is_refused(person.consents, "history", at):
        return view | {"received_before": [], "history_refused": True}
    before = await store.list_requests_of(
        runtime.database, (person.id, *person.joined), request.household_id
    )
    others = [each for each in before if each.id != request.id]
    return view | {"received_before": person_views.describe_received(others)}


async def load_seen_request(
    runtime: IntakeRuntime, scope: Scope, request_id: str, field: str = "request_id"
) -> Request:
    """Raises Denied: another's id is as unknown as none."""
    request = await mongo.load(runtime.database, Request, request_id)
    if request is None or not is_seen(request, scope):
        raise Denied(REQUEST_UNKNOWN.refusal(404, field))
    return request


def is_seen(request: Request, scope: Scope) -> bool:
    in_area = scope.sees_place(request.area.town_code, request.area.village_code)
    return in_area and scope.sees_owner(request.source)


@router.get("/summary")
async def read_summary(caller: Staff, runtime: IntakeRuntimeDep) -> dict[str, object]:
    """Of the caller's area."""
    query = find_scope(caller).build_query(store.REQUESTS)
    counts = await store.count_by_state_and_channel(runtime.database, query)
    return views.describe_summary(counts)


# --- vouching and withdrawing -----------------------------------------------------------------


@router.post("/requests/{request_id}/vouch")
async def vouch_for_person(
    request_id: Identifier,
    vouching: Vouching,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """He met the person (seen) or checked the class (confirmed): what waited for that opens."""
    if vouching == Vouching():
        raise VOUCHING_EMPTY.invalid("seen")
    command = VouchForPerson(
        request_id=request_id, area=caller.area, by=caller.principal, vouching=vouching
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/withdraw")
async def withdraw_request(
    request_id: Identifier, caller: Withdrawer, runtime: IntakeRuntimeDep, key: IdempotencyKey
) -> Response:
    staff = bool(caller.roles & STAFF)
    command = WithdrawRequest(
        request_id=request_id,
        source="" if staff else caller.speaks_as,
        area=caller.area,
    )
    return await answer_to(runtime, caller, command, key)


class ApproverFields(TypedDict):
    """Who judges a request: at which levels he approves, where, and who he is."""

    levels: tuple[ApprovalLevel, ...]
    area: str
    by: str


def name_approver(caller: Credential) -> ApproverFields:
    """What a command says of him."""
    return ApproverFields(levels=list_levels(caller), area=caller.area, by=caller.principal)


def list_levels(caller: Credential) -> tuple[ApprovalLevel, ...]:
    allowed = {level for role in caller.roles for level in APPROVERS.get(role, ())}
    return tuple(level for level in LEVELS if level in allowed)
