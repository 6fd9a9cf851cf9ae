"""HTTP for offers: registered one by one or in batches, read, changed, paused, withdrawn."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import Field, ValidationError

from services.matching import views
from services.matching.api.callers import (
    ROWS_MAX,
    Giving,
    Reading,
    owner_scope,
    row_result,
    scope_of,
)
from services.matching.decide.unknown import no_such
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferTerms,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
)
from shared import mongo
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import Identifier, Value
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.validation import describe_validation
from shared.web.access import IdempotencyKey, RuntimeDep, answer_to, respond

router = APIRouter(tags=["offers"])


@router.post("/offers", status_code=201)
async def register_offer(
    offer: OfferSubmitted, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = RegisterOffer(source=caller.speaks_as, message_id=key, offer=offer)
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
    source = caller.speaks_as
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
        | row_result(offer if isinstance(offer, Invalid) else next(answers))
        for row, offer in checked
    ]
    return JSONResponse({"answers": told})


def _checked(row: OfferRow) -> OfferSubmitted | Invalid:
    try:
        return OfferSubmitted.model_validate(row.offer)
    except ValidationError as error:
        return Invalid(*describe_validation(error))


@router.get("/offers/{offer_id}")
async def read_offer(offer_id: Identifier, caller: Reading, runtime: RuntimeDep) -> Response:
    offer = await mongo.load(runtime.database, Offer, offer_id)
    scope = scope_of(caller)
    if offer is None or scope.source not in (None, offer.source):
        return respond(no_such("offer"))
    return JSONResponse(views.offer_view(offer))


@router.patch("/offers/{offer_id}")
async def change_offer(
    offer_id: Identifier,
    terms: OfferTerms,
    caller: Giving,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Only the fields given change; null takes a bound away. A later valid_until renews it."""
    source = owner_scope(caller).source
    command = ChangeOffer(offer_id=offer_id, source=source, terms=terms)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/pause")
async def pause_offer(
    offer_id: Identifier, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = PauseOffer(offer_id=offer_id, source=owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/resume")
async def resume_offer(
    offer_id: Identifier, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = ResumeOffer(offer_id=offer_id, source=owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/withdraw")
async def withdraw_offer(
    offer_id: Identifier, caller: Giving, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = WithdrawOffer(offer_id=offer_id, source=owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)
