"""HTTP: the log for everybody; public by design, no credential."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import PlainTextResponse

from services.audit.api.answers import not_found, public_logs
from services.audit.tlog.checkpoint import FROZEN as FROZEN_TEXT
from services.audit.tlog.tiles import CHECKPOINT
from shared.contracts.ledger import INTEGER_MAX
from shared.web.access import RuntimeDep

router = APIRouter()

IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
FRESH = {"Cache-Control": "no-cache"}
# The log grows no more; a witness may still sign what stands, or a new key.
FROZEN = {"Cache-Control": "public, max-age=3600"}
# A proof by an older checkpoint stays a proof.
SOON_OLD = {"Cache-Control": "public, max-age=60"}
NOT_YET = {"Cache-Control": "no-store"}
FROZEN_LINE = f"\n{FROZEN_TEXT}\n\n".encode()

Index = Annotated[int, Path(ge=0, le=INTEGER_MAX)]


@router.get("/log/{log}/checkpoint", response_class=PlainTextResponse)
async def checkpoint(log: str, runtime: RuntimeDep) -> Response:
    """The signed checkpoint that stands (C2SP tlog-checkpoint)."""
    found = await asyncio.to_thread(public_logs(runtime).read, log, CHECKPOINT)
    if found is None:
        return _missing("检查点", "checkpoint")
    frozen = FROZEN_LINE in found
    return PlainTextResponse(found, headers=FROZEN if frozen else FRESH)


@router.get("/log/{log}/tile/{place:path}")
async def tile(log: str, place: str, runtime: RuntimeDep) -> Response:
    """A tile or an entry bundle (C2SP tlog-tiles); a partial one goes when it is full."""
    found = await asyncio.to_thread(public_logs(runtime).read, log, f"tile/{place}")
    if found is None:
        return _missing("数据块", "tile")
    return Response(found, media_type="application/octet-stream", headers=IMMUTABLE)


@router.get("/log/{log}/proof/{index}", response_class=PlainTextResponse)
async def proof(log: str, index: Index, runtime: RuntimeDep) -> Response:
    """An entry, and the proof that the checkpoint that stands contains it (C2SP tlog-proof)."""
    found = await asyncio.to_thread(public_logs(runtime).receipt, log, index)
    if found is None:
        return _missing("条目", "entry")
    headers = IMMUTABLE if FROZEN_LINE in found.checkpoint else SOON_OLD
    return PlainTextResponse(bytes(found), headers=headers)


@router.get("/log/{log}/vkey", response_class=PlainTextResponse)
async def vkey(log: str, runtime: RuntimeDep) -> Response:
    """The keys to check the log with, one a line; any one will do, there are two while one is
    replaced. Pin it: who could change the log could change this answer."""
    logs = public_logs(runtime)
    origin = await asyncio.to_thread(logs.origin_of, log)
    if origin is None:
        return _missing("账本日志", "log")
    found = await asyncio.to_thread(logs.vkeys, origin)
    if not found:
        return _missing("密钥", "key")
    return PlainTextResponse("".join(f"{key}\n" for key in found), headers=FRESH)


def _missing(zh: str, en: str) -> Response:
    """What is not there yet may be there in a moment: nobody may keep this answer."""
    answer = not_found(zh, en)
    answer.headers.update(NOT_YET)
    return answer
