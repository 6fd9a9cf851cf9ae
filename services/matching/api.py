"""HTTP for staff and partners: offers in, matches handled, sums read."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field, ValidationError

from services.matching import views
from services.matching.model.match import (
    AcceptMatch,
    ConfirmMatch,
    DeclineMatch,
    DeliverMatch,
    Match,
    MatchCommand,
    MatchState,
    Scope,
)
from services.matching.model.offer import Offer, RegisterOffer, WithdrawOffer
from shared import mongo
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import Identifier, ShortText, Value
from shared.errors import Invalid, describe_validation
from shared.messaging.decision import Answer, Command, refusal
from shared.runtime import Runtime
from shared.security import STAFF, Credential, Role
from shared.web.access import IdempotencyKey, RuntimeDep, allow, answer_to, respond

router = APIRouter(tags=["matching"])

_FIELD = (
    Role.COLLECTOR,
    Role.APPROVER_VILLAGE,
    Role.APPROVER_TOWN,
    Role.APPROVER_CITY,
    Role.OPERATOR,
)
Giving = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, Role.COLLECTOR, Role.OPERATOR))]
# Who collects the need and hands the gift over does not also answer for the donor.
Donor = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, Role.OPERATOR))]
Handing = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *_FIELD))]
# Two-sided: who gives cannot say for the person that it arrived.
Receiving = Annotated[Credential, Depends(allow(*_FIELD))]
Reading = Annotated[Credential, Depends(allow(Role.DONOR_PARTNER, *sorted(STAFF)))]
Staff = Annotated[Credential, Depends(allow(*sorted(STAFF)))]

ROWS_MAX = 500


def source_of(caller: Credential) -> str:
    return caller.source or caller.id


def scope_of(caller: Credential) -> Scope:
    """Staff see their area; a partner sees what comes of his own offers."""
    if caller.roles & STAFF:
        return Scope(area=caller.area)
    return owner_scope(caller)


def owner_scope(caller: Credential) -> Scope:
    """Where one speaks for the donor: his own offers; the operator answers for any."""
    anybodys = Role.OPERATOR in caller.roles
    return Scope(area=caller.area, source=None if anybodys else source_of(caller))


# --- offers -----------------------------------------------------------------------------------


@router.post("/offers", status_code=201)
async def register_offer(
    offer: OfferSubmitted, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = RegisterOffer(source=source_of(caller), message_id=key, offer=offer)
    return await answer_to(runtime, caller, command, key)


class OfferRow(Value):
    """The same key again is the same offer."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    offer: dict[str, Any]


@router.post("/offers/batch")
async def register_offers(
    rows: Annotated[list[OfferRow], Field(max_length=ROWS_MAX)],
    caller: Giving,
    runtime: RuntimeDep,
) -> Response:
    """Row by row: `{"answers": [{idempotency_key, status, offer_id | problems}]}`."""
    source = source_of(caller)
    checked = [(row, _checked(row)) for row in rows]
    commands = [
        Command(
            RegisterOffer(source=source, message_id=row.idempotency_key, offer=offer),
            key=f"{source}|{row.idempotency_key}",
            principal=caller.id,
        )
        for row, offer in checked
        if isinstance(offer, OfferSubmitted)
    ]
    answers = iter(await runtime.processor.execute_many(commands))
    told = [
        {"idempotency_key": row.idempotency_key}
        | _row_result(offer if isinstance(offer, Invalid) else next(answers))
        for row, offer in checked
    ]
    return JSONResponse({"answers": told})


def _checked(row: OfferRow) -> OfferSubmitted | Invalid:
    try:
        return OfferSubmitted.model_validate(row.offer)
    except ValidationError as error:
        return Invalid(*describe_validation(error))


def _row_result(answer: Answer | Exception) -> dict[str, Any]:
    """Raises what is neither an answer nor the row's own fault."""
    if isinstance(answer, Invalid):
        return {"status": 422, "problems": [p.as_dict() for p in answer.problems]}
    if isinstance(answer, Exception):
        raise answer
    return {"status": answer.status, **answer.body}


@router.get("/offers/{offer_id}")
async def read_offer(offer_id: Identifier, caller: Reading, runtime: RuntimeDep) -> Response:
    offer = await mongo.load(runtime.database, Offer, offer_id)
    scope = scope_of(caller)
    if offer is None or scope.source not in (None, offer.source):
        return respond(refusal(404, "offer_unknown", "没有这项资源", "no such offer"))
    return JSONResponse(views.offer_view(offer))


@router.post("/offers/{offer_id}/withdraw")
async def withdraw_offer(
    offer_id: Identifier, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = WithdrawOffer(offer_id=offer_id, source=owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


# --- matches ----------------------------------------------------------------------------------


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
        return respond(refusal(404, "match_unknown", "没有这项对接", "no such match"))
    return JSONResponse(views.match_view(match))


class Reason(Value):
    reason: ShortText


@router.post("/matches/{match_id}/accept")
async def accept(
    match_id: Identifier, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = AcceptMatch(match_id=match_id, scope=owner_scope(caller))
    return await answer_to(runtime, caller, command, key)


@router.post("/matches/{match_id}/decline")
async def decline(
    match_id: Identifier, body: Reason, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
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
    source = source_of(caller)
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
        {"match_id": id_} | _row_result(answer)
        for id_, answer in zip(ids.match_ids, answers, strict=True)
    ]
    return JSONResponse({"answers": told})


@router.get("/summary")
async def read_summary(caller: Staff, runtime: RuntimeDep) -> Response:
    """Counts by state and sums by unit, over the caller's area; offers only for the whole city."""
    return JSONResponse(await views.summary(runtime.database, caller.area))
