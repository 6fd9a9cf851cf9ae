"""The log of what staff did, for each of them his own, for auditors and operators everybody's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from shared.actions import Action, ActionQuery, list_actions
from shared.contracts.topics import SERVICES
from shared.contracts.values import CHINA
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role
from shared.web.access import Router, RuntimeDep, allow
from shared.web.action_names import name_action
from shared.web.links import FRAME
from shared.web.staff import PageRouter

ROWS = 50
Staff = Annotated[Credential, Depends(allow(*STAFF))]
Word = Annotated[str, Query(max_length=100)]
Before = Annotated[str, Query(pattern=r"^([0-9a-f]{24})?$")]

SERVICE_NAMES = {
    "intake": ("诉求", "Requests"),
    "matching": ("对接", "Matching"),
    "notify": ("通知", "Notices"),
    "audit": ("账目", "Ledger"),
}


def build_routers(service: str) -> tuple[APIRouter, APIRouter]:
    """For programs at `/actions`, for people at `/<service>/actions`."""
    programs = Router(tags=["operations"])
    programs.add_api_route("/actions", read_actions)
    people = PageRouter()
    people.add_api_route(f"/{service}/actions", show_actions)
    return programs, people


async def read_actions(
    caller: Staff, runtime: RuntimeDep, who: Word = "", target: Word = "", before: Before = ""
) -> dict[str, object]:
    """Latest first; `next` is the `before` of the page after."""
    rows = await _find(runtime, caller, ActionQuery(who, target, before))
    return {"actions": [_describe(row) for row in rows], "next": _find_next(rows)}


async def show_actions(
    caller: Staff,
    request: Request,
    runtime: RuntimeDep,
    who: Word = "",
    target: Word = "",
    before: Before = "",
) -> Response:
    query = ActionQuery(who.strip(), target.strip(), before)
    rows = await _find(runtime, caller, query)
    return FRAME.render_for(
        request,
        "actions.html",
        rows=[_describe(row) | {"at": row.at} for row in rows],
        query=query,
        next=_find_next(rows),
        may_see_all=_may_see_all(caller),
        service=runtime.name,
        services=[(name, SERVICE_NAMES[name]) for name in SERVICES],
    )


def _may_see_all(caller: Credential) -> bool:
    """Rows have no area."""
    return not caller.area and not caller.roles.isdisjoint({Role.AUDITOR, Role.OPERATOR})


async def _find(runtime: Runtime, caller: Credential, query: ActionQuery) -> list[Action]:
    if not _may_see_all(caller):
        query = ActionQuery(caller.principal, query.target, query.before)
    return list(await list_actions(runtime.database, query, ROWS))


def _find_next(rows: list[Action]) -> str | None:
    return rows[-1].id if len(rows) == ROWS else None


def _describe(action: Action) -> dict[str, object]:
    zh, en = name_action(action.method, action.route)
    return {
        "at": f"{action.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        "who": action.who,
        "by": action.by,
        "action_zh": zh,
        "action": en,
        "route": f"{action.method} {action.route}",
        "targets": list(action.targets),
        "status": action.status,
        "done": action.is_done,
    }
