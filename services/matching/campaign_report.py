"""A campaign in figures: requests, donors, money from pledged to confirmed, and days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.matching.model.campaign import Campaign
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts.values import LABELS, MONEY_UNIT

# What a match has come to, by its state; the rest came to nothing.
STAGES: dict[str, str] = {
    "proposed": "reserved",
    "accepted": "reserved",
    "committed": "reserved",
    "delivered": "delivered",
    "confirmed": "confirmed",
    "reopened": "reopened",
}
AMOUNTS = ("pledged", "reserved", "delivered", "confirmed", "reopened")


def campaign_view(campaign: Campaign, now: datetime) -> dict[str, Any]:
    shown = campaign.model_dump(
        mode="json", exclude={"due_at", "correlation_id", "donor_ids", "held_fen"}
    )
    return shown | {
        "on": campaign.is_on(now),
        "donors": len(campaign.donor_ids),
        "budget_left_fen": campaign.left_fen,
    }


async def campaigns(database: mongo.Database, now: datetime) -> list[dict[str, Any]]:
    """The latest first."""
    found = await mongo.find(database, Campaign, {}, sort=[("starts_at", -1), ("_id", 1)])
    return [campaign_view(campaign, now) for campaign in found]


async def report(database: mongo.Database, campaign: Campaign, now: datetime) -> dict[str, Any]:
    resources = await _resources(database, campaign)
    money = resources.pop((MONEY_UNIT, ""), dict.fromkeys(AMOUNTS, 0))
    return {
        "campaign": campaign_view(campaign, now),
        "days": _days(campaign, now),
        "requests": await _requests(database, campaign),
        "donors": await _donors(database, campaign),
        "money": {f"{name}_fen": money[name] for name in AMOUNTS}
        | {"budget_fen": campaign.budget_fen, "budget_left_fen": campaign.left_fen},
        "goods": [
            {"item": item, "unit": unit, **amounts}
            for (unit, item), amounts in sorted(resources.items())
        ],
    }


def _days(campaign: Campaign, now: datetime) -> dict[str, int]:
    """Whole days; a day begun is passed."""
    total = -((campaign.starts_at - campaign.ends_at).total_seconds() // 86400)
    passed = -((campaign.starts_at - min(now, campaign.ends_at)).total_seconds() // 86400)
    passed = max(0.0, min(total, passed))
    return {"total": int(total), "passed": int(passed), "left": int(total - passed)}


def covered(campaign: Campaign) -> dict[str, Any]:
    """The query for the needs that `Campaign.covers`."""
    joined: dict[str, Any] = {"campaigns": campaign.id}
    if campaign.criteria is None:
        return joined
    meeting: dict[str, Any] = {"recorded_at": {"$gte": campaign.starts_at, "$lt": campaign.ends_at}}
    wanted: Mapping[str, list[str]] = {
        "beneficiary_class": [c.value for c in campaign.criteria.beneficiary_classes],
        "category": [c.value for c in campaign.criteria.categories],
        "town_code": list(campaign.criteria.town_codes),
    }
    meeting |= {name: {"$in": codes} for name, codes in wanted.items() if codes}
    return {"$or": [joined, meeting]}


async def _requests(database: mongo.Database, campaign: Campaign) -> dict[str, Any]:
    group = {"_id": {"state": "$state", "class": "$beneficiary_class"}, "count": {"$sum": 1}}
    stages = [{"$match": covered(campaign)}, {"$group": group}]
    by_state: dict[str, int] = {}
    by_class: dict[str, int] = {}
    async for row in database[Need.COLLECTION].aggregate(stages):
        state, named = row["_id"]["state"], row["_id"]["class"]
        by_state[state] = by_state.get(state, 0) + row["count"]
        by_class[named] = by_class.get(named, 0) + row["count"]
    return {
        "total": sum(by_state.values()),
        "by_state": dict(sorted(by_state.items())),
        "by_class": dict(sorted(by_class.items())),
        "by_class_zh": {LABELS[name]: n for name, n in sorted(by_class.items())},
    }


async def _donors(database: mongo.Database, campaign: Campaign) -> dict[str, int]:
    """joined: may give; pledged: have offered; giving: something of theirs stands."""
    standing = {"campaign_id": campaign.id, "state": {"$in": _STANDING}}
    pledged = await database[Offer.COLLECTION].distinct("donor_id", {"campaign_id": campaign.id})
    giving = await database[Match.COLLECTION].distinct("donor_id", standing)
    return {
        "joined": len(campaign.donor_ids),
        "pledged": len(set(pledged) & set(campaign.donor_ids)),
        "giving": len(giving),
    }


_STANDING = ["accepted", "committed", "delivered", "confirmed"]


async def _resources(
    database: mongo.Database, campaign: Campaign
) -> dict[tuple[str, str], dict[str, int]]:
    """(unit, item) -> what was pledged, and what has become of it."""
    found: dict[tuple[str, str], dict[str, int]] = {}

    def add(row: Mapping[str, Any], name: str, quantity: int) -> None:
        amounts = found.setdefault((row["unit"], row["item"]), dict.fromkeys(AMOUNTS, 0))
        amounts[name] += quantity

    for offer in await mongo.find(database, Offer, {"campaign_id": campaign.id}):
        add(offer.model_dump(include={"unit", "item"}), "pledged", _pledged(offer, campaign))
    key = {"unit": "$unit", "item": "$item", "state": "$state"}
    stages: list[Mapping[str, Any]] = [
        {"$match": {"campaign_id": campaign.id}},
        {"$group": {"_id": key, "quantity": {"$sum": "$quantity"}}},
    ]
    async for row in database[Match.COLLECTION].aggregate(stages):
        if stage := STAGES.get(row["_id"]["state"]):
            add(row["_id"], stage, row["quantity"])
    return found


def _pledged(offer: Offer, campaign: Campaign) -> int:
    """Of a withdrawn offer what it had given; of one whose donor has not joined nothing."""
    if offer.donor_id not in campaign.donor_ids:
        return 0
    given = offer.reserved + offer.delivered
    return given if offer.state == "withdrawn" else offer.quantity
