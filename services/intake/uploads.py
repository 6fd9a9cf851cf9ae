"""Sheets that staff upload: kept sealed for a day, previewed, then imported while they watch.

A row's key is its own, so what is imported again, by whichever process, is done once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog

from services.intake.api.requests import (
    RequestRow,
    check_area,
    make_correction,
    name_recorder,
)
from services.intake.channels.spreadsheet import SheetReading, SheetRequest, read_requests
from services.intake.importing import EARLIER, REPEATED, digest_row
from services.intake.messages import ROWS_TOO_MANY
from services.intake.model import Request, Sealed
from services.intake.resources import IntakeRuntime
from services.intake.rules import Rules, find_problems
from shared import mongo
from shared.contracts.values import Channel
from shared.documents import Document
from shared.errors import BugBrake, Invalid, Problem, Transient
from shared.messages import KEY_REUSED
from shared.messaging.decision import Command
from shared.scope import TOWN_CODE_DIGITS
from shared.security import Credential, Role, Unauthenticated
from shared.sheets import RefusedRow, check_unpacked, format_refused
from shared.web.batches import Row, answer_rows

log = structlog.get_logger()

UPLOADS = "sheet_uploads"
UPLOADS_LAST = timedelta(hours=24)
FILE_BYTES_MAX = 4 * 1024 * 1024
UNPACKED_MEGABYTES_MAX = 64
"""A small file may unpack to a large one, whose reading holds up everybody."""
ROWS_MAX = 5_000
LINES_MAX = 10 * ROWS_MAX
"""Blank ones, and those of cells that go over several lines, are read too."""
BATCH_ROWS = 100
POLL_S = 1.0
INDEXES: tuple[mongo.Index, ...] = (
    (UPLOADS, [("at", 1)], {"expireAfterSeconds": int(UPLOADS_LAST.total_seconds())}),
)

UploadState = Literal["preview", "running", "done", "stopped"]


@dataclass(frozen=True, slots=True)
class Upload:
    """by: the credential. mapping, constants: what the uploader said of its columns. finished: rows
    that were answered, of total. at: when it was uploaded."""

    id: str
    by: str
    state: UploadState
    channel: Channel
    total: int
    mapping: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    finished: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """rows: what would be made; refused: with reasons. unread: headers that no column knows.
    remarks: how many rows are read without something, and why. repeated: lines that say what an
    earlier one says, each with that one's."""

    headers: Sequence[str]
    rows: Sequence[SheetRequest]
    refused: Sequence[RefusedRow]
    unread: Sequence[str]
    remarks: Sequence[tuple[int, Problem]] = ()
    repeated: Sequence[tuple[int, int]] = ()


def read_sheet(content: bytes, upload: Upload, caller: Credential, rules: Rules) -> ReadSheet:
    """As importing it would. Blocking. Raises Invalid where it is no sheet of requests."""
    check_unpacked(content, UNPACKED_MEGABYTES_MAX)
    if len(content.splitlines()) > LINES_MAX and not content.startswith(b"PK"):
        raise ROWS_TOO_MANY.invalid("file", most=ROWS_MAX)
    sheet = read_requests(content, upload.channel, reading=make_reading(upload, caller))
    rows: list[SheetRequest] = []
    refused: list[RefusedRow] = []
    repeated: list[tuple[int, int]] = []
    lines: dict[bytes, int] = {}
    for row in sheet:
        if isinstance(row, RefusedRow):
            refused.append(row)
        elif problems := _find_problems(row, caller, rules):
            refused.append(RefusedRow(row.line, row.original, problems))
        elif (first := lines.setdefault(digest_row(row), row.line)) != row.line:
            repeated.append((row.line, first))
        else:
            rows.append(row)
    remarks = [(row.line, remark) for row in rows for remark in row.remarks]
    return ReadSheet(sheet.table.headers, rows, refused, sheet.table.unread, remarks, repeated)


def make_reading(upload: Upload, caller: Credential) -> SheetReading:
    """Where nothing says a town, it is the uploader's own."""
    return SheetReading(upload.mapping, upload.constants, caller.area[:TOWN_CODE_DIGITS])


def _find_problems(row: SheetRequest, caller: Credential, rules: Rules) -> tuple[Problem, ...]:
    """As importing it would find them: a collector answers for who has no phone."""
    answer = check_area(row.request, caller)
    foreign = _parse_problems(answer.body) if answer else ()
    request = row.request
    if Role.COLLECTOR in caller.roles:
        request = request.model_copy(update={"collector_id": caller.principal})
    return foreign or find_problems(rules, request)


def _parse_problems(body: Document) -> tuple[Problem, ...]:
    return tuple(Problem(**each) for each in body.get("problems", ()))


# --- storing --------------------------------------------------------------------------------------


async def save_upload(runtime: IntakeRuntime, upload: Upload, content: bytes, at: datetime) -> None:
    sealed = runtime.resources.vault.seal(f"sheet {upload.id}", content)
    await runtime.database[UPLOADS].insert_one(
        {
            "_id": upload.id,
            "by": upload.by,
            "state": upload.state,
            "channel": upload.channel.value,
            "total": upload.total,
            "refused": upload.refused,
            "mapping": upload.mapping,
            "constants": upload.constants,
            "content": sealed.model_dump(),
            "at": at,
        }
    )


async def load_upload(runtime: IntakeRuntime, id_: str, by: str) -> Upload | None:
    """For who uploaded it alone."""
    row = await runtime.database[UPLOADS].find_one({"_id": id_, "by": by})
    return _parse_upload(row) if row else None


async def load_content(runtime: IntakeRuntime, id_: str) -> bytes:
    row = await runtime.database[UPLOADS].find_one({"_id": id_}, {"content": 1})
    assert row is not None
    sealed = Sealed.model_validate(row["content"])
    return runtime.resources.vault.open(f"sheet {id_}", sealed.cipher, sealed.key)


async def load_refused(runtime: IntakeRuntime, id_: str) -> bytes | None:
    """The file of refused rows, once it is done; None where there are none."""
    row = await runtime.database[UPLOADS].find_one({"_id": id_}, {"refused_rows": 1})
    if not row or "refused_rows" not in row:
        return None
    sealed = Sealed.model_validate(row["refused_rows"])
    return runtime.resources.vault.open(f"refused {id_}", sealed.cipher, sealed.key)


async def save_columns(runtime: IntakeRuntime, upload: Upload) -> None:
    """What the uploader says of its columns, before it is imported."""
    query = {"_id": upload.id, "by": upload.by, "state": "preview"}
    answers = {"mapping": upload.mapping, "constants": upload.constants}
    await runtime.database[UPLOADS].update_one(query, {"$set": answers})


async def start_upload(runtime: IntakeRuntime, upload: Upload) -> None:
    """Once: a second time it runs or is done already."""
    query = {"_id": upload.id, "by": upload.by, "state": "preview"}
    counts = {"total": upload.total, "refused": upload.refused}
    await runtime.database[UPLOADS].update_one(query, {"$set": {"state": "running", **counts}})


def _parse_upload(row: Document) -> Upload:
    return Upload(
        id=row["_id"],
        by=row["by"],
        state=row["state"],
        channel=Channel(row["channel"]),
        total=row["total"],
        mapping=row.get("mapping", {}),
        constants=row.get("constants", {}),
        finished=row.get("finished", 0),
        decisions=row.get("decisions", {}),
        refused=row.get("refused", 0),
        at=row["at"],
    )


# --- importing ------------------------------------------------------------------------------------


async def import_uploads(runtime: IntakeRuntime) -> None:
    """Until cancelled. After a restart a sheet is begun again: its rows are known by their keys."""
    while True:
        row = await runtime.database[UPLOADS].find_one({"state": "running"})
        if row is None:
            await asyncio.sleep(POLL_S)
            continue
        try:
            await _import(runtime, _parse_upload(row))
        except (Transient, BugBrake):
            await asyncio.sleep(POLL_S)


async def _import(runtime: IntakeRuntime, upload: Upload) -> None:
    rows = runtime.database[UPLOADS]
    try:
        caller = runtime.keyring.require_credential(upload.by)
    except Unauthenticated:
        await rows.update_one({"_id": upload.id}, {"$set": {"state": "stopped"}})
        return
    content = await load_content(runtime, upload.id)
    rules = runtime.resources.rules
    try:
        sheet = await runtime.resources.sheet_gate.read(read_sheet, content, upload, caller, rules)
    except Invalid as invalid:  # one that nobody can read must not keep the others waiting
        log.warning("upload_unreadable", code=invalid.problems[0].code)
        await rows.update_one({"_id": upload.id}, {"$set": {"state": "preview"}})
        return
    decisions = Counter({REPEATED: len(sheet.repeated)} if sheet.repeated else {})
    refused = list(sheet.refused)
    for start in range(0, len(sheet.rows), BATCH_ROWS):
        batch = sheet.rows[start : start + BATCH_ROWS]
        refused.extend(await _import_batch(runtime, caller, upload, batch, decisions))
        progress = {"finished": start + len(batch), "decisions": dict(decisions)}
        await rows.update_one({"_id": upload.id}, {"$set": progress})
    refused.sort(key=lambda row: row.line)
    end: dict[str, object] = {"state": "done", "refused": len(refused)}
    if refused:
        text = format_refused(sheet.headers, refused)
        sealed = runtime.resources.vault.seal(f"refused {upload.id}", text.encode("utf-8-sig"))
        end["refused_rows"] = sealed.model_dump()
    await rows.update_one({"_id": upload.id}, {"$set": end, "$unset": {"content": ""}})


async def _import_batch(
    runtime: IntakeRuntime,
    caller: Credential,
    upload: Upload,
    batch: Sequence[SheetRequest],
    decisions: Counter[str],
) -> list[RefusedRow]:
    """Those that were refused; the others are counted."""
    work = [
        Row(
            {},
            Command(
                name_recorder(row.request, caller),
                key=f"{caller.speaks_as}|{row.key}",
                principal=caller.principal,
            ),
        )
        for row in batch
    ]
    answers = (await answer_rows(runtime.processor, work))["answers"]
    earlier = await _find_earlier(runtime, upload, answers)
    refused = []
    for row, parsed, first in zip(batch, work, answers, strict=True):
        answer = first
        if _is_reused(answer):
            correction = make_correction(_restore_row(row), parsed, caller)
            (answer,) = (await answer_rows(runtime.processor, [correction]))["answers"]
        if problems := _parse_problems(answer):
            refused.append(RefusedRow(row.line, row.original, problems))
        elif answer is first and answer.get("request_id") in earlier:
            decisions[EARLIER] += 1
        else:
            decisions[answer["decision"]] += 1
    return refused


async def _find_earlier(
    runtime: IntakeRuntime, upload: Upload, answers: Sequence[Document]
) -> set[str]:
    """The requests that were recorded before this sheet was uploaded: its rows are not new. Those
    of the same sheet, begun again after a restart, are."""
    ids = [answer["request_id"] for answer in answers if "request_id" in answer]
    query = {"_id": {"$in": ids}, "recorded_at": {"$lt": upload.at}}
    rows = runtime.database[Request.COLLECTION].find(query, {"_id": 1})
    return {row["_id"] for row in await rows.to_list(None)}


def _is_reused(answer: Document) -> bool:
    """The row was imported before and says something else now."""
    return any(problem.code == KEY_REUSED.code for problem in _parse_problems(answer))


def _restore_row(row: SheetRequest) -> RequestRow:
    content = row.request.model_dump(mode="json", exclude_none=True)
    return RequestRow(idempotency_key=row.key, request=content)
