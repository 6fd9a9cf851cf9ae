"""HTTP: whether audit is ready, and which of its logs are not published as they should be."""

import json

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from services.audit.public import PublicLogs
from shared.web import operations
from shared.web.access import Router

router = Router(tags=["operations"])


@router.get("/health/ready")
async def show_readiness(request: Request) -> Response:
    """As every service says it, in front of whose route this one stands. One log's trouble is named
    under `logs` and changes no status: the other logs, and recording itself, go on."""
    answer = await operations.ready(request)
    runtime = request.app.state.runtime
    troubles = _list_troubles(runtime.resources) if runtime else []
    if not troubles:
        return answer
    body = json.loads(bytes(answer.body)) | {"logs": troubles}
    return JSONResponse(body, status_code=answer.status_code)


def _list_troubles(logs: PublicLogs) -> list[dict[str, str]]:
    reasons_by_state = {
        "stopped": logs.stopped,
        "unwritable": logs.unwritable,
        "database_differs": logs.differing,
        "waits_for_witnesses": logs.waiting,
    }
    return [
        {"log": origin, "state": state, "reason": reason}
        for state, reasons in reasons_by_state.items()
        for origin, reason in sorted(reasons.items())
    ]
