"""HTTP for rounds: what was held, with what it takes to solve it again; and a whole one now."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response

from services.matching.api.callers import Staff
from services.matching.decide.unknown import no_such
from services.matching.model.round import DemandWholeRound, Round, RoundKind
from services.matching.rounds import stored
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to, respond

router = APIRouter(tags=["rounds"])

Operator = Annotated[Credential, Depends(allow(Role.OPERATOR))]
Checking = Annotated[Credential, Depends(allow(Role.OPERATOR, Role.AUDITOR))]
ROUNDS_MAX = 500
NUMBER_MAX = 2**31
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


@router.post("/rounds/whole", status_code=202)
async def demand_whole(caller: Operator, runtime: RuntimeDep, key: IdempotencyKey) -> Response:
    """The next round finds the optimum over the whole open pool. `{"pool", "asked_at"}`."""
    return await answer_to(runtime, caller, DemandWholeRound(), key)


@router.get("/rounds")
async def list_rounds(
    caller: Staff,  # noqa: ARG001
    runtime: RuntimeDep,
    after: Annotated[int, Query(ge=0, le=NUMBER_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=ROUNDS_MAX)] = 100,
) -> Response:
    """`{"rounds": [...], "next": the last number or null}`; go on with `after=<next>`."""
    found = await stored.heads(runtime.database, after, limit)
    more = found[-1].number if len(found) == limit else None
    return JSONResponse({"rounds": [_head(held) for held in found], "next": more})


@router.get("/rounds/latest")
async def latest_round(
    caller: Staff,  # noqa: ARG001
    runtime: RuntimeDep,
    kind: RoundKind | None = None,
) -> Response:
    """`{"round": {...} or null}`. kind=whole: the last that is done."""
    database = runtime.database
    whole = kind == "whole"
    found = await (stored.latest_whole(database) if whole else stored.latest(database))
    return JSONResponse({"round": _head(found) if found else None})


@router.get("/rounds/{number}")
async def read_round(number: Number, caller: Checking, runtime: RuntimeDep) -> Response:  # noqa: ARG001
    """`{"round": {...}, "inputs": text}`: all that a replay takes. No personal data is in it."""
    held = await stored.load(runtime.database, number)
    inputs = await stored.inputs_of(runtime.database, number)
    if held is None or inputs is None:
        return respond(no_such("round"))
    return JSONResponse({"round": held.model_dump(mode="json"), "inputs": inputs})


def _head(held: Round) -> dict[str, Any]:
    return held.model_dump(mode="json", exclude={"allocations", "prices", "due_at"})
