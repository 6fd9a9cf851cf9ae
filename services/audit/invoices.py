"""What a 公益事业捐赠统一票据 says of a gift, and of which gifts no number is known yet."""

from collections.abc import Iterable, Mapping

from services.audit.model import Donation, Fund
from services.audit.model.invoices import GiftInvoice
from shared import mongo
from shared.capitals import format_capitals
from shared.contracts.values import CHINA

_STANDS: Mapping[str, object] = {"refused": False, "undone": {"$ne": True}}


async def list_missing(
    database: mongo.Database, foundations: Mapping[str, str], after: str, limit: int
) -> list[dict[str, object]]:
    """Gifts on the ledger in the order of their ids. foundations: names by id."""
    stages: list[Mapping[str, object]] = [
        {"$match": {**_STANDS, "_id": {"$gt": after}}},
        {"$sort": {"_id": 1}},
        {
            "$lookup": {
                "from": GiftInvoice.COLLECTION,
                "localField": "_id",
                "foreignField": "_id",
                "as": "invoices",
            }
        },
        {"$match": {"invoices": []}},
        {"$limit": limit},
        {"$unset": ["invoices", "designation"]},
    ]
    cursor = database[Donation.COLLECTION].aggregate(stages)
    gifts = [mongo.to_state(Donation, document) async for document in cursor]
    funds = await _load_fund_names(database, (gift.fund_id for gift in gifts))
    return [describe_gift(gift, foundations, funds) for gift in gifts]


async def _load_fund_names(database: mongo.Database, ids: Iterable[str]) -> dict[str, str]:
    funds = await mongo.find(database, Fund, {"_id": {"$in": sorted(set(ids))}})
    return {fund.id: fund.name for fund in funds}


async def find_invoices(database: mongo.Database, ids: Iterable[str]) -> dict[str, GiftInvoice]:
    """By gift."""
    invoices = await mongo.find(database, GiftInvoice, {"_id": {"$in": list(ids)}})
    return {invoice.id: invoice for invoice in invoices}


async def load_gift(
    database: mongo.Database, foundations: Mapping[str, str], donation_id: str
) -> tuple[dict[str, object], GiftInvoice | None] | None:
    """What its invoice says, and the invoice; None where no such gift is on the ledger."""
    gift = await mongo.load(database, Donation, donation_id)
    if gift is None or not gift.is_on_ledger:
        return None
    funds = await _load_fund_names(database, [gift.fund_id])
    invoice = await mongo.load(database, GiftInvoice, donation_id)
    return describe_gift(gift, foundations, funds), invoice


def describe_gift(
    gift: Donation, foundations: Mapping[str, str], funds: Mapping[str, str]
) -> dict[str, object]:
    """amount_fen: without what was given back. The giver's name and number are intake's."""
    amount_fen = gift.amount_fen - gift.refunded_fen
    return {
        "donation_id": gift.id,
        "donor_id": gift.donor_id,
        "recipient": foundations.get(gift.foundation, gift.foundation),
        "project": funds.get(gift.fund_id, gift.fund_id),
        "amount_fen": amount_fen,
        "amount_in_capitals": format_capitals(amount_fen) if gift.is_money else "",
        "goods": "" if gift.is_money else f"{gift.item} {gift.quantity} {gift.unit}",
        "received_on": gift.received_at.astimezone(CHINA).date().isoformat(),
    }
