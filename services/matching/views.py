"""Read models: an offer, matches, and the sums over all of them."""

from typing import Any

from services.matching.model.match import STATE_LABELS, Match, MatchState, Scope
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from shared import mongo
from shared.contracts.values import LABELS


def offer_view(offer: Offer) -> dict[str, Any]:
    return offer.model_dump(mode="json", exclude={"due_at"})


def match_view(match: Match) -> dict[str, Any]:
    shown = match.model_dump(mode="json", exclude={"due_at", "kept", "correlation_id"})
    return shown | {
        "state_zh": STATE_LABELS[match.state],
        "category_zh": LABELS[match.category],
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
    query |= _within(scope.area)
    if scope.source is not None:
        query["source"] = scope.source
    return await mongo.find(database, Match, query, sort=[("_id", 1)], limit=limit)


def _within(area: str) -> dict[str, Any]:
    """A town code is the beginning of its villages' codes; empty is the whole city."""
    if not area:
        return {}
    return {"town_code" if len(area) <= 9 else "village_code": {"$regex": f"^{area}"}}


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
            rows = await _sums(database, collection, fields, _within(area))
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
