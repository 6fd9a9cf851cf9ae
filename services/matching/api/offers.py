"""HTTP for offers, and for the claim menu (认领) from which a donor takes."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field, ValidationError

from services.matching import menu, views
from services.matching.api.callers import (
    ROWS_MAX,
    DonorCaller,
    GivingCaller,
    ReadingCaller,
    find_owner_scope,
)
from services.matching.messages import DONOR_UNKNOWN, OFFER_UNKNOWN
from services.matching.model.match import ClaimNeed
from services.matching.model.offer import (
    ChangeOffer,
    Offer,
    OfferTerms,
    PauseOffer,
    RegisterOffer,
    ResumeOffer,
    WithdrawOffer,
)
from services.matching.partners import hide_persons, translate_offer
from services.matching.resources import MatchingRuntime, MatchingRuntimeDep
from shared import mongo
from shared.contracts import links
from shared.contracts.events import OfferSubmitted
from shared.contracts.values import BeneficiaryClass, Category, Identifier, Kind, Quantity, Value
from shared.errors import Invalid
from shared.messaging.decision import Command
from shared.partner_ids import is_partner
from shared.runtime import Runtime
from shared.scope import Scope
from shared.security import Credential
from shared.validation import describe_validation
from shared.web.access import IdempotencyKey, Router, RuntimeDep, answer_to, find_scope, respond
from shared.web.admission import BATCH_BYTES_MAX, takes_bytes
from shared.web.batches import Row, answer_rows

# --- offers ---------------------------------------------------------------------------------------

router = Router(tags=["offers"])

WrittenQuantity = Annotated[int | None, Query(gt=0, le=10**12)]
"""Of an address, where every number is text."""


@router.post("/offers", status_code=201)
async def register_offer(
    offer: OfferSubmitted, caller: GivingCaller, runtime: MatchingRuntimeDep, key: IdempotencyKey
) -> Response:
    offer = translate_offer(runtime, caller, offer)
    if offer.donor_id in await _find_unknown(runtime, caller, {offer.donor_id}):
        raise DONOR_UNKNOWN.invalid("donor_id", donor=offer.donor_id)
    command = RegisterOffer(source=caller.speaks_as, message_id=key, offer=offer)
    return await answer_to(runtime, caller, command, key)


async def _find_unknown(
    runtime: MatchingRuntime, caller: Credential, donor_ids: set[str]
) -> frozenset[str]:
    """A partner's ids open for donors alone whom he registered; staff could name anybody.

    Raises Transient.
    """
    if is_partner(caller) or not donor_ids:
        return frozenset()
    return await runtime.resources.persons.find_unknown(donor_ids)


class OfferInBatch(Value):
    """The same key again is the same offer."""

    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    offer: dict[str, object]


@router.post("/offers/batch")
@takes_bytes(BATCH_BYTES_MAX)
async def register_offers(
    rows: Annotated[list[OfferInBatch], Field(max_length=ROWS_MAX)],
    caller: GivingCaller,
    runtime: MatchingRuntimeDep,
) -> Response:
    """Row by row: `{"answers": [{idempotency_key, status, offer_id | problems}]}`."""
    named = {str(row.offer.get("donor_id", "")) for row in rows} - {""}
    unknown = await _find_unknown(runtime, caller, named)
    batch = [_make_row(row, caller, runtime, unknown) for row in rows]
    return JSONResponse(await answer_rows(runtime.processor, batch))


def _make_row(
    row: OfferInBatch, caller: Credential, runtime: Runtime, unknown: frozenset[str]
) -> Row:
    identity = {"idempotency_key": row.idempotency_key}
    try:
        offer = translate_offer(runtime, caller, OfferSubmitted.model_validate(row.offer))
    except ValidationError as error:
        return Row(identity, Invalid(*describe_validation(error)))
    except Invalid as error:
        return Row(identity, error)
    if offer.donor_id in unknown:
        return Row(identity, DONOR_UNKNOWN.invalid("donor_id", donor=offer.donor_id))
    source, key = caller.speaks_as, row.idempotency_key
    command = RegisterOffer(source=source, message_id=key, offer=offer)
    return Row(identity, Command(command, key=f"{source}|{key}", principal=caller.principal))


@router.get("/offers/{offer_id}")
async def read_offer(offer_id: Identifier, caller: ReadingCaller, runtime: RuntimeDep) -> Response:
    """An offer has no area: staff of one town see what they registered themselves."""
    offer = await mongo.load(runtime.database, Offer, offer_id)
    seen_by = Scope(source=caller.speaks_as) if caller.area else find_scope(caller)
    if offer is None or not seen_by.sees_owner(offer.source):
        return respond(OFFER_UNKNOWN.refusal(404))
    return JSONResponse(hide_persons(runtime, caller, views.describe_offer(offer)))


@router.patch("/offers/{offer_id}")
async def change_offer(
    offer_id: Identifier,
    terms: OfferTerms,
    caller: GivingCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    """Only the fields given change; null takes a bound away. A later valid_until renews it."""
    source = find_owner_scope(caller).source
    command = ChangeOffer(offer_id=offer_id, source=source, terms=terms)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/pause")
async def pause_offer(
    offer_id: Identifier, caller: GivingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = PauseOffer(offer_id=offer_id, source=find_owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/resume")
async def resume_offer(
    offer_id: Identifier, caller: GivingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = ResumeOffer(offer_id=offer_id, source=find_owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


@router.post("/offers/{offer_id}/withdraw")
async def withdraw_offer(
    offer_id: Identifier, caller: GivingCaller, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = WithdrawOffer(offer_id=offer_id, source=find_owner_scope(caller).source)
    return await answer_to(runtime, caller, command, key)


# --- the claim menu -------------------------------------------------------------------------------

menu_router = Router(tags=["menu"])


@menu_router.get("/menu")
async def read_menu(
    caller: ReadingCaller,
    runtime: MatchingRuntimeDep,
    area: Annotated[str, Query(pattern=r"^[0-9]{0,12}$")] = "",
    kind: Kind | None = None,
    category: Annotated[list[Category] | None, Query()] = None,
    beneficiary_class: Annotated[list[BeneficiaryClass] | None, Query()] = None,
    unit: Annotated[str, Query(max_length=20)] = "",
    item: Annotated[str, Query(max_length=100)] = "",
    at_least: WrittenQuantity = None,
    at_most: WrittenQuantity = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = 100,
) -> Response:
    """`{"requests": [...], "next": place or null}`, the most urgent first; `after=<next>` goes on.

    at_least, at_most: what is still needed, in `unit` (fen for money).
    """
    narrower = find_scope(caller).narrow_area(area)
    if narrower is None:
        return JSONResponse({"requests": [], "next": None})
    criteria = menu.MenuFilter(
        area=narrower,
        kind=kind,
        categories=tuple(category or ()),
        beneficiary_classes=tuple(beneficiary_class or ()),
        unit=unit,
        item=item,
        at_least=at_least,
        at_most=at_most,
    )
    now = await runtime.processor.now()
    weights = runtime.settings.weights
    page = await menu.find_open_needs(runtime.database, criteria, weights, now, after, limit)
    rows = [menu.describe_menu_row(need, now) for need in page.needs]
    return JSONResponse({"requests": rows, "next": page.next})


class Claim(Value):
    """quantity: in the request's unit (fen for money); a part of what it needs, or all."""

    offer_id: Identifier
    quantity: Quantity


@menu_router.post("/menu/{request_id}/claim", status_code=201)
async def claim_need(
    request_id: Identifier,
    body: Claim,
    caller: DonorCaller,
    runtime: RuntimeDep,
    key: IdempotencyKey,
) -> Response:
    command = ClaimNeed(
        request_id=request_id,
        offer_id=body.offer_id,
        quantity=body.quantity,
        scope=find_owner_scope(caller),
    )
    return await answer_to(runtime, caller, command, key)


class LinkLife(Value):
    days: Annotated[int, Field(ge=1, le=90)] = links.MENU.lifetime_days


@menu_router.post("/offers/{offer_id}/menu-link")
async def make_menu_link(
    offer_id: Identifier, body: LinkLife, caller: DonorCaller, runtime: RuntimeDep
) -> Response:
    """`{"path", "expires_at"}`: a page where the donor claims without an account of his own."""
    offer = await mongo.load(runtime.database, Offer, offer_id)
    if offer is None or find_owner_scope(caller).source not in (None, offer.source):
        return respond(OFFER_UNKNOWN.refusal(404))
    now = await runtime.processor.now()
    expires_at = now + timedelta(days=body.days)
    token = runtime.keyring.make_link(
        links.MENU.purpose, offer.id, expires_at, now, holder=offer.donor_id
    )
    return JSONResponse({"path": links.MENU.path(token), "expires_at": expires_at.isoformat()})
