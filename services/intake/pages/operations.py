"""How all services are doing, on one page for its operators; and one request's way through it.

Each service says of itself what it knows (`shared/web/operation_pages.py`), asked of all at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.intake import model, worklist
from services.intake.history import list_history
from services.intake.neighbours import ask_neighbour
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from shared.contracts.history import Part
from shared.contracts.operations import OPERATIONS_PATH, ServiceState
from shared.contracts.values import CHINA
from shared.references import format_reference
from shared.scope import Scope
from shared.security import Credential, Role
from shared.web.access import allow, find_scope
from shared.web.actions import SERVICE_NAMES
from shared.web.live import stream_part
from shared.web.operation_pages import describe_state
from shared.web.pages import Pages
from shared.web.staff import PageRouter

router = PageRouter()
PAGES = Pages("services.intake")
OVERVIEW_PATH = "/operations"
WAY_PATH = f"{OVERVIEW_PATH}/way"
LIVE_PATH = f"{OVERVIEW_PATH}/live"

Operator = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]
Reference = Annotated[str, Query(max_length=40, pattern=r"^\s*(R-)?[0-9A-Za-z]*\s*$")]


@router.get(OVERVIEW_PATH)
async def show_operations(
    _caller: Operator, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    return PAGES.render_with_script(
        request,
        "operations.html",
        rows=await _list_rows(runtime, request),
        way_path=WAY_PATH,
        live_path=LIVE_PATH,
    )


@router.get(LIVE_PATH)
async def stream_operations(
    caller: Operator, request: Request, runtime: IntakeRuntimeDep
) -> Response:
    async def draw() -> str:
        rows = await _list_rows(runtime, request)
        return PAGES.render_part(request, "operations_services.html", rows=rows)

    return stream_part(request, caller, draw)


async def _list_rows(
    runtime: IntakeRuntime, request: Request
) -> list[tuple[str, tuple[str, str], ServiceState | None]]:
    states = await list_states(runtime, request.app.state.ready())
    return [(name, SERVICE_NAMES[name], state) for name, state in states]


async def list_states(
    runtime: IntakeRuntime, obstacle: str
) -> list[tuple[str, ServiceState | None]]:
    """Of all services, in the order of a case's way; None of one that does not answer."""
    settings = runtime.settings
    urls = {
        "matching": settings.matching_url,
        "notify": settings.notify_url,
        "audit": settings.audit_url,
    }
    own, *others = await asyncio.gather(
        describe_state(runtime, obstacle), *(_ask(runtime, url) for url in urls.values())
    )
    return [("intake", own), *zip(urls, others, strict=True)]


async def _ask(runtime: IntakeRuntime, url: str) -> ServiceState | None:
    answer = await ask_neighbour(runtime, url, OPERATIONS_PATH, b"{}")
    try:
        return ServiceState.model_validate_json(answer) if answer is not None else None
    except ValidationError:
        return None


# --- one request's way ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WayRow:
    """after: how long after the row before, such as 1.2 s; empty of the first."""

    at: str
    after: str
    part: Part


@router.get(WAY_PATH)
async def show_way(
    caller: Operator, request: Request, runtime: IntakeRuntimeDep, reference: Reference = ""
) -> Response:
    """Times, states and sums of every service; of the person nothing."""
    ways = [
        (format_reference(row.id), row.id, *await _list_way(runtime, row))
        for row in await _find(runtime, find_scope(caller), reference.strip())
    ]
    return PAGES.render_for(
        request, "operations_way.html", ways=ways, reference=reference, way_path=WAY_PATH
    )


async def _find(runtime: IntakeRuntime, scope: Scope, reference: str) -> Sequence[model.Request]:
    if not reference:
        return []
    return await worklist.find_by_reference(runtime.database, scope, reference)


async def _list_way(
    runtime: IntakeRuntime, request: model.Request
) -> tuple[list[WayRow], list[tuple[str, str]]]:
    parts, silent = await list_history(runtime, request)
    dated = [part for part in parts if part.at]
    afters = ["", *(_format_gap(one, other) for one, other in pairwise(dated))]
    return [
        WayRow(f"{part.at.astimezone(CHINA):%m-%d %H:%M:%S}", after, part)
        for part, after in zip(dated, afters, strict=True)
        if part.at
    ], silent


def _format_gap(earlier: Part, later: Part) -> str:
    assert earlier.at is not None
    assert later.at is not None
    seconds = (later.at - earlier.at).total_seconds()
    return f"+{seconds:.1f} s" if seconds < 3600 else f"+{seconds / 3600:.1f} h"
