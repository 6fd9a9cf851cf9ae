"""HTTP for approvers: approving as a whole or in part, returning, declining; mending and notes."""

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response
from pydantic import StringConstraints

from services.intake.api.requests import APPROVERS, CASE_WORKERS, list_levels
from services.intake.approvals.messages import (
    DECLINE_REASON_UNKNOWN,
    DECLINE_REASONS,
    MEND_EMPTY,
    RETURN_REASON_UNKNOWN,
    RETURN_REASONS,
    require_choice,
)
from services.intake.model import (
    ApproveRequest,
    DeclineReason,
    DeclineRequest,
    MendRequest,
    PartReason,
    ReturnReason,
    ReturnRequest,
    Vouching,
)
from services.intake.model.approval import NOTE_MAX, AddCaseNote
from services.intake.resources import IntakeRuntimeDep
from shared.contracts.values import (
    Category,
    Identifier,
    Item,
    LongText,
    Quantity,
    ShortText,
    Value,
)
from shared.security import Credential
from shared.web.access import IdempotencyKey, Router, allow, answer_to

router = Router()

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Approver = Annotated[Credential, Depends(allow(*APPROVERS))]


class Approval(Vouching):
    """item: what is needed, by its name in the catalogue, where that is not sure.

    quantity: how much of it, in the request's unit; part_reason: a code of `PART_REASONS`.
    """

    item: Item = ""
    quantity: Quantity | None = None
    part_reason: PartReason | None = None


class DeclineBody(Value):
    """reason: a code of `DECLINE_REASONS`; what the person reads are the table's words. note: for
    staff only, sealed."""

    reason: ShortText
    note: LongText = ""


class ReturnBody(Value):
    """reason: a code of `RETURN_REASONS`. note: for who mends it, sealed."""

    reason: ShortText
    note: LongText = ""


class NoteBody(Value):
    """For staff only, sealed."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=NOTE_MAX)]


class MendBody(Value):
    """What is right now, and in the note what was missing."""

    quantity: Quantity | None = None
    category: Category | None = None
    note: LongText = ""


@router.post("/requests/{request_id}/approve")
async def approve_request(
    request_id: Identifier,
    caller: Approver,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
    approval: Approval = Approval(),  # noqa: B008 - frozen
) -> Response:
    """seen: how he met the person, where nobody has yet. confirmed: the class that he checked;
    without it a declared class gives no urgency. item: what is needed, where that is unclear.
    quantity, part_reason: where a part is approved."""
    command = ApproveRequest(
        request_id=request_id,
        levels=list_levels(caller),
        area=caller.area,
        approver_id=caller.principal,
        vouching=Vouching(seen=approval.seen, confirmed=approval.confirmed),
        item=approval.item,
        quantity=approval.quantity,
        part_reason=approval.part_reason,
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/decline")
async def decline_request(
    request_id: Identifier,
    body: DeclineBody,
    caller: Approver,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """The reason is chosen: the person reads it, and it goes out with the event."""
    command = DeclineRequest(
        request_id=request_id,
        levels=list_levels(caller),
        area=caller.area,
        approver_id=caller.principal,
        reason=parse_decline_reason(body.reason),
        note=body.note,
    )
    return await answer_to(runtime, caller, command, key)


def parse_decline_reason(code: str) -> DeclineReason:
    """Raises Invalid, which names them all."""
    return require_choice(code, DECLINE_REASONS, DECLINE_REASON_UNKNOWN, "reason")


@router.post("/requests/{request_id}/return")
async def return_request(
    request_id: Identifier,
    body: ReturnBody,
    caller: Approver,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """What has to be put right is chosen; it waits again once that is done."""
    command = ReturnRequest(
        request_id=request_id,
        levels=list_levels(caller),
        area=caller.area,
        approver_id=caller.principal,
        reason=parse_return_reason(body.reason),
        note=body.note,
    )
    return await answer_to(runtime, caller, command, key)


def parse_return_reason(code: str) -> ReturnReason:
    """Raises Invalid, which names them all."""
    return require_choice(code, RETURN_REASONS, RETURN_REASON_UNKNOWN, "reason")


@router.post("/requests/{request_id}/mend")
async def mend_request(
    request_id: Identifier,
    body: MendBody,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """By who recorded it or another of the area; who mended it approves it no more."""
    if body == MendBody():
        raise MEND_EMPTY.invalid("note")
    command = MendRequest(
        request_id=request_id,
        area=caller.area,
        by=caller.principal,
        quantity=body.quantity,
        category=body.category,
        note=body.note,
    )
    return await answer_to(runtime, caller, command, key)


@router.post("/requests/{request_id}/notes")
async def add_note(
    request_id: Identifier,
    body: NoteBody,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """On a case in any state. Case workers of its area read it on its page, and nobody else."""
    command = AddCaseNote(
        request_id=request_id, area=caller.area, by=caller.principal, note=body.note
    )
    return await answer_to(runtime, caller, command, key)
