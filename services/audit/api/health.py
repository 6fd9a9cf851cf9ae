"""HTTP: whether audit is ready, and which of its logs are not published as they should be."""

import json

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.audit.api.answers import public_logs
from services.audit.public import PublicLogs
from shared.web import operations

router = APIRouter(tags=["operations"])


@router.get("/health/ready")
async def ready_with_logs(request: Request) -> Response:
    """As every service says it, in front of whose route this one stands. One log's trouble is named
    under `logs` and changes no status: the other logs, and recording itself, go on."""
    answer = await operations.ready(request)
    runtime = request.app.state.runtime
    troubled = _troubled(public_logs(runtime)) if runtime else []
    if not troubled:
        return answer
    said = json.loads(bytes(answer.body)) | {"logs": troubled}
    return JSONResponse(said, status_code=answer.status_code)


def _troubled(logs: PublicLogs) -> list[dict[str, str]]:
    named = {"stopped": logs.stopped, "waits_for_witnesses": logs.waiting}
    return [
        {"log": origin, "state": state, "reason": why}
        for state, found in named.items()
        for origin, why in sorted(found.items())
    ]
