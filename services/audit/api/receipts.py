"""HTTP: the receipt for one gift, for staff, and for the donor by a signed link."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse

from services.audit import messages
from services.audit.api.access import Reader, get_public_logs
from services.audit.ledger.canonical import parse_entry
from services.audit.ledger.receipts import SUFFIX, Receipt
from services.audit.model import Donation
from services.audit.pages import HEADERS, link_invalid_page, not_yet_page, receipt_page
from shared import mongo
from shared.contracts.links import GIFT_RECEIPT
from shared.errors import Transient
from shared.runtime import Runtime
from shared.security import Unauthenticated
from shared.web.access import RuntimeDep, limited, link_key, respond

router = APIRouter()

DonationId = Annotated[str, Path(max_length=200)]
Token = Annotated[str, Path(max_length=600)]


@router.get("/donations/{donation_id}/receipt", dependencies=[Reader], response_model=None)
async def show_receipt(donation_id: DonationId, runtime: RuntimeDep) -> Response:
    """The gift's entry and the proof that the public log contains it (C2SP tlog-proof)."""
    gift = await mongo.load(runtime.database, Donation, donation_id)
    if gift is None:
        return respond(messages.DONATION_UNKNOWN.refusal(404))
    if gift.refused:
        return respond(messages.GIFT_REFUSED.refusal(409))
    return _make_file(await _read_receipt(runtime, gift))


@router.post("/donations/{donation_id}/receipt-link", dependencies=[Reader], response_model=None)
async def make_receipt_link(
    donation_id: DonationId, runtime: RuntimeDep
) -> Response | dict[str, object]:
    """An address to give to the donor: whoever has it sees the gift, for a year."""
    if await mongo.load(runtime.database, Donation, donation_id) is None:
        return respond(messages.DONATION_UNKNOWN.refusal(404))
    expires_at = GIFT_RECEIPT.expires_at(await runtime.processor.now())
    token = runtime.keyring.make_link(GIFT_RECEIPT.purpose, donation_id, expires_at)
    return {
        "url": f"{runtime.settings.audit_url}{GIFT_RECEIPT.path(token)}",
        "expires_at": expires_at.isoformat(),
    }


@router.get(GIFT_RECEIPT.route(), tags=["links"], response_model=None)
async def show_gift(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    """The donor's page: his gift in words, and the receipt to take away."""
    gift = await _open_link(token, request, runtime)
    if gift is None:
        return link_invalid_page()
    try:
        receipt = await _read_receipt(runtime, gift)
    except Transient:
        return not_yet_page()
    vkeys = await asyncio.to_thread(get_public_logs(runtime).vkeys, gift.log)
    return receipt_page(parse_entry(receipt.entry), receipt, vkeys, f"{token}/receipt")


@router.get(GIFT_RECEIPT.route("receipt"), tags=["links"], response_model=None)
async def download_receipt(token: Token, request: Request, runtime: RuntimeDep) -> Response:
    gift = await _open_link(token, request, runtime)
    if gift is None:
        return link_invalid_page()
    return _make_file(await _read_receipt(runtime, gift))


async def _open_link(token: str, request: Request, runtime: Runtime) -> Donation | None:
    """None: a link that is forged, expired or about nothing. Raises Denied for one overused."""
    now = await runtime.processor.now()
    try:
        donation_id = runtime.keyring.open_link(GIFT_RECEIPT.purpose, token, now)
    except Unauthenticated:
        return None
    await limited(request, link_key(GIFT_RECEIPT.purpose, donation_id))
    return await mongo.load(runtime.database, Donation, donation_id)


async def _read_receipt(runtime: Runtime, gift: Donation) -> Receipt:
    """Raises Transient for the moment until a checkpoint contains the gift."""
    logs = get_public_logs(runtime)
    place = gift.place
    receipt = await asyncio.to_thread(logs.receipt, logs.name_of(place["log"]), place["index"])
    if receipt is None:
        raise Transient("the gift's entry is not published yet")
    return receipt


def _make_file(receipt: Receipt) -> Response:
    """The name says nothing of the giver."""
    name = f'attachment; filename="receipt-{receipt.index}{SUFFIX}"'
    return PlainTextResponse(bytes(receipt), headers=HEADERS | {"Content-Disposition": name})
