"""Importing a sheet: uploaded, previewed, imported while one watches, refused rows to take away."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from services.intake import uploads
from services.intake.api.requests import CASE_WORKERS
from services.intake.channels.request_template import build_template
from services.intake.channels.spreadsheet import find_headers
from services.intake.importing import EARLIER, REPEATED
from services.intake.messages import FILE_MISSING, ROWS_TOO_MANY, UPLOAD_UNKNOWN
from services.intake.pages.entry import CHANNELS, OUTCOMES
from services.intake.pages.import_columns import (
    ask_columns,
    is_mappable,
    list_columns,
    list_missing,
    read_columns,
)
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.uploads import FILE_BYTES_MAX, ROWS_MAX, Upload
from shared.contracts.values import Channel
from shared.errors import Invalid, Problem
from shared.security import Credential
from shared.sheets.report import XLSX
from shared.sheets.template import build_workbook
from shared.web.access import Denied, allow
from shared.web.admission import takes_bytes
from shared.web.forms import read_form
from shared.web.pages import HEADERS, SCRIPT_HEADERS, Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
IMPORT_PATH = "/desk/import"
SHOWN_ROWS = 20
SHOWN_REFUSED = 50
FORM_BYTES = 64 * 1024
"""What a form says around its file."""

CaseWorker = Annotated[Credential, Depends(allow(*CASE_WORKERS))]
Token = Annotated[str, Path(max_length=60)]
NOT_NEW: Mapping[str, tuple[str, str]] = {
    REPEATED: ("行与本文件另一行相同，只登记一次", "rows that repeat another one of the file"),
    EARLIER: ("行以前登记过，没有再登记", "rows that were recorded before: not again"),
}


@router.get(IMPORT_PATH)
async def show_import(_caller: CaseWorker, request: Request) -> Response:
    return _render_form(request)


@router.post(IMPORT_PATH)
@takes_bytes(FILE_BYTES_MAX + FORM_BYTES)
async def upload(caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep) -> Response:
    """What it says is read at once; it is kept sealed, and imported when he says so."""
    form = await request.form()
    file, chosen = form.get("file"), form.get("channel")
    channel = next((each for each in CHANNELS if each == chosen), Channel.SPREADSHEET)
    upload = Upload(secrets.token_urlsafe(16), caller.id, "preview", channel, total=0)
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise FILE_MISSING.invalid("file")
        content = await file.read()
        upload = await _count_rows(runtime, caller, upload, content)
    except Invalid as invalid:
        return _render_form(request, channel, invalid.problems)
    await uploads.save_upload(runtime, upload, content, await runtime.processor.now())
    return RedirectResponse(f"{IMPORT_PATH}/{upload.id}", status_code=303)


async def _count_rows(
    runtime: IntakeRuntime, caller: Credential, upload: Upload, content: bytes
) -> Upload:
    """None yet where a person has to say first which column is what. Raises Invalid."""
    try:
        return await _require_rows(runtime, caller, upload, content)
    except Invalid as invalid:
        reading = uploads.make_reading(upload, caller)
        headers = await runtime.resources.sheet_gate.read(find_headers, content, reading)
        if headers and is_mappable(invalid):
            return upload
        raise


async def _require_rows(
    runtime: IntakeRuntime, caller: Credential, upload: Upload, content: bytes
) -> Upload:
    """Raises Invalid unless it can be imported as it stands."""
    rules = runtime.resources.rules
    sheet = await runtime.resources.sheet_gate.read(
        uploads.read_sheet, content, upload, caller, rules
    )
    if len(sheet.rows) + len(sheet.refused) > ROWS_MAX:
        raise ROWS_TOO_MANY.invalid("file", most=ROWS_MAX)
    return replace(upload, total=len(sheet.rows), refused=len(sheet.refused))


def _render_form(
    request: Request,
    channel: Channel = Channel.SPREADSHEET,
    problems: tuple[Problem, ...] = (),
) -> Response:
    return PAGES.render_for(
        request,
        "import.html",
        status=422 if problems else 200,
        channel=channel.value,
        channels=(Channel.SPREADSHEET, *CHANNELS),
        problems=[problem.as_dict() for problem in problems],
        rows_max=ROWS_MAX,
        megabytes=FILE_BYTES_MAX // 1024 // 1024,
    )


@router.get(f"{IMPORT_PATH}/template.xlsx")
async def download_template(_caller: CaseWorker) -> Response:
    """To be filled in: headers with notes, lists to choose from, examples."""
    content = await asyncio.to_thread(build_workbook, build_template())
    name = {"Content-Disposition": 'attachment; filename="guanjia-requests.xlsx"'}
    return Response(content, media_type=XLSX, headers={**HEADERS, **name})


@router.get(f"{IMPORT_PATH}/{{token}}")
async def show_upload(
    token: Token, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Before it is imported: what it would make. Then how far it is, and what it made."""
    return await _render_upload(request, runtime, caller, await _load(runtime, caller, token))


async def _render_upload(
    request: Request,
    runtime: IntakeRuntime,
    caller: Credential,
    upload: Upload,
    problems: Sequence[Problem] = (),
) -> Response:
    """Where its columns are not clear yet, the uploader is asked about them."""
    headers: tuple[str, ...] = ()
    sheet = None
    if upload.state == "preview":
        content = await uploads.load_content(runtime, upload.id)
        rules, reading = runtime.resources.rules, uploads.make_reading(upload, caller)
        try:
            sheet = await runtime.resources.sheet_gate.read(
                uploads.read_sheet, content, upload, caller, rules
            )
            headers = tuple(sheet.unread)
        except Invalid as invalid:
            problems = (*problems, *invalid.problems)
            headers = await runtime.resources.sheet_gate.read(find_headers, content, reading)
    response = PAGES.render_for(
        request,
        "import_preview.html" if upload.state == "preview" else "import_progress.html",
        status=422 if problems else 200,
        upload=upload,
        path=f"{IMPORT_PATH}/{upload.id}",
        sheet=sheet,
        problems=[problem.as_dict() for problem in problems],
        questions=ask_columns(headers, upload),
        columns=list_columns(),
        missing=list_missing(headers) if sheet is None else (),
        shown_rows=SHOWN_ROWS,
        shown_refused=SHOWN_REFUSED,
        outcomes={**OUTCOMES, **NOT_NEW},
    )
    if upload.state != "preview":
        response.headers.update(SCRIPT_HEADERS)
    return response


@router.post(f"{IMPORT_PATH}/{{token}}/columns")
async def submit_columns(
    token: Token, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Which column is what; then the preview again."""
    upload, form = await _load(runtime, caller, token), await read_form(request)
    try:
        mapping, constants = read_columns(form)
    except Invalid as invalid:
        return await _render_upload(request, runtime, caller, upload, invalid.problems)
    await uploads.save_columns(runtime, replace(upload, mapping=mapping, constants=constants))
    return RedirectResponse(f"{IMPORT_PATH}/{token}", status_code=303)


@router.post(f"{IMPORT_PATH}/{{token}}/start")
async def start(
    token: Token, caller: CaseWorker, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    """Counted anew: what its columns are may have been said since it came."""
    upload = await _load(runtime, caller, token)
    if upload.state == "preview":
        content = await uploads.load_content(runtime, token)
        try:
            counted = await _require_rows(runtime, caller, upload, content)
        except Invalid as invalid:
            problems = [each for each in invalid.problems if each.code == ROWS_TOO_MANY.code]
            return await _render_upload(request, runtime, caller, upload, problems)
        await uploads.start_upload(runtime, counted)
    return RedirectResponse(f"{IMPORT_PATH}/{token}", status_code=303)


@router.get(f"{IMPORT_PATH}/{{token}}/refused.csv")
async def download_refused(token: Token, caller: CaseWorker, runtime: IntakeRuntimeDep) -> Response:
    """Correct them there, and import that file."""
    await _load(runtime, caller, token)
    content = await uploads.load_refused(runtime, token)
    if content is None:
        raise Denied(UPLOAD_UNKNOWN.refusal(404))
    name = {"Content-Disposition": 'attachment; filename="refused.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers={**HEADERS, **name})


async def _load(runtime: IntakeRuntime, caller: Credential, token: str) -> Upload:
    """Raises Denied."""
    upload = await uploads.load_upload(runtime, token, caller.id)
    if upload is None:
        raise Denied(UPLOAD_UNKNOWN.refusal(404))
    return upload
