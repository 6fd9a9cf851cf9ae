"""HTTP for what did not arrive, what never will, and what the person thinks of it."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from services.matching.api.callers import Receiving, scope_of
from services.matching.model.match import GiveUpMatch, RateMatch, ReopenMatch, ReopenReason, Stars
from shared.contracts.values import Identifier, Value
from shared.security import Credential, Role
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to

router = APIRouter(tags=["matches"])

# Who was with the person may write down what the person thinks.
Asking = Annotated[Credential, Depends(allow(Role.COLLECTOR))]


class NotArrived(Value):
    reason: ReopenReason


class Rating(Value):
    stars: Stars


@router.post("/matches/{match_id}/reopen")
async def reopen(
    match_id: Identifier,
    said: NotArrived,
    caller: Receiving,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Delivered: to be delivered again. Confirmed, within the window: the request asks anew."""
    command = ReopenMatch(match_id=match_id, scope=scope_of(caller), reason=said.reason)
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/give-up")
async def give_up(
    match_id: Identifier, caller: Receiving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = GiveUpMatch(match_id=match_id, scope=scope_of(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/rate")
async def rate(
    match_id: Identifier, said: Rating, caller: Asking, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = RateMatch(match_id=match_id, scope=scope_of(caller), stars=said.stars)
    return await answer_to(runtime, caller, command, key)
