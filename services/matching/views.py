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
    if scope.area:
        # a town code is the beginning of its villages' codes
        field = "town_code" if len(scope.area) <= 9 else "village_code"
        query[field] = {"$regex": f"^{scope.area}"}
    if scope.source is not None:
        query["source"] = scope.source
    return await mongo.find(database, Match, query, sort=[("_id", 1)], limit=limit)


async def summary(database: mongo.Database) -> dict[str, Any]:
    """Counts by state; quantities by unit (fen for money)."""
    matched = await _sums(database, Match.COLLECTION, ["quantity"], "state", "unit")
    needs = await _sums(database, Need.COLLECTION, ["quantity", "remaining"], "state", "unit")
    offers = await _sums(
        database, Offer.COLLECTION, ["quantity", "reserved", "delivered", "free"], "state", "unit"
    )
    return {
        "matches": {"by_state": _counts(matched), "by_unit": _by_unit(matched)},
        "needs": {"by_state": _counts(needs), "by_unit": _by_unit(needs)},
        "offers": {"by_state": _counts(offers), "by_unit": _by_unit(offers)},
    }


async def _sums(
    database: mongo.Database, collection: str, fields: list[str], *by: str
) -> list[dict[str, Any]]:
    group = {"_id": {name: f"${name}" for name in by}, "count": {"$sum": 1}}
    group |= {field: {"$sum": f"${field}"} for field in fields}
    rows = await database[collection].aggregate([{"$group": group}]).to_list(None)
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
