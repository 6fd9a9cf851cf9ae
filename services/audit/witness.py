"""The witness over HTTP (C2SP tlog-witness): one address, `POST /add-checkpoint`."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

from services.audit.tlog.cosigner import Cosigner, Record, RefusedError
from services.audit.tlog.keys import KeyFile
from services.audit.tlog.note import COSIGNATURE, VerifierKey

BODY_BYTES_MAX = 64 * 1024

KEY_FILE = "witness.key"


def open_key_file(data: Path, name: str) -> KeyFile:
    return KeyFile(data / KEY_FILE, name, COSIGNATURE)


def create_witness(data: Path, name: str, logs: Sequence[VerifierKey]) -> FastAPI:
    """`data` keeps its key (made at the first start) and what it cosigned."""
    record = Record(data)
    (key,) = open_key_file(data, name).read()
    cosigner = Cosigner(key, logs, record, now_s=lambda: int(time.time()))
    app = FastAPI(title=f"莞家见证 Guanjia witness: {name}", redoc_url=None)

    @app.post("/add-checkpoint", response_class=PlainTextResponse)
    async def add_checkpoint(request: Request) -> Response:
        """C2SP tlog-witness: answers with a cosignature line, or says why not."""
        try:
            body = await _read_body(request)
            return PlainTextResponse(await asyncio.to_thread(cosigner.add_checkpoint, body))
        except RefusedError as no:
            return Response(no.text, no.status, media_type=no.media_type)

    return app


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise RefusedError(400, f"more than {BODY_BYTES_MAX} bytes")
    return bytes(body)
