"""A request's way through all services: what each says of it, asked of each at once.

Asked from server to server, because the reader's part of the city is known here alone, and the page
works without script. A service that does not answer leaves a gap that is named.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime

import orjson
from pydantic import ValidationError

from services.intake.clocks.words import describe_event
from services.intake.model import Request, RequestState
from services.intake.resources import IntakeRuntime
from shared.contracts.history import (
    HISTORY_PATH,
    PARTS_MAX,
    History,
    HistoryQuery,
    HistoryService,
    Part,
)
from shared.contracts.values import LABELS
from shared.http import CallError

__all__ = ["Part", "list_history"]

ANSWERED_S = 2.0
SILENT: dict[HistoryService, tuple[str, str]] = {
    "matching": ("对接", "matching"),
    "audit": ("账目", "the books"),
    "notify": ("通知", "notices"),
}


async def list_history(
    runtime: IntakeRuntime, request: Request
) -> tuple[list[Part], list[tuple[str, str]]]:
    """In the order of time, what has none at its end; and who did not answer."""
    urls: dict[HistoryService, str] = {
        "matching": runtime.settings.matching_url,
        "audit": runtime.settings.audit_url,
        "notify": runtime.settings.notify_url,
    }
    query = HistoryQuery(
        request_id=request.id,
        person_id=request.person_id,
        match_ids=tuple(request.matches)[:PARTS_MAX],
    )
    answers = await asyncio.gather(*(_ask(runtime, url, query) for url in urls.values()))
    parts = list(list_own(request))
    for answer in answers:
        parts.extend(answer or ())
    silent = [
        SILENT[service] for service, answer in zip(urls, answers, strict=True) if answer is None
    ]
    dated = sorted((part for part in parts if part.at), key=lambda part: str(part.at))
    return [*dated, *(part for part in parts if part.at is None)], silent


async def _ask(runtime: IntakeRuntime, url: str, query: HistoryQuery) -> tuple[Part, ...] | None:
    """None where there is no answer."""
    token = runtime.settings.secrets_dir / "service.token"
    try:
        reply = await runtime.http.post(
            f"{url.rstrip('/')}{HISTORY_PATH}",
            orjson.dumps(query.model_dump(mode="json")),
            headers={
                "Authorization": f"Bearer {token.read_text().strip()}",
                "Content-Type": "application/json",
            },
            timeout_s=ANSWERED_S,
        )
        return History.model_validate_json(reply.body).parts if reply.is_success else None
    except (CallError, OSError, ValidationError):
        return None


# --- what intake itself knows ---------------------------------------------------------------------


def list_own(request: Request) -> Iterator[Part]:
    by = f"（{request.recorded_by}）" if request.recorded_by else ""
    yield _say(
        request.recorded_at,
        f"登记：{LABELS[request.channel]}{by}",
        f"recorded: {request.channel.replace('_', ' ')} {request.recorded_by}".strip(),
    )
    for event in request.clock.events if request.clock else ():
        if event.step not in ("started", "stopped"):
            yield _say(event.at, *describe_event(event))
    if confirmation := request.confirmation:
        class_zh = LABELS[confirmation.beneficiary_class]
        class_en = confirmation.beneficiary_class.replace("_", " ")
        yield _say(
            confirmation.at,
            f"困难类别核实为“{class_zh}”（{confirmation.by}）",
            f"class checked: {class_en}, by {confirmation.by}",
        )
    if sighting := request.sighting:
        yield _say(
            None,
            f"{sighting.on} 见到本人（{sighting.by}）",
            f"the person was met on {sighting.on} by {sighting.by}",
        )
    if request.approved_by:
        declined = request.state is RequestState.DECLINED
        verb = ("未通过", "declined") if declined else ("批准", "approved")
        yield _say(
            None, f"{verb[0]}（{request.approved_by}）", f"{verb[1]} by {request.approved_by}"
        )


def _say(at: datetime | None, zh: str, en: str) -> Part:
    return Part(at=at, service="intake", zh=zh, en=en)
