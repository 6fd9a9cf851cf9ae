"""HTTP: the receipt for one gift, for staff, and for the donor by a signed link."""

import asyncio
from typing import Annotated

import structlog
from fastapi import Path, Request, Response
from fastapi.responses import PlainTextResponse

from services.audit import messages
from services.audit.api.access import LinkMaker, Reader
from services.audit.invoices import load_gift
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.receipts import SUFFIX, Receipt
from services.audit.model import Donation, Fund, Mandate
from services.audit.pages.donor import render_receipt, render_receipt_pending
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared import mongo
from shared.contracts.links import GIFT_RECEIPT
from shared.contracts.values import Identifier, Value
from shared.errors import Transient
from shared.messages import LINK_UNKNOWN
from shared.revocations import RevokeLinks
from shared.web.access import Denied, IdempotencyKey, Router, answer_to, respond
from shared.web.links import (
    LinkRoute,
    LinksToRevoke,
    Token,
    find_revoked,
    load_linked,
    require_standing,
)
from shared.web.pages import HEADERS

log = structlog.get_logger()

router = Router()
link_router = Router(route_class=LinkRoute, tags=["links"])

DonationId = Annotated[str, Path(max_length=200)]


@router.get("/donations/{donation_id}/receipt", dependencies=[Reader], response_model=None)
async def show_receipt(donation_id: DonationId, runtime: AuditRuntimeDep) -> Response:
    """The gift's entry and the proof that the public log contains it (C2SP tlog-proof)."""
    gift = await mongo.load(runtime.database, Donation, donation_id)
    if gift is None:
        return respond(messages.DONATION_UNKNOWN.refusal(404))
    if gift.refused:
        return respond(messages.GIFT_REFUSED.refusal(409))
    return _make_file(await _read_receipt(runtime, gift))


class ReceiptLinkFor(Value):
    donor_id: Identifier


@router.post("/donations/{donation_id}/receipt-link", response_model=None)
async def make_receipt_link(
    donation_id: DonationId, body: ReceiptLinkFor, caller: LinkMaker, runtime: AuditRuntimeDep
) -> Response | dict[str, object]:
    """An address for the donor who is named, if the gift is his: he sees it for a year."""
    gift = await mongo.load(runtime.database, Donation, donation_id)
    if gift is None:
        return respond(messages.DONATION_UNKNOWN.refusal(404))
    if gift.refused:
        return respond(messages.GIFT_REFUSED.refusal(409))
    if body.donor_id != gift.donor_id:
        return respond(messages.DONOR_DIFFERS.refusal(409, "donor_id"))
    now = await runtime.processor.now()
    expires_at = GIFT_RECEIPT.compute_end(now)
    token = runtime.keyring.make_link(
        GIFT_RECEIPT.purpose, donation_id, expires_at, now, holder=gift.donor_id
    )
    log.info("receipt_link_made", donation_id=donation_id, by=caller.principal)
    return {
        "url": f"{runtime.settings.find_public_url('audit')}{GIFT_RECEIPT.path(token)}",
        "expires_at": expires_at.isoformat(),
    }


@router.post("/links/revoke", response_model=None)
async def revoke_links(
    body: LinksToRevoke, caller: LinkMaker, runtime: AuditRuntimeDep, key: IdempotencyKey
) -> Response:
    """One link, or all about a gift or a mandate; from now on they open nothing."""
    revoked = find_revoked(runtime, body)
    gift = await mongo.load(runtime.database, Donation, revoked.subject)
    if gift is None and await mongo.load(runtime.database, Mandate, revoked.subject) is None:
        raise Denied(LINK_UNKNOWN.refusal(404, "link"))
    return await answer_to(runtime, caller, RevokeLinks(target=revoked.target), key)


@link_router.get(GIFT_RECEIPT.route(), response_model=None)
async def show_gift(token: Token, request: Request, runtime: AuditRuntimeDep) -> Response:
    """The donor's page: his gift in words, and the receipt to take away."""
    gift, phone = await _load_gift(token, request, runtime), runtime.settings.help_phone
    try:
        receipt = await _read_receipt(runtime, gift)
    except Transient:
        return render_receipt_pending(request, GIFT_RECEIPT.path(token), phone)
    vkeys = await asyncio.to_thread(runtime.resources.list_vkeys, gift.log)
    invoiced = await load_gift(runtime.database, runtime.settings.foundations, gift.id)
    fund = await mongo.load(runtime.database, Fund, gift.fund_id)
    return render_receipt(
        request,
        parse_entry(receipt.entry),
        receipt,
        vkeys,
        f"{token}/receipt",
        f"/ledger/{runtime.resources.name_of(gift.log)}/entries/{receipt.index}",
        phone,
        invoiced,
        fund_name=fund.name if fund else "",
        is_undone=gift.undone,
        refunded_fen=gift.refunded_fen,
    )


@link_router.get(GIFT_RECEIPT.route("receipt"), response_model=None)
async def download_receipt(token: Token, request: Request, runtime: AuditRuntimeDep) -> Response:
    gift = await _load_gift(token, request, runtime)
    return _make_file(await _read_receipt(runtime, gift))


async def _load_gift(token: str, request: Request, runtime: AuditRuntime) -> Donation:
    """Raises Unauthenticated or Denied."""
    opened, gift = await load_linked(request, runtime, GIFT_RECEIPT, token, Donation)
    await require_standing(runtime, opened, gift.donor_id)
    return gift


async def _read_receipt(runtime: AuditRuntime, gift: Donation) -> Receipt:
    """Raises Transient for the moment until a checkpoint contains the gift."""
    logs = runtime.resources
    place = gift.place
    receipt = await asyncio.to_thread(logs.read_receipt, logs.name_of(place["log"]), place["index"])
    if receipt is None:
        raise Transient("the gift's entry is not published yet")
    return receipt


def _make_file(receipt: Receipt) -> Response:
    """The name says nothing of the giver."""
    name = f'attachment; filename="receipt-{receipt.index}{SUFFIX}"'
    return PlainTextResponse(bytes(receipt), headers=HEADERS | {"Content-Disposition": name})
