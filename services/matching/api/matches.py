"""HTTP for matches, from proposal to rating; the sums over them; the year's selection."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import views
from services.matching.api.callers import (
    ROWS_MAX,
    DonorCaller,
    HandingCaller,
    ReadingCaller,
    StaffCaller,
    WitnessingCaller,
    find_owner_scope,
)
from services.matching.messages import CONFIRMER_SAME, MATCH_UNKNOWN, RATER_SAME
from services.matching.model.labels import DeclineReason, MatchState, ReopenReason
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    GiveUpMatch,
    Match,
    MatchCommand,
    RateMatch,
    ReopenMatch,
    ScheduleMatch,
    Stars,
    Witness,
)
from services.matching.partners import hide_persons
from services.matching.reports import list_selection_sheets
from services.matching.resources import MatchingRuntimeDep
from services.matching.selection import build_selection
from services.matching.witnesses import find_barred
from shared import mongo
from shared.contracts.values import Identifier, Kind, Value
from shared.messaging.decision import Command
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role
from shared.web.access import (
    IdempotencyKey,
    Router,
    RuntimeDep,
    allow,
    answer_to,
    find_scope,
    respond,
)
from shared.web.batches import Row, answer_rows
from shared.web.downloads import attach_report

router = Router(tags=["matches"])


@router.get("/matches")
async def read_matches(
    caller: ReadingCaller,
    runtime: RuntimeDep,
    state: Annotated[list[MatchState] | None, Query()] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = 100,
) -> Response:
    """`{"matches": [...], "next": the last id or null}`; go on with `after=<next>`."""
    matches = await views.list_matches(
        runtime.database, find_scope(caller), state or [], after, limit
    )
    more = matches[-1].id if len(matches) == limit else None
    rows = [hide_persons(runtime, caller, views.match_view(match)) for match in matches]
    return JSONResponse({"matches": rows, "next": more})


@router.get("/matches/{match_id}")
async def read_match(match_id: Identifier, caller: ReadingCaller, runtime: RuntimeDep) -> Response:
    match = await mongo.load(runtime.database, Match, match_id)
    if match is None or not match.is_seen(find_scope(caller)):
        return respond(MATCH_UNKNOWN.refusal(404))
    inside = views.describe_need_inside(match) if caller.roles & STAFF else {}
    return JSONResponse(hide_persons(runtime, caller, views.match_view(match) | inside))


class Decline(Value):
    reason: DeclineReason


@router.post("/matches/{match_id}/accept")
async def accept_match(
    match_id: Identifier, caller: DonorCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = AcceptMatch(match_id=match_id, scope=find_owner_scope(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/decline")
async def decline_match(
    match_id: Identifier,
    body: Decline,
    caller: DonorCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    command = DeclineMatch(match_id=match_id, scope=find_owner_scope(caller), reason=body.reason)
    return await answer_to(runtime, caller, command, key)


class ComingDay(Value):
    """In China: 2026-08-20."""

    comes_on: date


@router.post("/matches/{match_id}/schedule")
async def schedule_match(
    match_id: Identifier,
    day: ComingDay,
    caller: HandingCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """On which day the help comes: the person is told, and reminded the day before."""
    data = ScheduleMatch(match_id=match_id, scope=find_scope(caller), comes_on=day.comes_on)
    return await answer_to(runtime, caller, data, key)


@router.post("/matches/{match_id}/deliver")
async def deliver_match(
    match_id: Identifier, caller: HandingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = DeliverMatch(match_id=match_id, scope=find_scope(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/confirm")
async def confirm_match(
    match_id: Identifier,
    caller: WitnessingCaller,
    runtime: MatchingRuntimeDep,
    key: IdempotencyKey,
    witness: Witness | None = None,
) -> Response:
    """For a person who cannot say so himself: by another than recorded, accepted or delivered it,
    with what he saw."""
    if await find_barred(runtime, caller, [match_id]):
        return respond(CONFIRMER_SAME.refusal(409))
    command = ConfirmMatch(
        match_id=match_id, scope=find_scope(caller), by_staff=True, witness=witness
    )
    return await answer_to(runtime, caller, command, key)


class MatchIds(Value):
    match_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=ROWS_MAX)]


class WitnessedIds(MatchIds):
    """witness: what was seen of each of them."""

    witness: Witness | None = None


@router.post("/matches/accept")
async def accept_matches(
    ids: MatchIds, caller: DonorCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    build = partial(AcceptMatch, scope=find_owner_scope(caller))
    return await _execute_many(runtime, caller, build, ids, key)


@router.post("/matches/deliver")
async def deliver_matches(
    ids: MatchIds, caller: HandingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    build = partial(DeliverMatch, scope=find_scope(caller))
    return await _execute_many(runtime, caller, build, ids, key)


@router.post("/matches/confirm")
async def confirm_matches(
    ids: WitnessedIds, caller: WitnessingCaller, runtime: MatchingRuntimeDep, key: IdempotencyKey
) -> Response:
    build = partial(ConfirmMatch, scope=find_scope(caller), by_staff=True, witness=ids.witness)
    barred = await find_barred(runtime, caller, ids.match_ids)
    return await _execute_many(runtime, caller, build, ids, key, barred)


async def _execute_many(
    runtime: Runtime,
    caller: Credential,
    build: Callable[..., MatchCommand],
    ids: MatchIds,
    key: str,
    barred: frozenset[str] = frozenset(),
) -> Response:
    """Each decided on its own: `{"answers": [{match_id, status, ...}]}`. barred: those that the
    caller does not confirm."""
    source = caller.speaks_as
    rows = [
        Row(
            {"match_id": id_},
            CONFIRMER_SAME.refusal(409)
            if id_ in barred
            else Command(
                build(match_id=id_),
                key=f"{source}|{key}|{id_}",
                principal=caller.principal,
            ),
        )
        for id_ in ids.match_ids
    ]
    return JSONResponse(await answer_rows(runtime.processor, rows))


@router.get("/summary")
async def read_summary(caller: StaffCaller, runtime: RuntimeDep) -> Response:
    """Counts by state and sums by unit, over the caller's area; offers only for the whole city."""
    return JSONResponse(await views.build_summary(runtime.database, find_scope(caller)))


# A collector asks the person and writes the answer down: another than brought the help about.
CollectingCaller = Annotated[Credential, Depends(allow(Role.COLLECTOR))]


class NotArrived(Value):
    reason: ReopenReason


class Rating(Value):
    stars: Stars


@router.post("/matches/{match_id}/reopen")
async def reopen_match(
    match_id: Identifier,
    body: NotArrived,
    caller: WitnessingCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Delivered: to be delivered again. Confirmed, within the window: the request asks anew."""
    command = ReopenMatch(match_id=match_id, scope=find_scope(caller), reason=body.reason)
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/give-up")
async def give_up_match(
    match_id: Identifier, caller: WitnessingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = GiveUpMatch(match_id=match_id, scope=find_scope(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/rate")
async def rate_match(
    match_id: Identifier,
    body: Rating,
    caller: CollectingCaller,
    runtime: MatchingRuntimeDep,
    key: IdempotencyKey,
) -> Response:
    if await find_barred(runtime, caller, [match_id]):
        return respond(RATER_SAME.refusal(409))
    command = RateMatch(match_id=match_id, scope=find_scope(caller), stars=body.stars)
    return await answer_to(runtime, caller, command, key)


# --- the year's selection -------------------------------------------------------------------------

selection_router = Router(tags=["selection"])

TOP = 100


Top = Annotated[int, Query(ge=1, le=1000)]
SelectionYear = Annotated[int, Query(ge=2000, le=8998)]


@selection_router.get("/selection.xlsx")
async def download_selection(
    caller: StaffCaller,
    runtime: RuntimeDep,
    year: SelectionYear,
    kind: Kind | None = None,
    top: Top = TOP,
) -> Response:
    kinds = (kind,) if kind else tuple(Kind)
    scope = find_scope(caller)
    selection = await build_selection(runtime.database, scope, year, kinds, top)
    return await attach_report(list_selection_sheets(selection), f"guanjia-selection-{year}")


@selection_router.get("/selection")
async def read_selection(
    caller: StaffCaller,
    runtime: RuntimeDep,
    year: SelectionYear,
    kind: Kind | None = None,
    top: Top = TOP,
) -> Response:
    """Of the caller's area: ids, the score and its terms in hundredths of a point."""
    kinds = (kind,) if kind else tuple(Kind)
    scope = find_scope(caller)
    return JSONResponse(await build_selection(runtime.database, scope, year, kinds, top))
