"""Lists of requests: what a channel sent, what staff of a place see, a page at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from services.intake import store, views
from services.intake.api.requests import CASE_WORKERS, Reader, hide_from_partner, load_seen_request
from services.intake.model import Person, Request, RequestState
from services.intake.resources import IntakeRuntime, IntakeRuntimeDep
from services.intake.rules import LEVELS
from shared.contracts.events import ApprovalLevel
from shared.contracts.values import Channel, TownCode, Value
from shared.messages import FORBIDDEN
from shared.partner_ids import is_partner
from shared.scope import Scope
from shared.security import Credential
from shared.web.access import Denied, Router, find_scope
from shared.web.openapi import NAMED_STATUSES

router = Router()


class Selection(Value):
    """Which requests are listed. level: those that an approver of this level may decide."""

    state: RequestState | None = None
    channel: Channel | None = None
    level: ApprovalLevel | None = None
    town: TownCode | None = None
    after: str = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    with_text: bool = False

    def build_query(self) -> dict[str, object]:
        query: dict[str, object] = {}
        if self.state:
            query["state"] = self.state.value
        if self.channel:
            query["channel"] = self.channel.value
        if self.level:
            query["approval_level"] = {"$in": LEVELS[: LEVELS.index(self.level) + 1]}
        if self.town:
            query["$and"] = [{"area.town_code": self.town}]
        return query


@router.get("/requests", responses={404: {"description": NAMED_STATUSES["404"]}})
async def list_requests(
    caller: Reader,
    runtime: IntakeRuntimeDep,
    picked: Annotated[Selection, Query()],
) -> dict[str, object]:
    """One page, the oldest first; `next` is the `after` of the following one, null at the end.

    A channel sees what it sent, staff their area. with_text: who asks and his words, for who works
    on requests; the look is logged.
    """
    if picked.with_text and not caller.roles & CASE_WORKERS:
        raise Denied(FORBIDDEN.refusal(403))
    scope = find_scope(caller)
    after = await _find_last_seen(runtime, picked.after, scope)
    query = {**scope.build_query(store.REQUESTS), **picked.build_query()}
    requests = await store.load_requests(runtime.database, query, after, picked.limit)
    now = await runtime.processor.now()
    rows = [views.describe_row(request, now) for request in requests]
    if is_partner(caller):
        rows = [
            hide_from_partner(row, request, caller, runtime)
            for row, request in zip(rows, requests, strict=True)
        ]
    if picked.with_text:
        persons = await _find_looked_at(runtime, caller, requests, now)
        rows = [
            row | views.describe_listed(runtime.resources.vault, request, persons, scope)
            for row, request in zip(rows, requests, strict=True)
        ]
    following = requests[-1].id if len(requests) == picked.limit else None
    return {"requests": rows, "next": following}


async def _find_last_seen(runtime: IntakeRuntime, id_: str, scope: Scope) -> Request | None:
    """Where the page before ended; another's id is as unknown as none."""
    if not id_:
        return None
    return await load_seen_request(runtime, scope, id_, "after")


async def _find_looked_at(
    runtime: IntakeRuntime, caller: Credential, requests: Sequence[Request], at: datetime
) -> dict[str, Person]:
    """Who is read about: logged before it is shown."""
    ids = dict.fromkeys(request.person_id for request in requests)
    persons = await store.load_persons(runtime.database, ids)
    await store.VAULT_LOOKS.add(runtime.database, caller, "list_requests", persons, at)
    return persons
