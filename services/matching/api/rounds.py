"""HTTP for rounds: what was run, with what it takes to solve it again, a whole one now; and why."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.responses import JSONResponse, Response

from services.matching.api.callers import FIELD_ROLES, ReadingCaller
from services.matching.explaining.explainer import find_partner_offers
from services.matching.explaining.naming import name_donors
from services.matching.explaining.substitutes import find_substitutes
from services.matching.messages import MATCH_UNKNOWN, NEED_UNKNOWN, ROUND_UNKNOWN
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.round import DemandWholeRound, Round, RoundKind
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from services.matching.rounds import store as round_store
from shared import mongo
from shared.contracts.values import Identifier
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

router = Router(tags=["rounds"])

# A round is over the pool of the whole city.
OperatorCaller = Annotated[Credential, Depends(allow(Role.OPERATOR, whole_city=True))]
RoundReader = Annotated[Credential, Depends(allow(*sorted(STAFF), whole_city=True))]
ReplayingCaller = Annotated[
    Credential, Depends(allow(Role.OPERATOR, Role.AUDITOR, whole_city=True))
]
ROUNDS_MAX = 500
NUMBER_MAX = 2**31
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


@router.post("/rounds/whole", status_code=202)
async def demand_whole_round(
    caller: OperatorCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    """The next round finds the optimum over the whole open pool. `{"pool", "asked_at"}`."""
    return await answer_to(runtime, caller, DemandWholeRound(), key)


@router.get("/rounds")
async def read_rounds(
    caller: RoundReader,  # noqa: ARG001
    runtime: RuntimeDep,
    after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=ROUNDS_MAX)] = 100,
) -> Response:
    """`{"rounds": [...], "next": the last number or null}`; go on with `after=<next>`."""
    rounds = await round_store.list_rounds(runtime.database, after, limit)
    more = rounds[-1].number if len(rounds) == limit else None
    return JSONResponse({"rounds": [_describe_head(round_) for round_ in rounds], "next": more})


@router.get("/rounds/latest")
async def read_latest_round(
    caller: RoundReader,  # noqa: ARG001
    runtime: RuntimeDep,
    kind: RoundKind | None = None,
) -> Response:
    """`{"round": {...} or null}`. kind=whole: the last that is done."""
    database = runtime.database
    latest = await (
        round_store.find_latest_whole(database)
        if kind == "whole"
        else round_store.find_latest(database)
    )
    return JSONResponse({"round": _describe_head(latest) if latest else None})


@router.get("/rounds/{number}")
async def read_round(number: Number, caller: ReplayingCaller, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    """`{"round": {...}, "inputs": text}`: all that a replay takes. No personal data is in it."""
    round_ = await round_store.load_round(runtime.database, number)
    inputs = await round_store.load_inputs(runtime.database, number)
    if round_ is None or inputs is None:
        return respond(ROUND_UNKNOWN.refusal(404))
    return JSONResponse({"round": round_.model_dump(mode="json"), "inputs": inputs})


def _describe_head(round_: Round) -> dict[str, object]:
    return round_.model_dump(mode="json", exclude={"allocations", "prices", "due_at"})


# --- explanations ---------------------------------------------------------------------------------

explanation_router = Router(tags=["explanations"])


@explanation_router.get("/matches/{match_id}/explanation")
async def explain_match(
    match_id: Identifier, caller: ReadingCaller, runtime: MatchingRuntimeDep
) -> Response:
    """The request's level, the score of each candidate by term, who lost by how much, and `text`.

    A partner reads of his own offers by id, of others' without.
    """
    match = await mongo.load(runtime.database, Match, match_id)
    scope = find_scope(caller)
    if match is None or not match.is_seen(scope):
        return respond(MATCH_UNKNOWN.refusal(404))
    explainer = runtime.resources
    named = await find_partner_offers(runtime.database, scope.source)
    answer = await explainer.explain_match(runtime.database, match, named)
    return JSONResponse(await _name_donors(runtime, caller, answer))


@explanation_router.get("/needs/{request_id}/explanation")
async def explain_need(
    request_id: Identifier, caller: ReadingCaller, runtime: MatchingRuntimeDep
) -> Response:
    """Why it still waits, and what the nearest candidate would take."""
    database = runtime.database
    need = await mongo.load(database, Need, request_id)
    scope = find_scope(caller)
    if need is None or not scope.sees_place(need.town_code, need.village_code):
        return respond(NEED_UNKNOWN.refusal(404))
    weights, now = runtime.settings.weights, await runtime.processor.now()
    named = await find_partner_offers(database, scope.source)
    explainer = runtime.resources
    answer = await explainer.explain_need(database, need, now, weights, named)
    if caller.roles & STAFF:
        answer = await _add_substitutes(runtime, need, now, answer)
    return JSONResponse(await _name_donors(runtime, caller, answer))


async def _add_substitutes(
    runtime: MatchingRuntime, need: Need, now: datetime, answer: dict[str, object]
) -> dict[str, object]:
    """What else is offered, where the catalogue says that it may take its place."""
    is_gone, catalogue = runtime.keyring.is_partner_gone, runtime.settings.catalogue
    substitutes = await find_substitutes(runtime.database, is_gone, catalogue, need, now)
    text = answer.get("text")
    lines = text if isinstance(text, list) else []
    return answer | {
        "substitutes": [asdict(each) for each in substitutes],
        "text": [*lines, *(each.format(need.item) for each in substitutes)],
    }


async def _name_donors(
    runtime: MatchingRuntime, caller: Credential, answer: dict[str, object]
) -> dict[str, object]:
    """A partner knows his own offers by their ids. Names are for who works on the request."""
    if not caller.roles & STAFF:
        return answer
    for_whom = caller.principal if caller.roles & {*FIELD_ROLES} else None
    return await name_donors(runtime.database, runtime.resources.persons, answer, for_whom)
