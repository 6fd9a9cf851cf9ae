"""Photos and documents on the page of a case: put there, looked at, taken away."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from services.intake.api.attachments import (
    FORM_BYTES,
    Size,
    find_adder,
    remove_file,
    send_file,
)
from services.intake.api.requests import CASE_WORKERS, load_seen_request
from services.intake.attachments.files import FILE_BYTES_MAX
from services.intake.attachments.keeping import add_file
from services.intake.messages import FILE_MISSING
from services.intake.pages.case import CASE_PATH, render_case
from services.intake.pages.uploads import FILES_AT_A_TIME, list_uploads, read_kind
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.values import Identifier
from shared.errors import Invalid, refuse
from shared.messaging.decision import Answer
from shared.security import Credential
from shared.web.access import Denied, allow, find_scope
from shared.web.admission import takes_bytes
from shared.web.staff import PageRouter

router = PageRouter()
FILES_PATH = f"{CASE_PATH}/files"

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]


@router.post(FILES_PATH)
@takes_bytes(FILES_AT_A_TIME * FILE_BYTES_MAX + FORM_BYTES)
async def add_files(
    request_id: Identifier, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """What can be taken of them is; the page says what could not."""
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    form = await request.form()
    answer = await _add_files(runtime, caller, request_id, form)
    if answer.status < 400:
        path = CASE_PATH.format(request_id=request_id)
        return RedirectResponse(f"{path}?done=file#files", status_code=303)
    stored = await load_seen_request(runtime, find_scope(caller), request_id)
    typed = {"kind": str(form.get("kind", ""))}
    return await render_case(
        request, runtime, caller, stored, act="files", form=typed, answer=answer
    )


async def _add_files(
    runtime: IntakeRuntime, caller: Credential, request_id: str, form: FormData
) -> Answer:
    files = list_uploads(form)
    if not files:
        return refuse(422, FILE_MISSING.problem("file"))
    kind = read_kind(form)
    answer = Answer(200, {})
    for file in files:
        try:
            content = await file.read()
            answer = await add_file(runtime, request_id, content, kind, find_adder(caller))
        except Invalid as invalid:
            answer = refuse(422, *invalid.problems)
        if answer.status >= 400:
            break
    return answer


@router.get(f"{FILES_PATH}/{{attachment_id}}")
async def show_file(
    request_id: Identifier,
    attachment_id: Identifier,
    caller: CaseWorker,
    runtime: IntakeRuntimeDep,
    size: Size = "full",
) -> Response:
    return await send_file(
        runtime, caller, find_scope(caller), request_id, attachment_id, small=size == "small"
    )


@router.post(f"{FILES_PATH}/{{attachment_id}}/remove")
async def take_away(
    request_id: Identifier, attachment_id: Identifier, caller: CaseWorker, runtime: IntakeRuntimeDep
) -> Response:
    await load_seen_request(runtime, find_scope(caller), request_id)
    answer = await remove_file(runtime, caller, request_id, attachment_id)
    if answer.status >= 400:
        raise Denied(answer)
    path = CASE_PATH.format(request_id=request_id)
    return RedirectResponse(f"{path}?done=file_removed#files", status_code=303)
