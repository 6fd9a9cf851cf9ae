"""HTTP for photos and documents of a case: put there, and read by who works on it."""

from typing import Annotated, Literal

from fastapi import Depends, File, Form, UploadFile
from fastapi.responses import Response

from services.intake import store
from services.intake.api.requests import APPROVERS, CASE_WORKERS, load_seen_request
from services.intake.attachments.files import EXTENSIONS, FILE_BYTES_MAX
from services.intake.attachments.keeping import (
    Adder,
    add_file,
    drop_files,
    list_files,
    open_file,
)
from services.intake.attachments.messages import ATTACHMENT_UNKNOWN
from services.intake.model import Request
from services.intake.model.attachment import Attachment, AttachmentKind, RemoveAttachment
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared import mongo
from shared.contracts.values import Identifier
from shared.messaging.decision import Answer, Command
from shared.scope import Scope
from shared.security import STAFF, Credential, Role
from shared.web.access import Denied, Router, allow, find_scope, respond
from shared.web.admission import takes_bytes

router = Router(tags=["attachments"])

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
AddingCaller = Annotated[Credential, Depends(allow(Role.CHANNEL, *CASE_WORKERS))]
Size = Literal["full", "small"]

FORM_BYTES = 64 * 1024
"""What a form says around its file."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@router.post("/requests/{request_id}/attachments", status_code=201)
@takes_bytes(FILE_BYTES_MAX + FORM_BYTES)
async def add_attachment(
    request_id: Identifier,
    caller: AddingCaller,
    runtime: IntakeRuntimeDep,
    file: Annotated[UploadFile, File()],
    kind: Annotated[AttachmentKind, Form()] = "other",
) -> Response:
    """`{"attachment_id", "kind", "media_type", "check"}`. The same picture again is the same one.

    A picture is stored without what the camera wrote beside it; PDF and voice as they come.
    """
    content = await file.read()
    adder = find_adder(caller)
    return respond(await add_file(runtime, request_id, content, kind, adder))


def find_adder(caller: Credential) -> Adder:
    scope = find_scope(caller)
    return Adder(
        giver="staff" if caller.roles & STAFF else "channel",
        by=caller.principal,
        area=scope.area,
        source=scope.source,
        may_restore=not caller.roles.isdisjoint(APPROVERS),
    )


@router.get("/requests/{request_id}/attachments")
async def list_attachments(
    request_id: Identifier, caller: CaseWorker, runtime: IntakeRuntimeDep
) -> dict[str, object]:
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    return {
        "attachments": [describe_attachment(each) for each in await list_files(runtime, stored)]
    }


def describe_attachment(attachment: Attachment) -> dict[str, object]:
    return {
        "attachment_id": attachment.id,
        "kind": attachment.kind,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "giver": attachment.giver,
        "added_by": attachment.added_by,
        "added_at": attachment.added_at,
        "check": attachment.check,
    }


@router.get("/requests/{request_id}/attachments/{attachment_id}")
async def read_attachment(
    request_id: Identifier,
    attachment_id: Identifier,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    size: Size = "full",
) -> Response:
    """The content; each look is in the vault's log."""
    return await send_file(
        runtime, caller, find_scope(caller), request_id, attachment_id, small=size == "small"
    )


@router.post("/requests/{request_id}/attachments/{attachment_id}/remove")
async def remove_attachment(
    request_id: Identifier,
    attachment_id: Identifier,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
) -> Response:
    """Its key goes at once; that there was one, and who took it away, stays."""
    return respond(await remove_file(runtime, caller, request_id, attachment_id))


# --- for the pages too ---


async def remove_file(
    runtime: IntakeRuntime, caller: Credential, request_id: str, attachment_id: str
) -> Answer:
    command = RemoveAttachment(
        attachment_id=attachment_id,
        request_id=request_id,
        by=caller.principal,
        area=caller.area,
        may_remove_any=not caller.roles.isdisjoint(APPROVERS),
    )
    answer = await runtime.processor.execute(Command(command, principal=caller.principal))
    if answer.status != 200:
        return answer
    removed = await mongo.load(runtime.database, Attachment, attachment_id)
    await drop_files(runtime, [removed] if removed else [])
    return Answer(200, {"attachment_id": attachment_id, "removed": True})


async def send_file(
    runtime: IntakeRuntime,
    caller: Credential,
    scope: Scope,
    request_id: str,
    attachment_id: str,
    *,
    small: bool,
) -> Response:
    """Raises Denied, or Invalid while it is not checked."""
    stored = await load_seen_request(runtime, scope, request_id)
    attachment = await load_attachment(runtime, stored, attachment_id)
    at = await runtime.processor.now()
    await store.VAULT_LOOKS.add(runtime.database, caller, "read_attachment", [stored.person_id], at)
    return build_file_answer(attachment, await open_file(runtime, attachment, small=small))


async def load_attachment(
    runtime: IntakeRuntime, request: Request, attachment_id: str
) -> Attachment:
    """Raises Denied."""
    attachment = await mongo.load(runtime.database, Attachment, attachment_id)
    if attachment is None or attachment.request_id != request.id or attachment.removed_by:
        raise Denied(ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    return attachment


def build_file_answer(attachment: Attachment, content: bytes | None) -> Response:
    """A picture is looked at; anything else is saved first. Raises Denied where it is gone."""
    if content is None:
        raise Denied(ATTACHMENT_UNKNOWN.refusal(404, "attachment_id"))
    way = "inline" if attachment.is_picture else "attachment"
    name = f"{attachment.id}.{EXTENSIONS[attachment.media_type]}"
    headers = {**HEADERS, "Content-Disposition": f'{way}; filename="{name}"'}
    return Response(content, media_type=attachment.media_type, headers=headers)
