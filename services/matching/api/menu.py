"""HTTP for the claim menu (认领): what is open to be taken, and taking it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from services.matching import menu
from services.matching.api.callers import (
    ROWS_MAX,
    Donor,
    Reading,
    owner_scope,
)
from services.matching.decide.unknown import no_such
from services.matching.model.claim import ClaimNeed
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts import links
from shared.contracts.values import BeneficiaryClass, Category, Identifier, Kind, Quantity, Value
from shared.security import Credential
from shared.web.access import IdempotencyKey, RuntimeDep, answer_to, respond

router = APIRouter(tags=["menu"])


@router.get("/menu")
async def read_menu(
    caller: Reading,
    runtime: RuntimeDep,
    area: Annotated[str, Query(pattern=r"^[0-9]{0,12}$")] = "",
    kind: Kind | None = None,
    category: Annotated[list[Category] | None, Query()] = None,
    beneficiary_class: Annotated[list[BeneficiaryClass] | None, Query()] = None,
    unit: Annotated[str, Query(max_length=20)] = "",
    item: Annotated[str, Query(max_length=100)] = "",
    at_least: Annotated[Quantity | None, Query()] = None,
    at_most: Annotated[Quantity | None, Query()] = None,
    after: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = 100,
) -> Response:
    """`{"requests": [...], "next": place or null}`, the most urgent first; `after=<next>` goes on.

    at_least, at_most: what is still needed, in `unit` (fen for money).
    """
    where = _narrower(area, caller)
    if where is None:
        return JSONResponse({"requests": [], "next": None})
    wanted = menu.MenuFilter(
        area=where,
        kind=kind,
        categories=tuple(category or ()),
        beneficiary_classes=tuple(beneficiary_class or ()),
        unit=unit,
        item=item,
        at_least=at_least,
        at_most=at_most,
    )
    now = await runtime.processor.now()
    page = await menu.open_requests(runtime.database, wanted, now, after, limit)
    rows = [menu.row(need, now) for need in page.needs]
    return JSONResponse({"requests": rows, "next": page.next})


def _narrower(area: str, caller: Credential) -> str | None:
    """The smaller of what is asked for and what the caller may see; None where neither is."""
    if area.startswith(caller.area):
        return area
    return caller.area if caller.area.startswith(area) else None


class Claim(Value):
    """quantity: in the request's unit (fen for money); a part of what it needs, or all."""

    offer_id: Identifier
    quantity: Quantity


@router.post("/menu/{request_id}/claim", status_code=201)
async def claim(
    request_id: Identifier, body: Claim, caller: Donor, runtime: RuntimeDep, key: IdempotencyKey
) -> Response:
    command = ClaimNeed(
        request_id=request_id,
        offer_id=body.offer_id,
        quantity=body.quantity,
        scope=owner_scope(caller),
    )
    return await answer_to(runtime, caller, command, key)


class LinkLife(Value):
    days: Annotated[int, Field(ge=1, le=90)] = links.MENU.lifetime_days


@router.post("/offers/{offer_id}/menu-link")
async def menu_link(
    offer_id: Identifier, body: LinkLife, caller: Donor, runtime: RuntimeDep
) -> Response:
    """`{"path", "expires_at"}`: a page where the donor claims without an account of his own."""
    offer = await mongo.load(runtime.database, Offer, offer_id)
    if offer is None or owner_scope(caller).source not in (None, offer.source):
        return respond(no_such("offer"))
    expires_at = await runtime.processor.now() + timedelta(days=body.days)
    token = runtime.keyring.make_link(links.MENU.purpose, offer.id, expires_at)
    return JSONResponse({"path": links.MENU.path(token), "expires_at": expires_at.isoformat()})
