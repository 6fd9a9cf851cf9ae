"""Read models: an offer, matches, and the sums over all of them."""

from typing import Any

from services.matching.model.match import (
    RESERVING,
    REVERSE_PAYMENT,
    STATE_LABELS,
    Match,
    MatchState,
    Scope,
)
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import (
    RELATION_LABELS,
    TIE_LABELS,
    FundRelations,
    Relation,
)
from services.matching.store import within
from shared import mongo
from shared.contracts.values import LABELS


def offer_view(offer: Offer) -> dict[str, Any]:
    return offer.model_dump(mode="json", exclude={"due_at"})


def match_view(match: Match) -> dict[str, Any]:
    shown = match.model_dump(mode="json", exclude={"due_at", "kept", "correlation_id"})
    shown |= {"state_zh": STATE_LABELS[match.state], "category_zh": LABELS[match.category]}
    if match.state == "reopened" and match.is_money:
        return shown | {"finance": REVERSE_PAYMENT}
    return shown


async def relations_of(database: mongo.Database, fund_id: str) -> dict[str, Any]:
    """Related parties of a fund, and its matches with them that are not ended."""
    fund = await mongo.load(database, FundRelations, fund_id) or FundRelations(id=fund_id)
    persons = [relation.person_id for relation in fund.relations]
    going = [state for state in STATE_LABELS if state in RESERVING or state == "delivered"]
    query = {"fund_id": fund_id, "person_id": {"$in": persons}, "state": {"$in": going}}
    under_way = await mongo.find(database, Match, query, sort=[("_id", 1)]) if persons else []
    return {
        "fund_id": fund_id,
        "relations": [_relation_view(relation) for relation in fund.relations],
        "under_way": [match_view(match) for match in under_way],
    }


def _relation_view(relation: Relation) -> dict[str, Any]:
    return relation.model_dump(mode="json") | {
        "tie_zh": TIE_LABELS[relation.tie],
        "state_zh": RELATION_LABELS[relation.state],
    }


async def matches_seen(
    database: mongo.Database,
    scope: Scope,
    states: list[MatchState],
    after: str,
    limit: int,
) -> list[Match]:
    """In order of id, those after `after`."""
    query: dict[str, Any] = {"_id": {"$gt": after}}
    if states:
        query["state"] = {"$in": states}
    query |= within(scope.area)
    if scope.source is not None:
        query["source"] = scope.source
    return await mongo.find(database, Match, query, sort=[("_id", 1)], limit=limit)


SUMMED = {
    "matches": (Match.COLLECTION, ["quantity"]),
    "needs": (Need.COLLECTION, ["quantity", "remaining"]),
    "offers": (Offer.COLLECTION, ["quantity", "reserved", "delivered", "free"]),
}


async def summary(database: mongo.Database, area: str) -> dict[str, Any]:
    """Counts by state; quantities by unit (fen for money). Offers belong to no area."""
    told = {}
    for name, (collection, fields) in SUMMED.items():
        if name != "offers" or not area:
            rows = await _sums(database, collection, fields, within(area))
            told[name] = {"by_state": _counts(rows), "by_unit": _by_unit(rows)}
    return told


async def _sums(
    database: mongo.Database, collection: str, fields: list[str], where: dict[str, Any]
) -> list[dict[str, Any]]:
    group: dict[str, Any] = {"_id": {"state": "$state", "unit": "$unit"}, "count": {"$sum": 1}}
    group |= {field: {"$sum": f"${field}"} for field in fields}
    stages = [{"$match": where}, {"$group": group}]
    rows = await database[collection].aggregate(stages).to_list(None)
    return sorted((row | row.pop("_id") for row in rows), key=lambda r: (r["state"], r["unit"]))


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + row["count"]
    return counts


def _by_unit(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, int]]]:
    """unit -> state -> sums."""
    units: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        sums = {k: v for k, v in row.items() if k not in ("state", "unit")}
        units.setdefault(row["unit"], {})[row["state"]] = sums
    return units
