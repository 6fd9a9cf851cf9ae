"""HTTP for matches: listed, accepted, declined, delivered, confirmed; and the sums."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import views
from services.matching.api.callers import (
    ROWS_MAX,
    Donor,
    Handing,
    Reading,
    Receiving,
    Staff,
    owner_scope,
    row_result,
    scope_of,
)
from services.matching.decide.unknown import no_such
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    DeclineReason,
    DeliverMatch,
    Match,
    MatchCommand,
    MatchState,
)
from shared import mongo
from shared.contracts.values import Identifier, Value
from shared.messaging.decision import Command
from shared.runtime import Runtime
from shared.security import Credential
from shared.web.access import IdempotencyKey, RuntimeDep, answer_to, respond

router = APIRouter(tags=["matches"])


@router.get("/matches")
async def list_matches(
    caller: Reading,
    runtime: RuntimeDep,
    state: Annotated[list[MatchState] | None, Query()] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = 100,
) -> Response:
    """`{"matches": [...], "next": the last id or null}`; go on with `after=<next>`."""
    found = await views.matches_seen(runtime.database, scope_of(caller), state or [], after, limit)
    more = found[-1].id if len(found) == limit else None
    return JSONResponse({"matches": [views.match_view(m) for m in found], "next": more})


@router.get("/matches/{match_id}")
async def read_match(match_id: Identifier, caller: Reading, runtime: RuntimeDep) -> Response:
    match = await mongo.load(runtime.database, Match, match_id)
    if match is None or not scope_of(caller).sees(match):
        return respond(no_such("match"))
    return JSONResponse(views.match_view(match))


class Declining(Value):
    reason: DeclineReason


@router.post("/matches/{match_id}/accept")
async def accept(
    match_id: Identifier, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = AcceptMatch(match_id=match_id, scope=owner_scope(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/decline")
async def decline(
    match_id: Identifier, body: Declining, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = DeclineMatch(match_id=match_id, scope=owner_scope(caller), reason=body.reason)
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/deliver")
async def deliver(
    match_id: Identifier, caller: Handing, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = DeliverMatch(match_id=match_id, scope=scope_of(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/confirm")
async def confirm(
    match_id: Identifier, caller: Receiving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = ConfirmMatch(match_id=match_id, scope=scope_of(caller))
    return await answer_to(runtime, caller, command, key)


class MatchIds(Value):
    match_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=ROWS_MAX)]


@router.post("/matches/accept")
async def accept_many(
    ids: MatchIds, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    return await _answer_many(runtime, caller, AcceptMatch, ids, key)


@router.post("/matches/deliver")
async def deliver_many(
    ids: MatchIds, caller: Handing, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    return await _answer_many(runtime, caller, DeliverMatch, ids, key)


@router.post("/matches/confirm")
async def confirm_many(
    ids: MatchIds, caller: Receiving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    return await _answer_many(runtime, caller, ConfirmMatch, ids, key)


async def _answer_many(
    runtime: Runtime, caller: Credential, kind: type[MatchCommand], ids: MatchIds, key: str
) -> Response:
    """Each decided on its own: `{"answers": [{match_id, status, ...}]}`."""
    source = caller.speaks_as
    scope = owner_scope(caller) if kind is AcceptMatch else scope_of(caller)
    commands = [
        Command(
            kind(match_id=id_, scope=scope),
            key=f"{source}|{key}|{id_}",
            principal=caller.id,
        )
        for id_ in ids.match_ids
    ]
    answers = await runtime.processor.execute_many(commands)
    told = [
        {"match_id": id_} | row_result(answer)
        for id_, answer in zip(ids.match_ids, answers, strict=True)
    ]
    return JSONResponse({"answers": told})


@router.get("/summary")
async def read_summary(caller: Staff, runtime: RuntimeDep) -> Response:
    """Counts by state and sums by unit, over the caller's area; offers only for the whole city."""
    return JSONResponse(await views.summary(runtime.database, caller.area))
