"""凭证附件: the scan that proves an entry is added first, and chosen in the form of the entry."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from services.audit.model.vouchers import FILE_BYTES_MAX
from services.audit.pages.proposing import FINANCE_PATH, PAGES, Maker
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.vouchers.files import find_newest_files, read_file
from services.audit.vouchers.messages import ATTACHMENT_SIZE
from shared.documents import Document
from shared.errors import Invalid, refuse
from shared.web.admission import takes_bytes
from shared.web.forms import FORM_KEY, execute_form, list_problems, make_form_key
from shared.web.staff import PageRouter, render_refusal

router = PageRouter()
FILES_PATH = FINANCE_PATH + "/files"
AROUND_FILE = 64 * 1024


@router.get(FILES_PATH)
async def show_voucher_files(
    _caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    return await _render(request, runtime, ())


@router.post(FILES_PATH)
@takes_bytes(FILE_BYTES_MAX + AROUND_FILE)
async def submit_voucher_file(
    caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    form = await request.form()
    file, note = form.get("file"), str(form.get("note", ""))
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise ATTACHMENT_SIZE.invalid("file")
        data = read_file(await file.read(), note)
    except Invalid as invalid:
        problems = list_problems(refuse(422, *invalid.problems))
        return await _render(request, runtime, problems, note)
    key = {FORM_KEY: str(form.get(FORM_KEY, ""))}
    answer = await execute_form(runtime, caller, key, data)
    if answer.status >= 400:
        return render_refusal(request, answer)
    return RedirectResponse(FILES_PATH, status_code=303)


async def _render(
    request: Request, runtime: AuditRuntime, problems: Sequence[Document], note: str = ""
) -> Response:
    return PAGES.render_for(
        request,
        "voucher_files.html",
        status=422 if problems else 200,
        problems=problems,
        note=note,
        files=await find_newest_files(runtime.database),
        key=make_form_key(),
    )
