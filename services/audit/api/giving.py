"""For matching's page of a giver: his gifts, what of them is used, and where they and what reached
somebody stand on the public log. No person stands in it, and no link that opens anything."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from services.audit.invoices import find_invoices
from services.audit.model import Commitment, Contribution, Distribution, Donation, Fund
from services.audit.model.invoices import GiftInvoice
from services.audit.model.states import PlacedState
from services.audit.resources import AuditRuntime, AuditRuntimeDep
from shared import mongo
from shared.contracts.values import CHINA, Identifier, Value, Whole
from shared.security import Credential, Role
from shared.web.access import Router, allow

router = Router()

OwnService = Annotated[Credential, Depends(allow(Role.SERVICE))]
GIFTS_MAX = 100
MATCHES_MAX = 400


class GivingQuery(Value):
    """year: of the gifts, by China's clock. match_ids: of his, whose entries are looked for."""

    donor_id: Identifier
    year: Annotated[Whole, Field(ge=2000, le=2999)]
    match_ids: Annotated[tuple[Identifier, ...], Field(max_length=MATCHES_MAX)] = ()


@router.post("/internal/giving")
async def read_giving(
    query: GivingQuery,
    caller: OwnService,  # noqa: ARG001
    runtime: AuditRuntimeDep,
) -> dict[str, object]:
    database = runtime.database
    first = datetime(query.year, 1, 1, tzinfo=CHINA)
    within = {"$gte": first, "$lt": first.replace(year=query.year + 1)}
    own: dict[str, object] = {"donor_id": query.donor_id}
    ids = {"_id": {"$in": list(query.match_ids)}}
    gifts = await mongo.find(
        database,
        Donation,
        own | {"received_at": within, "refused": False},
        sort=[("received_at", -1), ("_id", 1)],
        limit=GIFTS_MAX,
    )
    contributions = await mongo.find(
        database, Contribution, own, sort=[("_id", 1)], limit=GIFTS_MAX
    )
    commitments = await mongo.find(database, Commitment, ids | own)
    distributions = await mongo.find(database, Distribution, ids | {"refused": False})
    funds = await _load_funds(runtime, gifts, contributions)
    invoices = await find_invoices(database, (gift.id for gift in gifts))
    return {
        "gifts": [_describe_gift(runtime, gift, funds, invoices.get(gift.id)) for gift in gifts],
        "funds": [_describe_use(row, funds) for row in contributions if row.received_fen],
        "entries": [
            *(_describe_place(runtime, each) for each in commitments if each.entry is not None),
            *(_describe_place(runtime, each) for each in distributions if each.entry is not None),
        ],
    }


async def _load_funds(
    runtime: AuditRuntime, gifts: Sequence[Donation], contributions: Sequence[Contribution]
) -> dict[str, str]:
    """Names by id."""
    ids = {gift.fund_id for gift in gifts} | {row.fund_id for row in contributions}
    funds = await mongo.find(runtime.database, Fund, {"_id": {"$in": sorted(ids)}})
    return {fund.id: fund.name for fund in funds}


def _describe_gift(
    runtime: AuditRuntime, gift: Donation, funds: dict[str, str], invoice: GiftInvoice | None
) -> dict[str, object]:
    """Money in fen, as everywhere, or goods. Its receipt is the public proof of its entry."""
    log = runtime.resources.name_of(gift.log)
    return {
        "on": gift.received_at.astimezone(CHINA).date().isoformat(),
        "fund": funds.get(gift.fund_id, ""),
        "unit": "fen" if gift.is_money else gift.unit,
        "item": gift.item,
        "quantity": gift.amount_fen or gift.quantity,
        "refunded_fen": gift.refunded_fen,
        "undone": gift.undone,
        "entry": f"/ledger/{log}/entries/{gift.entry}",
        "receipt": f"/log/{log}/proof/{gift.entry}",
        "invoice": invoice.name if invoice else "",
    }


def _describe_use(contribution: Contribution, funds: dict[str, str]) -> dict[str, object]:
    return {
        "fund": funds.get(contribution.fund_id, ""),
        "received_fen": contribution.received_fen - contribution.refunded_fen,
        "used_fen": contribution.used_fen,
        "unused_fen": contribution.unused_fen,
    }


def _describe_place(runtime: AuditRuntime, placed: PlacedState) -> dict[str, str]:
    """Its page on the public ledger."""
    log = runtime.resources.name_of(placed.log)
    return {"match_id": placed.id, "path": f"/ledger/{log}/entries/{placed.entry}"}
