"""Read models: an offer, matches, the sums over all of them, and a campaign in figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.matching.model.campaign import Campaign
from services.matching.model.labels import (
    EVIDENCE_LABELS,
    RELATION_LABELS,
    REVERSE_PAYMENT,
    STATE_LABELS,
    TIE_LABELS,
    MatchState,
)
from services.matching.model.match import RESERVING_STATES, Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations, Relation
from services.matching.store import MATCHES, NEEDS, OFFERS
from shared import mongo
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.scope import Cut, Scope


def describe_offer(offer: Offer) -> dict[str, object]:
    return offer.model_dump(mode="json", exclude={"due_at"})


# Which staff did what, and saw.
INSIDE_FIELDS = {
    *("vouched_by", "accepted_by", "delivered_by", "confirmed_by", "witness", "said_to"),
}


def match_view(match: Match) -> dict[str, object]:
    view = match.model_dump(
        mode="json", exclude={"due_at", "kept", "correlation_id", *INSIDE_FIELDS}
    )
    view |= {"state_zh": STATE_LABELS[match.state], "category_zh": LABELS[match.category]}
    if match.state == "reopened" and match.is_money:
        return view | {"finance": REVERSE_PAYMENT}
    return view


def describe_need_inside(match: Match) -> dict[str, object]:
    """What staff read besides."""
    view: dict[str, object] = match.model_dump(mode="json", include=INSIDE_FIELDS)
    witness = match.witness
    return view | {"evidence_zh": EVIDENCE_LABELS[witness.evidence] if witness else ""}


async def load_relations(database: mongo.Database, fund_id: str) -> dict[str, object]:
    """Related parties of a fund, and its matches with them that are not ended."""
    fund = await mongo.load(database, FundRelations, fund_id) or FundRelations(id=fund_id)
    persons = [relation.person_id for relation in fund.relations]
    open_states = [
        state for state in STATE_LABELS if state in RESERVING_STATES or state == "delivered"
    ]
    query = {"fund_id": fund_id, "person_id": {"$in": persons}, "state": {"$in": open_states}}
    under_way = await mongo.find(database, Match, query, sort=[("_id", 1)]) if persons else []
    waiting = {"fund_id": fund_id, "waits_for": "namesake", "state": "proposed"}
    unchecked = await mongo.find(database, Match, waiting, sort=[("_id", 1)])
    return {
        "fund_id": fund_id,
        "relations": [_describe_relation(relation) for relation in fund.relations],
        "under_way": [match_view(match) for match in under_way],
        "clearances": [clearance.model_dump(mode="json") for clearance in fund.clearances],
        "namesakes_unchecked": [
            match_view(match) | {"person_id": match.person_id} for match in unchecked
        ],
    }


def _describe_relation(relation: Relation) -> dict[str, object]:
    return relation.model_dump(mode="json") | {
        "tie_zh": TIE_LABELS[relation.tie],
        "state_zh": RELATION_LABELS[relation.state],
    }


async def list_matches(
    database: mongo.Database,
    scope: Scope,
    states: list[MatchState],
    after: str,
    limit: int,
) -> list[Match]:
    """In order of id, those after `after`."""
    query: dict[str, object] = {"_id": {"$gt": after}}
    if states:
        query["state"] = {"$in": states}
    query |= scope.build_query(MATCHES)
    return await mongo.find(database, Match, query, sort=[("_id", 1)], limit=limit)


SUMMED_FIELDS: Mapping[str, tuple[str, list[str], Cut]] = {
    "matches": (Match.COLLECTION, ["quantity"], MATCHES),
    "needs": (Need.COLLECTION, ["quantity", "remaining"], NEEDS),
    "offers": (Offer.COLLECTION, ["quantity", "reserved", "delivered", "free"], OFFERS),
}


async def build_summary(database: mongo.Database, scope: Scope) -> dict[str, object]:
    """Counts by state; quantities by unit (fen for money). Offers belong to no area."""
    summary: dict[str, object] = {}
    for name, (collection, fields, cut) in SUMMED_FIELDS.items():
        if name != "offers" or not scope.area:
            sums = await _load_sums(database, collection, fields, scope.build_query(cut))
            summary[name] = {"by_state": _count_by_state(sums), "by_unit": _sum_by_unit(sums)}
    return summary


@dataclass(frozen=True, slots=True)
class _StateSums:
    """totals: the count of documents, and the sum of each field."""

    state: str
    unit: str
    totals: dict[str, int]


async def _load_sums(
    database: mongo.Database, collection: str, fields: list[str], query: dict[str, object]
) -> list[_StateSums]:
    group: dict[str, object] = {"_id": {"state": "$state", "unit": "$unit"}, "count": {"$sum": 1}}
    group |= {field: {"$sum": f"${field}"} for field in fields}
    rows = (
        await database[collection].aggregate([{"$match": query}, {"$group": group}]).to_list(None)
    )
    sums = [_StateSums(**row.pop("_id"), totals=row) for row in rows]
    return sorted(sums, key=lambda row: (row.state, row.unit))


def _count_by_state(sums: list[_StateSums]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in sums:
        counts[row.state] = counts.get(row.state, 0) + row.totals["count"]
    return counts


def _sum_by_unit(sums: list[_StateSums]) -> dict[str, dict[str, dict[str, int]]]:
    """unit -> state -> totals."""
    units: dict[str, dict[str, dict[str, int]]] = {}
    for row in sums:
        units.setdefault(row.unit, {})[row.state] = row.totals
    return units


# --- campaigns ------------------------------------------------------------------------------------

# What a match has come to, by its state; the rest came to nothing.
CAMPAIGN_STAGES: dict[str, str] = {
    "proposed": "reserved",
    "accepted": "reserved",
    "committed": "reserved",
    "delivered": "delivered",
    "confirmed": "confirmed",
    "reopened": "reopened",
}
CAMPAIGN_AMOUNTS = ("pledged", "reserved", "delivered", "confirmed", "reopened")


def describe_campaign(campaign: Campaign, now: datetime) -> dict[str, object]:
    view = campaign.model_dump(
        mode="json", exclude={"due_at", "correlation_id", "donor_ids", "held_fen"}
    )
    return view | {
        "on": campaign.is_on(now),
        "donors": len(campaign.donor_ids),
        "budget_left_fen": campaign.remaining_fen,
    }


async def list_campaigns(database: mongo.Database, now: datetime) -> list[dict[str, object]]:
    """The latest first."""
    campaigns = await mongo.find(database, Campaign, {}, sort=[("starts_at", -1), ("_id", 1)])
    funds = await _load_campaign_funds(database)
    return [
        describe_campaign(campaign, now) | {"fund_ids": sorted(funds.get(campaign.id, ()))}
        for campaign in campaigns
    ]


async def _load_campaign_funds(database: mongo.Database) -> dict[str, list[str]]:
    """By campaign, of which funds money is offered in it."""
    stages: list[Mapping[str, object]] = [
        {"$match": {"campaign_id": {"$gt": ""}, "fund_id": {"$gt": ""}}},
        {"$group": {"_id": "$campaign_id", "funds": {"$addToSet": "$fund_id"}}},
    ]
    rows = database[Offer.COLLECTION].aggregate(stages)
    return {row["_id"]: row["funds"] async for row in rows}


async def build_campaign_report(
    database: mongo.Database, campaign: Campaign, now: datetime
) -> dict[str, object]:
    resources = await _sum_resources(database, campaign)
    money = resources.pop((MONEY_UNIT, ""), dict.fromkeys(CAMPAIGN_AMOUNTS, 0))
    return {
        "campaign": describe_campaign(campaign, now),
        "days": _count_days(campaign, now),
        "requests": await _count_requests(database, campaign),
        "donors": await _count_donors(database, campaign),
        "money": {f"{name}_fen": money[name] for name in CAMPAIGN_AMOUNTS}
        | {"budget_fen": campaign.budget_fen, "budget_left_fen": campaign.remaining_fen},
        "goods": [
            {"item": item, "unit": unit, **amounts}
            for (unit, item), amounts in sorted(resources.items())
        ],
    }


def _count_days(campaign: Campaign, now: datetime) -> dict[str, int]:
    """Whole days; a day begun is passed."""
    total = -((campaign.starts_at - campaign.ends_at).total_seconds() // 86400)
    passed = -((campaign.starts_at - min(now, campaign.ends_at)).total_seconds() // 86400)
    passed = max(0.0, min(total, passed))
    return {"total": int(total), "passed": int(passed), "left": int(total - passed)}


def build_covering_query(campaign: Campaign) -> dict[str, object]:
    """The query for the needs that `Campaign.covers`."""
    by_name: dict[str, object] = {"campaigns": campaign.id}
    if campaign.criteria is None:
        return by_name
    by_criteria: dict[str, object] = {
        "recorded_at": {"$gte": campaign.starts_at, "$lt": campaign.ends_at}
    }
    codes_by_field: Mapping[str, list[str]] = {
        "beneficiary_class": [c.value for c in campaign.criteria.beneficiary_classes],
        "category": [c.value for c in campaign.criteria.categories],
        "town_code": list(campaign.criteria.town_codes),
    }
    by_criteria |= {name: {"$in": codes} for name, codes in codes_by_field.items() if codes}
    return {"$or": [by_name, by_criteria]}


async def _count_requests(database: mongo.Database, campaign: Campaign) -> dict[str, object]:
    group = {"_id": {"state": "$state", "class": "$beneficiary_class"}, "count": {"$sum": 1}}
    stages = [{"$match": build_covering_query(campaign)}, {"$group": group}]
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


async def _count_donors(database: mongo.Database, campaign: Campaign) -> dict[str, int]:
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


async def _sum_resources(
    database: mongo.Database, campaign: Campaign
) -> dict[tuple[str, str], dict[str, int]]:
    """(unit, item) -> what was pledged, and what has become of it."""
    resources: dict[tuple[str, str], dict[str, int]] = {}

    def add(unit: str, item: str, name: str, quantity: int) -> None:
        amounts = resources.setdefault((unit, item), dict.fromkeys(CAMPAIGN_AMOUNTS, 0))
        amounts[name] += quantity

    for offer in await mongo.find(database, Offer, {"campaign_id": campaign.id}):
        add(offer.unit, offer.item, "pledged", _find_pledged(offer, campaign))
    group = {"unit": "$unit", "item": "$item", "state": "$state"}
    stages: list[Mapping[str, object]] = [
        {"$match": {"campaign_id": campaign.id}},
        {"$group": {"_id": group, "quantity": {"$sum": "$quantity"}}},
    ]
    async for row in database[Match.COLLECTION].aggregate(stages):
        key = row["_id"]
        if stage := CAMPAIGN_STAGES.get(key["state"]):
            add(key["unit"], key["item"], stage, row["quantity"])
    return resources


def _find_pledged(offer: Offer, campaign: Campaign) -> int:
    """Of a withdrawn offer what it had given; of one whose donor has not joined nothing."""
    if offer.donor_id not in campaign.donor_ids:
        return 0
    if offer.state == "withdrawn":
        return offer.reserved + offer.delivered
    return offer.quantity
