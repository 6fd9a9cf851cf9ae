"""What matching asks of Mongo beside its aggregates, and the indexes that make it cheap."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.matching.model.match import Match
from services.matching.model.match_id import parse_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.round import Round
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer
from shared import mongo

_WAITING: Mapping[str, Any] = {"state": "open", "remaining": {"$gt": 0}}
_GIVING: Mapping[str, Any] = {"state": "open", "free": {"$gt": 0}}
_PRIORITY = [("tier", 1), ("recorded_at", 1), ("_id", 1)]

INDEXES: tuple[mongo.Index, ...] = (
    (Need.COLLECTION, _PRIORITY, {"partialFilterExpression": dict(_WAITING)}),
    (Offer.COLLECTION, [("unit", 1)], {"partialFilterExpression": dict(_GIVING)}),
    (Match.COLLECTION, [("state", 1), ("_id", 1)], {}),
    (Match.COLLECTION, [("offer_id", 1), ("state", 1)], {}),
    (Match.COLLECTION, [("request_id", 1)], {}),
    (Round.COLLECTION, [("pool", 1), ("number", -1)], {"unique": True}),
)

# How many waiting needs are looked at for those some offer has room for.
LOOKED_AT_MAX = 5000


async def read_pool(database: mongo.Database, now: datetime, needs_max: int) -> Inputs:
    """The most urgent needs that some offer has room for, and the offers with room."""
    offers = await _open_offers(database, now)
    if not offers:
        return Inputs((), ())
    candidates = Candidates(offers)
    query = {**_WAITING, "$or": _wanted(offers)}
    cursor = database[Need.COLLECTION].find(query).sort(_PRIORITY).limit(LOOKED_AT_MAX)
    needs: list[OpenNeed] = []
    async for row in cursor:
        need = open_need(mongo.to_state(Need, row))
        if candidates.serve(need):
            needs.append(need)
            if len(needs) == needs_max:
                break
    return Inputs(tuple(needs), tuple(offers))


async def _open_offers(database: mongo.Database, now: datetime) -> list[OpenOffer]:
    offers = await mongo.find(database, Offer, _GIVING)
    return [open_offer(offer) for offer in offers if offer.is_open(now)]


def _wanted(offers: Iterable[OpenOffer]) -> list[dict[str, Any]]:
    """Needs of those resources alone: the rest cannot be served."""
    resources = sorted({(offer.unit, offer.item) for offer in offers})
    return [{"unit": unit, "item": item} for unit, item in resources]


def open_need(need: Need) -> OpenNeed:
    shares: dict[str, int] = {}
    for match, quantity in need.matches.items():
        offer = parse_match_id(match).offer_id
        shares[offer] = shares.get(offer, 0) + quantity
    return OpenNeed(
        id=need.id,
        unit=need.unit,
        item=need.item,
        category=need.category.value,
        beneficiary_class=need.beneficiary_class.value,
        town_code=need.town_code,
        tier=need.tier,
        recorded_ms=int(need.recorded_at.timestamp() * 1000),
        remaining=need.remaining,
        next_number=need.proposals + 1,
        excluded_offers=tuple(sorted(need.excluded_offers)),
        shares=tuple(sorted(shares.items())),
        excluded_donors=tuple(sorted(need.excluded_donors)),
    )


def open_offer(offer: Offer) -> OpenOffer:
    return OpenOffer(
        id=offer.id,
        unit=offer.unit,
        item=offer.item,
        quantity=offer.quantity,
        free=offer.free,
        categories=tuple(sorted(c.value for c in offer.categories)),
        beneficiary_classes=tuple(sorted(c.value for c in offer.beneficiary_classes)),
        town_codes=tuple(sorted(offer.town_codes)),
        cap_per_request=offer.cap_per_request,
        donor_id=offer.donor_id,
    )


@dataclass(frozen=True, slots=True)
class RoundHead:
    """A round without its inputs, which may be large."""

    number: int
    state: str
    closed_at: datetime


async def latest_round(database: mongo.Database, pool: str) -> RoundHead | None:
    fields = {"number": 1, "state": 1, "closed_at": 1}
    row = await database[Round.COLLECTION].find_one({"pool": pool}, fields, sort=[("number", -1)])
    return RoundHead(row["number"], row["state"], row["closed_at"]) if row else None


async def open_matches_of(database: mongo.Database, offer_id: str, limit: int) -> list[str]:
    """Match ids of an offer that a withdrawal is still to reach."""
    query = {"offer_id": offer_id, "state": {"$in": ["proposed", "accepted"]}, "kept": None}
    rows = database[Match.COLLECTION].find(query, {"_id": 1}).limit(limit)
    return [row["_id"] async for row in rows]
