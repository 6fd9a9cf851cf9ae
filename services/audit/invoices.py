"""What a 公益事业捐赠统一票据 says of a gift, and of which gifts no number is known yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.audit.model import Donation, Fund
from services.audit.model.invoices import GiftInvoice
from shared import mongo
from shared.contracts.values import CHINA

_STANDS: Mapping[str, object] = {
    "refused": False,
    "undone": {"$ne": True},
    "$or": [{"amount_fen": 0}, {"$expr": {"$gt": ["$amount_fen", "$refunded_fen"]}}],
}
"""Of what was given back whole there is nothing to invoice."""


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


@dataclass(frozen=True, slots=True)
class InvoicedGift:
    """facts: what its invoice says. invoice: None where its number is not entered."""

    facts: Mapping[str, object]
    invoice: GiftInvoice | None


async def load_gift(
    database: mongo.Database, foundations: Mapping[str, str], donation_id: str
) -> InvoicedGift | None:
    """None where no such gift is on the ledger."""
    gift = await mongo.load(database, Donation, donation_id)
    if gift is None or not gift.is_on_ledger:
        return None
    funds = await _load_fund_names(database, [gift.fund_id])
    invoice = await mongo.load(database, GiftInvoice, donation_id)
    return InvoicedGift(describe_gift(gift, foundations, funds), invoice)


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


# --- sums in capitals (大写) ---------------------------------------------------------------------

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_TENS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_GROUP = 10_000


def format_capitals(amount_fen: int) -> str:
    """100050 is 壹仟元零伍角整. ValueError below zero, and from 10^16 yuan on."""
    if not 0 <= amount_fen < 100 * _GROUP ** len(_GROUPS):
        raise ValueError("a sum in capitals is from 0 to below 10^16 yuan")
    yuan, rest = divmod(amount_fen, 100)
    jiao, fen = divmod(rest, 10)
    whole = f"{_format_whole(yuan)}元" if yuan else ""
    if not rest:
        return f"{whole or '零元'}整"
    gap = "零" if yuan and (not jiao or not yuan % 10) else ""
    parts = (f"{_DIGITS[jiao]}角" if jiao else "", f"{_DIGITS[fen]}分" if fen else "整")
    return f"{whole}{gap}{''.join(parts)}"


def _format_whole(yuan: int) -> str:
    text, groups = "", []
    while yuan:
        yuan, group = divmod(yuan, _GROUP)
        groups.append(group)
    for power in reversed(range(len(groups))):
        group = groups[power]
        if group:
            gap = "零" if text and (group < _GROUP // 10 or not groups[power + 1] % 10) else ""
            text += f"{gap}{_format_group(group)}{_GROUPS[power]}"
    return text


def _format_group(group: int) -> str:
    """Below 10,000; zeros between figures are one 零, at the end none."""
    text = ""
    for power in reversed(range(len(_TENS))):
        digit = group // 10**power % 10
        if digit:
            text += f"{_DIGITS[digit]}{_TENS[power]}"
        elif text and group % 10**power and not text.endswith("零"):
            text += "零"
    return text
