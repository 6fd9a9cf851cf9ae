"""What matching asks of Mongo beside its aggregates, and the indexes that make it cheap."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.matching.model.campaign import Campaign, Emergency, find_covering, lift_tier
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations
from services.matching.solver.interface import OpenNeed, OpenOffer
from shared import mongo
from shared.contracts.values import MONEY_UNIT

WAITING_NEEDS: Mapping[str, object] = {"state": "open", "remaining": {"$gt": 0}}
GIVING_OFFERS: Mapping[str, object] = {"state": "open", "free": {"$gt": 0}}
PRIORITY = [("tier", 1), ("recorded_at", 1), ("_id", 1)]

INDEXES: tuple[mongo.Index, ...] = (
    (Need.COLLECTION, [("unit", 1), ("item", 1), *PRIORITY], {}),
    (Offer.COLLECTION, [("donor_id", 1), ("source", 1)], {}),
    (Offer.COLLECTION, [("unit", 1)], {"partialFilterExpression": dict(GIVING_OFFERS)}),
    (Match.COLLECTION, [("state", 1), ("_id", 1)], {}),
    (Match.COLLECTION, [("offer_id", 1), ("state", 1)], {}),
    (Match.COLLECTION, [("request_id", 1)], {}),
    (Match.COLLECTION, [("person_id", 1), ("fund_id", 1)], {}),
    (Match.COLLECTION, [("campaign_id", 1)], {}),
    (Need.COLLECTION, [("campaigns", 1)], {}),
    (Need.COLLECTION, [("state", 1), ("closed_at", 1)], {}),
    (Offer.COLLECTION, [("campaign_id", 1)], {}),
)


@dataclass(frozen=True, slots=True)
class PoolContext:
    """What decides beside needs and offers who may serve whom, and in which order.

    related: person -> the funds whose related party he is. campaigns, emergencies: those that
    are on.
    """

    related: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    emergencies: tuple[Emergency, ...] = ()

    def admit(self, offers: Iterable[OpenOffer]) -> list[OpenOffer]:
        """Those that may give now: of a campaign's only what its budget has left."""
        campaigns = {campaign.id: campaign for campaign in self.campaigns}
        admitted = []
        for offer in offers:
            if offer.campaign_id is None:
                admitted.append(offer)
                continue
            campaign = campaigns.get(offer.campaign_id)
            if campaign is None or offer.donor_id not in campaign.donor_ids:
                continue
            is_money = offer.unit == MONEY_UNIT
            free = min(offer.free, campaign.remaining_fen) if is_money else offer.free
            if free > 0:
                admitted.append(replace(offer, free=free))
        return admitted

    def partition_needs(self) -> tuple[dict[str, object], ...]:
        """Conditions that together cover every need; under each, the stored order is right."""
        lifts: dict[str, int] = {}
        for emergency in self.emergencies:
            for town in emergency.town_codes:
                lifts[town] = max(lifts.get(town, 0), emergency.lift)
        if not lifts:
            return ({},)
        conditions: list[dict[str, object]] = [{"town_code": {"$nin": sorted(lifts)}}]
        for lift in sorted(set(lifts.values())):
            towns = {"town_code": {"$in": sorted(t for t in lifts if lifts[t] == lift)}}
            # All that rise to the top are one tier there, whatever they were.
            conditions += [towns | {"tier": tier} for tier in range(lift)]
            conditions.append(towns | {"tier": {"$gte": lift}})
        return tuple(conditions)


async def load_pool_context(
    database: mongo.Database, offers: Iterable[OpenOffer], now: datetime
) -> PoolContext:
    funds = sorted({offer.fund_id for offer in offers if offer.fund_id})
    related: dict[str, tuple[str, ...]] = {}
    for fund in await mongo.find(database, FundRelations, {"_id": {"$in": funds}}):
        for relation in fund.relations:
            related[relation.person_id] = (*related.get(relation.person_id, ()), fund.id)
    is_on = {"starts_at": {"$lte": now}, "ends_at": {"$gt": now}}
    return PoolContext(
        {person: tuple(sorted(ids)) for person, ids in related.items()},
        tuple(await mongo.find(database, Campaign, is_on, sort=[("_id", 1)])),
        tuple(await mongo.find(database, Emergency, is_on, sort=[("_id", 1)])),
    )


EMPTY_CONTEXT = PoolContext()


def build_open_need(need: Need, context: PoolContext = EMPTY_CONTEXT) -> OpenNeed:
    return need.to_open(
        tier=lift_tier(need.tier, need.town_code, context.emergencies),
        related_funds=context.related.get(need.person_id, ()),
        campaigns=find_covering(need, context.campaigns),
    )


def area_query(area: str) -> dict[str, object]:
    """A town code is the beginning of its villages' codes; empty is the whole city."""
    if not area:
        return {}
    return {"town_code" if len(area) <= 9 else "village_code": {"$regex": f"^{area}"}}


async def find_open_matches(
    database: mongo.Database, offer_ids: Sequence[str], limit: int
) -> dict[str, str]:
    """Match id -> offer, of those that a withdrawal is still to reach; so many at most."""
    waiting = {"state": {"$in": ["proposed", "accepted"]}, "kept": None}
    query = {"offer_id": {"$in": list(offer_ids)}, **waiting}
    rows = database[Match.COLLECTION].find(query, {"offer_id": 1}).limit(limit)
    return {row["_id"]: row["offer_id"] async for row in rows}
