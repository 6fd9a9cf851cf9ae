"""HTTP: the log for everybody; public by design, no credential."""

import asyncio
from typing import Annotated

import orjson
from fastapi import Path, Request, Response
from fastapi.responses import PlainTextResponse

from services.audit import messages
from services.audit.api.published import OPEN_TO_ALL, serve
from services.audit.public import PublicLogs
from services.audit.resources import AuditRuntimeDep
from services.audit.tlog.checkpoint import FROZEN as FROZEN_TEXT
from services.audit.tlog.tiles import CHECKPOINT
from shared.contracts.ledger_fields import INTEGER_MAX
from shared.errors import Message
from shared.web.access import Router, respond

router = Router()

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
FRESH = {"Cache-Control": "no-cache"}
# The log grows no more; a witness may still sign what stands, or a new key.
FROZEN = {"Cache-Control": "public, max-age=3600"}
# A proof by an older checkpoint remains a proof.
SOON_OLD = {"Cache-Control": "public, max-age=60"}
NOT_YET = {"Cache-Control": "no-store"}
FROZEN_LINE = f"\n{FROZEN_TEXT}\n\n".encode()

Index = Annotated[int, Path(ge=0, le=INTEGER_MAX)]
TEXT = "text/plain; charset=utf-8"


@router.head("/log", include_in_schema=False)
@router.get("/log")
async def list_logs(request: Request, runtime: AuditRuntimeDep) -> Response:
    """The logs that have something published, the latest first. What a checkpoint says is signed;
    this list is not."""
    logs = await asyncio.to_thread(_describe_logs, runtime.resources)
    content = orjson.dumps({"logs": logs})
    return await asyncio.to_thread(serve, request, content, "application/json", FRESH)


def _describe_logs(logs: PublicLogs) -> list[dict[str, object]]:
    checkpoints = ((name, logs.read_checkpoint(name)) for name in logs.list_names())
    return [
        {
            "name": name,
            "origin": standing.origin,
            "size": standing.size,
            "frozen": standing.frozen,
            "path": f"/log/{name}",
        }
        for name, standing in checkpoints
        if standing is not None
    ]


@router.head("/log/{log}/checkpoint", include_in_schema=False)
@router.get("/log/{log}/checkpoint", response_class=PlainTextResponse)
async def read_checkpoint(log: str, request: Request, runtime: AuditRuntimeDep) -> Response:
    """The signed checkpoint that stands (C2SP tlog-checkpoint)."""
    text = await asyncio.to_thread(runtime.resources.read, log, CHECKPOINT)
    if text is None:
        return _refuse_unknown(messages.CHECKPOINT_UNKNOWN)
    headers = FROZEN if FROZEN_LINE in text else FRESH
    return await asyncio.to_thread(serve, request, text, TEXT, headers)


@router.head("/log/{log}/tile/{place:path}", include_in_schema=False)
@router.get("/log/{log}/tile/{place:path}")
async def read_tile(log: str, place: str, request: Request, runtime: AuditRuntimeDep) -> Response:
    """A tile or an entry bundle (C2SP tlog-tiles); a partial one goes when it is full."""
    data = await asyncio.to_thread(runtime.resources.read, log, f"tile/{place}")
    if data is None:
        return _refuse_unknown(messages.TILE_UNKNOWN)
    return await asyncio.to_thread(serve, request, data, "application/octet-stream", IMMUTABLE)


@router.head("/log/{log}/proof/{index}", include_in_schema=False)
@router.get("/log/{log}/proof/{index}", response_class=PlainTextResponse)
async def read_proof(
    log: str, index: Index, request: Request, runtime: AuditRuntimeDep
) -> Response:
    """An entry, and the proof that the checkpoint that stands contains it (C2SP tlog-proof)."""
    receipt = await asyncio.to_thread(runtime.resources.read_receipt, log, index)
    if receipt is None:
        return _refuse_unknown(messages.ENTRY_UNKNOWN)
    headers = IMMUTABLE if FROZEN_LINE in receipt.checkpoint else SOON_OLD
    return await asyncio.to_thread(serve, request, bytes(receipt), TEXT, headers)


@router.head("/log/{log}/vkey", include_in_schema=False)
@router.get("/log/{log}/vkey", response_class=PlainTextResponse)
async def read_vkeys(log: str, request: Request, runtime: AuditRuntimeDep) -> Response:
    """The keys to check the log with, one a line; any one will do, there are two while one is
    replaced. Pin it: who could change the log could change this answer."""
    logs = runtime.resources
    origin = await asyncio.to_thread(logs.find_origin, log)
    if origin is None:
        return _refuse_unknown(messages.LOG_UNKNOWN)
    vkeys = await asyncio.to_thread(logs.list_vkeys, origin)
    if not vkeys:
        return _refuse_unknown(messages.KEY_UNKNOWN)
    text = "".join(f"{vkey}\n" for vkey in vkeys).encode()
    return await asyncio.to_thread(serve, request, text, TEXT, FRESH)


def _refuse_unknown(message: Message) -> Response:
    """What is not there yet may be there in a moment: nobody may keep this answer."""
    answer = respond(message.refusal(404))
    answer.headers.update(OPEN_TO_ALL | NOT_YET)
    return answer
