"""对账单: a bank's file, looked at by who takes it in, entered when another of finance agrees,
while both may watch; the refused rows to take away.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Path, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from services.audit.model import Fund
from services.audit.model.statement_files import ProposeStatementFile, StatementFile
from services.audit.pages.proposal_forms import Texts
from services.audit.pages.proposal_values import STATED
from services.audit.pages.proposing import FINANCE_PATH, PAGES, Maker
from services.audit.pages.statement_columns import (
    UNITS,
    ask_columns,
    describe_columns,
    find_headers,
    is_mappable,
    list_columns,
    list_page_problems,
    name_choice,
    read_layout,
)
from services.audit.preparing import list_bank_sources
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from services.audit.statement_files import uploads
from services.audit.statement_files.entering import make_fund_check
from services.audit.statement_files.messages import (
    STATEMENT_EMPTY,
    STATEMENT_FILE_MISSING,
    STATEMENT_FILE_UNKNOWN,
    STATEMENT_ROWS_TOO_MANY,
    STATEMENT_SOURCE_UNKNOWN,
    STATEMENT_TOTAL_DIFFERS,
)
from services.audit.statement_files.uploads import FILE_BYTES_MAX, Upload, UploadState
from services.audit.statements import Layout
from services.audit.statements.bank_rows import BankRow
from services.audit.statements.files import Check
from services.audit.statements.trial import SUM_PROBLEMS, Trial, name_stated, try_statement
from services.audit.store import read_funds
from shared import mongo
from shared.errors import Invalid, Problem
from shared.security import Credential, Role
from shared.sheets import RefusedRow, check_unpacked
from shared.web.access import Denied, allow
from shared.web.admission import takes_bytes
from shared.web.forms import execute_form, make_form_key, read_form
from shared.web.pages import HEADERS, SCRIPT_HEADERS
from shared.web.staff import PageRouter, render_refusal

router = PageRouter()
STATEMENTS_PATH = FINANCE_PATH + "/statements"
ROWS_MAX = 10_000
UNPACKED_MEGABYTES_MAX = 16
"""Some ten times what that many rows need: a second of reading for each."""
LINES_MAX = 10 * ROWS_MAX
SHOWN_ROWS = 20
SHOWN_REFUSED = 50
SHOWN_SAID = 8
FORM_BYTES = 64 * 1024
"""What a form says around its file."""
NAME_LENGTH_MAX = 100

# Whoever may see a giver's name: who takes the file in, and who approves it.
Payer = Annotated[
    Credential, Depends(allow(Role.FINANCE_MAKER, Role.FINANCE_CHECKER, whole_city=True))
]
Token = Annotated[str, Path(max_length=60)]
_WAITS = ("proposed", "proposed")
STATES: Mapping[UploadState, Texts] = {
    "preview": ("还没有提交", "not handed over yet"),
    "proposed": ("等另一个人同意", "waits for another person"),
    "running": ("正在入账", "being entered"),
    "done": ("已处理完", "done"),
    "declined": ("另一个人不同意，没有入账", "declined: nothing was entered"),
    "stopped": ("已停止", "stopped"),
}
OUTCOMES: Mapping[str, Texts] = {
    "entered": ("笔已入账", "entered"),
    "before": ("笔此前已在账上", "in the books before"),
    "repeated": ("笔别的对账单已列", "listed by another statement too"),
    "waiting": ("笔等基金批准后自动入账", "wait for their fund"),
    "unknown": ("笔未见入账", "not seen in the books"),
    "elsewhere": ("笔未见入账", "not seen in the books"),
    "line_entered": ("行付款、利息、手续费已入账", "payments, interest or charges entered"),
    "line_known": ("行付款此前已由别处入账", "payments that were known"),
    "line_asked": ("行对不上，待财务核对", "lines that finance is asked about"),
    "line_before": ("行付款此前已导入", "payments imported before"),
    "line_unseen": ("行付款未见入账", "payments not seen in the books"),
}


@router.get(STATEMENTS_PATH)
async def show_statements(caller: Payer, request: Request, runtime: AuditRuntimeDep) -> Response:
    return await _render_list(request, runtime, caller)


@router.post(STATEMENTS_PATH)
@takes_bytes(FILE_BYTES_MAX + FORM_BYTES)
async def upload_statement(caller: Maker, request: Request, runtime: AuditRuntimeDep) -> Response:
    """What it says is read at once; nothing is entered."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("account", "fund", "source")}
    file = form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise STATEMENT_FILE_MISSING.invalid("file")
        content = await file.read()
        upload = await _begin(runtime, caller, file.filename, typed)
        await _check_readable(runtime, content, upload)
    except Invalid as invalid:
        problems = list_page_problems(invalid)
        return await _render_list(request, runtime, caller, typed, problems)
    await uploads.save_upload(runtime, upload, content, await runtime.processor.now())
    return RedirectResponse(f"{STATEMENTS_PATH}/{upload.id}", status_code=303)


async def _begin(
    runtime: AuditRuntime, caller: Credential, name: str, typed: Mapping[str, str]
) -> Upload:
    """With what is remembered of its account. Raises Invalid."""
    account, fund = typed["account"][:100], typed["fund"]
    remembered = await uploads.load_remembered(runtime.database, account) if account else None
    layout, source = remembered or (Layout(), "")
    layout = layout.of_account(account)
    if fund:
        layout = layout.model_copy(update={"constants": {**layout.constants, "fund_id": fund}})
    sources = list_sources(runtime)
    chosen = next((each for each in (typed["source"], source, *sources) if each in sources), "")
    if not chosen:
        raise STATEMENT_SOURCE_UNKNOWN.invalid("source")
    id_ = secrets.token_hex(16)
    return Upload(id_, caller.id, name[:NAME_LENGTH_MAX], chosen, layout)


def list_sources(runtime: AuditRuntime) -> list[str]:
    """Banks that may report gifts now: a file speaks as one of them, and may do no more."""
    banks = list_bank_sources(runtime.keyring)
    return [each for each in banks if runtime.keyring.find_publisher_key(each)]


async def _check_readable(runtime: AuditRuntime, content: bytes, upload: Upload) -> None:
    """A sheet, though its columns may not be clear yet. Raises Invalid."""
    check_unpacked(content, UNPACKED_MEGABYTES_MAX)
    if max(content.count(b"\n"), content.count(b"\r")) > LINES_MAX and not content.startswith(
        b"PK"
    ):
        raise STATEMENT_ROWS_TOO_MANY.invalid("file", most=ROWS_MAX)
    try:
        await runtime.resources.sheet_gate.read(_try, content, upload)
    except Invalid as invalid:
        headers = await runtime.resources.sheet_gate.read(find_headers, content, upload.layout)
        if not (headers and is_mappable(invalid)):
            raise


def _try(content: bytes, upload: Upload, check: Check | None = None) -> Trial:
    """Raises Invalid."""
    trial = try_statement(content, upload.name, upload.layout, check)
    if trial.total > ROWS_MAX:
        raise STATEMENT_ROWS_TOO_MANY.invalid("file", most=ROWS_MAX)
    if trial.problems:
        raise Invalid(*trial.problems)
    return trial


async def _render_list(
    request: Request,
    runtime: AuditRuntime,
    caller: Credential,
    typed: Mapping[str, str] | None = None,
    problems: Sequence[Problem] = (),
) -> Response:
    return PAGES.render_for(
        request,
        "statements.html",
        status=422 if problems else 200,
        problems=[problem.as_dict() for problem in problems],
        typed=typed or {},
        files=await uploads.list_uploads(runtime.database, caller.id),
        states=STATES,
        accounts=await uploads.list_accounts(runtime.database),
        funds=await _list_funds(runtime),
        sources=list_sources(runtime),
        may_propose=Role.FINANCE_MAKER in caller.roles,
        rows_max=ROWS_MAX,
        megabytes=FILE_BYTES_MAX // 1024 // 1024,
        path=STATEMENTS_PATH,
    )


async def _list_funds(runtime: AuditRuntime) -> list[Fund]:
    funds = await read_funds(runtime.database)
    return [fund for fund in funds if fund.is_open or fund.state == "proposed"]


@router.get(f"{STATEMENTS_PATH}/{{token}}")
async def show_statement(
    token: Token, caller: Payer, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """Before it is entered: what it would enter. Then how far it is, and what became of it."""
    upload = await _load(runtime, caller, token)
    file = await mongo.load(runtime.database, StatementFile, upload.proposal)
    if upload.state == "preview" or (file and (upload.state, file.state) == _WAITS):
        return await _render_preview(request, runtime, caller, upload)
    if upload.state == "proposed" and file:  # it is decided, and taken up in a moment
        upload = replace(upload, state="running" if file.state == "approved" else "declined")
    return _render_progress(request, caller, upload)


async def _load(runtime: AuditRuntime, caller: Credential, token: str) -> Upload:
    """What is not handed over yet is its uploader's alone. Raises Denied."""
    upload = await uploads.load_upload(runtime.database, token)
    if upload is None or (upload.state == "preview" and upload.by != caller.id):
        raise Denied(STATEMENT_FILE_UNKNOWN.refusal(404))
    return upload


async def _load_content(runtime: AuditRuntime, upload: Upload) -> bytes:
    """Raises Denied where it is gone."""
    content = await uploads.load_content(runtime, upload.id)
    if content is None:
        raise Denied(STATEMENT_FILE_UNKNOWN.refusal(404))
    return content


async def _render_preview(
    request: Request,
    runtime: AuditRuntime,
    caller: Credential,
    upload: Upload,
    problems: Sequence[Problem] = (),
) -> Response:
    """Where its columns are not clear yet, the uploader is asked about them."""
    status = 422 if problems else 200
    content, check = await _load_content(runtime, upload), await make_fund_check(runtime.database)
    trial: Trial | None = None
    try:
        trial = await runtime.resources.sheet_gate.read(_try, content, upload, check)
    except Invalid as invalid:
        problems = (*problems, *list_page_problems(invalid))
    headers = await runtime.resources.sheet_gate.read(find_headers, content, upload.layout)
    file = await mongo.load(runtime.database, StatementFile, upload.proposal)
    return PAGES.render_for(
        request,
        "statement_preview.html",
        status=status,
        upload=upload,
        trial=trial,
        file=file,
        is_own=file is not None and file.maker == caller.principal,
        may_check=Role.FINANCE_CHECKER in caller.roles,
        refused=[name_choice(row) for row in sorted(trial.refused, key=_rank_refused)]
        if trial
        else (),
        may_state_payments=runtime.settings.build_rules().may_state_payments(upload.source),
        problems=[problem.as_dict() for problem in problems],
        questions=ask_columns(headers, upload.layout) if upload.state == "preview" else (),
        reading=describe_columns(headers, upload.layout),
        stated_words=STATED,
        payments=sorted(trial.payments, key=_rank_payment) if trial else (),
        gifts=sorted(trial.gifts, key=lambda gift: -gift.fact.amount_fen) if trial else (),
        columns=list_columns(),
        units=UNITS,
        funds=await _list_funds(runtime),
        path=f"{STATEMENTS_PATH}/{upload.id}",
        finance_path=FINANCE_PATH,
        key=make_form_key(),
        shown_rows=SHOWN_ROWS,
        shown_refused=SHOWN_REFUSED,
        shown_said=SHOWN_SAID,
    )


def _rank_refused(row: RefusedRow) -> tuple[bool, int]:
    """What is wrong with the whole file first: a total, a balance."""
    return not any(problem.code in SUM_PROBLEMS for problem in row.problems), row.line


def _rank_payment(row: BankRow) -> tuple[int, int]:
    """What takes money from the funds first, and the largest of each kind."""
    return list(STATED).index(name_stated(row.stated)), -row.stated.amount_fen


def _render_progress(request: Request, caller: Credential, upload: Upload) -> Response:
    response = PAGES.render_for(
        request,
        "statement_progress.html",
        upload=upload,
        state=STATES[upload.state],
        outcomes=OUTCOMES,
        may_propose=Role.FINANCE_MAKER in caller.roles,
        path=f"{STATEMENTS_PATH}/{upload.id}",
        key=make_form_key(),
    )
    response.headers.update(SCRIPT_HEADERS)
    return response


@router.post(f"{STATEMENTS_PATH}/{{token}}/columns")
async def submit_statement_columns(
    token: Token, caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """Which column is what; then the preview again."""
    upload, form = await _load(runtime, caller, token), await read_form(request)
    try:
        layout = read_layout(form, upload.layout)
    except Invalid as invalid:
        return await _render_preview(request, runtime, caller, upload, invalid.problems)
    await uploads.save_columns(runtime.database, replace(upload, layout=layout))
    return RedirectResponse(f"{STATEMENTS_PATH}/{token}", status_code=303)


@router.post(f"{STATEMENTS_PATH}/{{token}}/propose")
async def propose_statement(
    token: Token, caller: Maker, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """Handed to another person as it is; or, once it is entered, its rows that may be gifts of
    before, which he has looked at: they are others."""
    upload, form = await _load(runtime, caller, token), await read_form(request)
    if upload.state not in ("preview", "done") or (upload.state == "done" and not upload.questions):
        return RedirectResponse(f"{STATEMENTS_PATH}/{token}", status_code=303)
    content, check = await _load_content(runtime, upload), await make_fund_check(runtime.database)
    upload = replace(upload, are_apart=upload.state == "done")
    upload = replace(upload, proposal=f"F-{token}" + ("-apart" if upload.are_apart else ""))
    try:
        trial = await runtime.resources.sheet_gate.read(_try, content, upload, check)
        if not trial.rows and not trial.payments:
            raise STATEMENT_EMPTY.invalid("file")
        is_looked_at = upload.are_apart or form.get("sums_looked_at")
        if trial.sums_differ and not is_looked_at:
            raise STATEMENT_TOTAL_DIFFERS.invalid("sums_looked_at")
    except Invalid as invalid:
        return await _render_preview(request, runtime, caller, upload, invalid.problems)
    summary = uploads.summarize(upload, content, trial)
    proposed = ProposeStatementFile(file_id=upload.proposal, summary=summary)
    answer = await execute_form(runtime, caller, form, proposed)
    if answer.status >= 400:
        return render_refusal(request, answer)
    await uploads.hand_over(runtime.database, upload, trial.total)
    return RedirectResponse(f"{STATEMENTS_PATH}/{token}", status_code=303)


@router.get(f"{STATEMENTS_PATH}/{{token}}/file")
async def download_statement(token: Token, caller: Payer, runtime: AuditRuntimeDep) -> Response:
    """As it was uploaded, for whoever decides on it."""
    upload = await _load(runtime, caller, token)
    content = await _load_content(runtime, upload)
    name = f"attachment; filename*=UTF-8''{quote(upload.name, safe='')}"
    headers = {**HEADERS, "Content-Disposition": name}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get(f"{STATEMENTS_PATH}/{{token}}/refused.csv")
async def download_refused_rows(token: Token, caller: Payer, runtime: AuditRuntimeDep) -> Response:
    """Correct them there, and take that file in."""
    upload = await _load(runtime, caller, token)
    refused = await uploads.load_refused(runtime, token)
    if upload.state != "done" or not refused:
        raise Denied(STATEMENT_FILE_UNKNOWN.refusal(404))
    headers = await uploads.load_headers(runtime.database, token)
    name = {"Content-Disposition": 'attachment; filename="refused.csv"'}
    content = uploads.format_refused_file(headers, refused)
    return Response(content, media_type="text/csv; charset=utf-8", headers={**HEADERS, **name})
