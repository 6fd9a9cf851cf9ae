"""What matching asks of Mongo beside its aggregates, and the indexes that make it cheap."""

import heapq
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.matching.model.campaign import Campaign, Emergency, find_covering, lift_tier
from services.matching.model.funds import KnownFund
from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.relations import FundRelations, JoinedPersons
from services.matching.solver.interface import OpenNeed, OpenOffer
from services.matching.solver.weights import Weights
from shared import mongo
from shared.contracts.values import MONEY_UNIT, TIERS
from shared.documents import Document
from shared.scope import Cut

WAITING_NEEDS: Mapping[str, object] = {"state": "open", "remaining": {"$gt": 0}}
GIVING_OFFERS: Mapping[str, object] = {"state": "open", "free": {"$gt": 0}}
CONSENTED: Mapping[str, object] = {"by_consent": {"$gt": ""}}
# Whose needs, matches and offers are: an offer has no area, a need no owner.
NEEDS = Cut(town="town_code", village="village_code")
MATCHES = Cut(town="town_code", village="village_code", owner="source")
OFFERS = Cut(owner="source")
PRIORITY = [("tier", 1), ("recorded_at", 1), ("_id", 1)]

INDEXES: tuple[mongo.Index, ...] = (
    (Need.COLLECTION, [("unit", 1), ("item", 1), *PRIORITY], {}),
    (Offer.COLLECTION, [("donor_id", 1), ("source", 1)], {}),
    (Offer.COLLECTION, [("source", 1), ("registered_at", -1)], {}),
    (Offer.COLLECTION, [("unit", 1)], {"partialFilterExpression": dict(GIVING_OFFERS)}),
    (Match.COLLECTION, [("state", 1), ("_id", 1)], {}),
    (Match.COLLECTION, [("offer_id", 1), ("state", 1)], {}),
    (Match.COLLECTION, [("donor_id", 1), ("state", 1), ("expires_at", 1)], {}),
    (
        Match.COLLECTION,
        [("donor_id", 1), ("proposed_at", -1)],
        {"partialFilterExpression": dict(CONSENTED)},
    ),
    (Match.COLLECTION, [("request_id", 1)], {}),
    (Match.COLLECTION, [("person_id", 1), ("fund_id", 1)], {}),
    (Match.COLLECTION, [("campaign_id", 1)], {}),
    (Need.COLLECTION, [("campaigns", 1)], {}),
    (Need.COLLECTION, [("state", 1), ("closed_at", 1)], {}),
    (Offer.COLLECTION, [("campaign_id", 1)], {}),
)


@dataclass(frozen=True, slots=True)
class OpenSum:
    """Open requests of one town and category. fen: what is still needed by those for money."""

    town_code: str
    category: str
    count: int
    money_count: int
    fen: int


async def count_open_needs(database: mongo.Database) -> list[OpenSum]:
    """What still needs something."""
    money = {"$cond": [{"$eq": ["$unit", MONEY_UNIT]}, 1, 0]}
    pipeline: list[Mapping[str, object]] = [
        {"$match": {"state": "open", "remaining": {"$gte": 1}}},
        {
            "$group": {
                "_id": {"town": "$town_code", "category": "$category"},
                "count": {"$sum": 1},
                "money_count": {"$sum": money},
                "fen": {"$sum": {"$multiply": ["$remaining", money]}},
            }
        },
    ]
    rows = await database[Need.COLLECTION].aggregate(pipeline).to_list(None)
    return [
        OpenSum(
            row["_id"]["town"],
            row["_id"]["category"],
            row["count"],
            row["money_count"],
            int(row["fen"]),
        )
        for row in rows
    ]


async def count_by_town(database: mongo.Database, query: Mapping[str, object]) -> dict[str, int]:
    """How many needs, by the town's code."""
    pipeline: list[Mapping[str, object]] = [
        {"$match": query},
        {"$group": {"_id": "$town_code", "count": {"$sum": 1}}},
    ]
    rows = await database[Need.COLLECTION].aggregate(pipeline).to_list(None)
    return {row["_id"]: row["count"] for row in rows}


@dataclass(frozen=True, slots=True)
class PoolContext:
    """What decides beside needs and offers who may serve whom, and in which order.

    related: person -> the funds whose related party he is. own_donors: person -> those of the
    donors who are he, by whichever record. campaigns, emergencies: those that
    are on. funds: whose terms are known.
    """

    related: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own_donors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    campaigns: tuple[Campaign, ...] = ()
    emergencies: tuple[Emergency, ...] = ()
    funds: tuple[KnownFund, ...] = ()

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

    def list_lifts(self) -> list[tuple[int, dict[str, object]]]:
        """(tiers, what rises by so many): conditions that together cover every need, each once."""
        lifts = sorted({emergency.lift for emergency in self.emergencies}, reverse=True)
        rows: list[tuple[int, dict[str, object]]] = []
        higher: list[dict[str, object]] = []
        for lift in lifts:
            risen = [each.build_query() for each in self.emergencies if each.lift == lift]
            rows.append((lift, {"$or": risen, **({"$nor": list(higher)} if higher else {})}))
            higher += risen
        return [(0, {"$nor": higher} if higher else {}), *reversed(rows)]


# --- the order of need ----------------------------------------------------------------------------

TIER_RANGE = range(max(TIERS.values()) + 1)
SENIORITY = [("recorded_at", 1), ("_id", 1)]


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a need stands among all: as the solver orders them, and the same on every day.

    tier: the one it has now. A tier stands for so much waiting, so a need of a later tier comes
    before one of an earlier tier that was recorded that much after it.
    """

    tier: int
    recorded_at: datetime
    need_id: str

    def as_key(self, weights: Weights) -> tuple[datetime, datetime, str]:
        return self.recorded_at + weights.compute_wait(self.tier), self.recorded_at, self.need_id


async def iterate_by_rank(
    database: mongo.Database,
    query: Mapping[str, object],
    context: PoolContext,
    weights: Weights,
    *,
    limit: int | None = None,
    fields: Sequence[str] | None = None,
    after: Rank | None = None,
) -> AsyncIterator[tuple[Rank, Document]]:
    """Needs, who needs most first. fields: of the rows; None for all.

    One reading in order of age for each tier, merged: an index serves each of them.
    """
    readings = [
        _Reading(database, {"$and": [query, risen, {"tier": tier}]}, max(0, tier - lift), fields)
        for lift, risen in context.list_lifts()
        for tier in TIER_RANGE
    ]
    heads: list[tuple[tuple[datetime, datetime, str], int, Rank, Document]] = []

    async def read_next(number: int) -> None:
        if row := await readings[number].read_next():
            rank = Rank(readings[number].tier, row["recorded_at"], row["_id"])
            heapq.heappush(heads, (rank.as_key(weights), number, rank, row))

    for number, reading in enumerate(readings):
        reading.start(weights, after, limit)
        await read_next(number)
    count = 0
    while heads and count != limit:
        _, number, rank, row = heapq.heappop(heads)
        yield rank, row
        count += 1
        await read_next(number)


class _Reading:
    """The needs of one tier that rise alike, the oldest first. tier: the risen."""

    def __init__(
        self,
        database: mongo.Database,
        query: Mapping[str, object],
        tier: int,
        fields: Sequence[str] | None,
    ) -> None:
        self.tier = tier
        self._needs, self._query = database[Need.COLLECTION], query
        self._fields = None if fields is None else dict.fromkeys((*fields, "recorded_at"), 1)

    def start(self, weights: Weights, after: Rank | None, limit: int | None) -> None:
        beyond = () if after is None else (self._build_beyond(weights, after),)
        rows = self._needs.find({"$and": [self._query, *beyond]}, self._fields)
        self._rows = rows.sort(SENIORITY).limit(limit or 0)

    def _build_beyond(self, weights: Weights, after: Rank) -> dict[str, object]:
        """Behind that rank."""
        last = after.as_key(weights)[0] - weights.compute_wait(self.tier)
        if last > after.recorded_at:
            return {"recorded_at": {"$gte": last}}
        if last < after.recorded_at:
            return {"recorded_at": {"$gt": last}}
        same = {"recorded_at": last, "_id": {"$gt": after.need_id}}
        return {"$or": [{"recorded_at": {"$gt": last}}, same]}

    async def read_next(self) -> Document | None:
        row: Document | None = await anext(self._rows, None)
        return row


async def _load_related(database: mongo.Database, fund_ids: Sequence[str]) -> dict[str, set[str]]:
    """Person to the funds whose related party he is, by each of his records."""
    related: dict[str, set[str]] = {}
    for fund in await mongo.find(database, FundRelations, {"_id": {"$in": list(fund_ids)}}):
        for relation in fund.relations:
            related.setdefault(relation.person_id, set()).add(fund.id)
    query = {"_id": {"$in": list(related)}}
    for joined in await mongo.find(database, JoinedPersons, query) if related else []:
        for person_id in joined.person_ids:
            related.setdefault(person_id, set()).update(related[joined.id])
    return related


async def _load_own_donors(
    database: mongo.Database, donor_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Person to those of the donors who are he, by each of his records."""
    own = {id_: {id_} for id_ in donor_ids}
    query = {"_id": {"$in": list(donor_ids)}}
    for joined in await mongo.find(database, JoinedPersons, query) if donor_ids else []:
        for person_id in joined.person_ids:
            own.setdefault(person_id, set()).add(joined.id)
    return {person_id: tuple(sorted(ids)) for person_id, ids in own.items()}


async def load_pool_context(
    database: mongo.Database, offers: Collection[OpenOffer], now: datetime
) -> PoolContext:
    funds = sorted({offer.fund_id for offer in offers if offer.fund_id})
    related = await _load_related(database, funds)
    own_donors = await _load_own_donors(database, sorted({o.donor_id for o in offers}))
    is_on = {"starts_at": {"$lte": now}, "ends_at": {"$gt": now}}
    return PoolContext(
        {person: tuple(sorted(ids)) for person, ids in related.items()},
        own_donors,
        tuple(await mongo.find(database, Campaign, is_on, sort=[("_id", 1)])),
        tuple(await mongo.find(database, Emergency, is_on, sort=[("_id", 1)])),
        tuple(await mongo.find(database, KnownFund, {"_id": {"$in": funds}}, sort=[("_id", 1)])),
    )


EMPTY_CONTEXT = PoolContext()


def build_open_need(need: Need, context: PoolContext = EMPTY_CONTEXT) -> OpenNeed:
    return need.to_open(
        tier=lift_tier(need, context.emergencies),
        related_funds=context.related.get(need.person_id, ()),
        campaigns=find_covering(need, context.campaigns),
        barred_funds=tuple(fund.id for fund in context.funds if not fund.may_pay_for(need)),
        own_donors=context.own_donors.get(need.person_id, ()),
    )


async def find_open_matches(
    database: mongo.Database, offer_ids: Sequence[str], limit: int
) -> dict[str, str]:
    """Match id -> offer, of those that a withdrawal is still to reach; so many at most."""
    waiting = {"state": {"$in": ["proposed", "accepted"]}, "kept": None}
    query = {"offer_id": {"$in": list(offer_ids)}, **waiting}
    rows = database[Match.COLLECTION].find(query, {"offer_id": 1}).limit(limit)
    return {row["_id"]: row["offer_id"] async for row in rows}


async def find_proposals(
    database: mongo.Database, donor_id: str, now: datetime, limit: int
) -> list[Match]:
    """What waits for this donor's answer, what ends first before the rest."""
    query = _build_waiting_query(donor_id, now)
    order = [("expires_at", 1), ("_id", 1)]
    return await mongo.find(database, Match, query, sort=order, limit=limit)


async def count_proposals(database: mongo.Database, donor_id: str, now: datetime) -> int:
    query = _build_waiting_query(donor_id, now)
    return await database[Match.COLLECTION].count_documents(query)


def _build_waiting_query(donor_id: str, now: datetime) -> dict[str, object]:
    return {"donor_id": donor_id, "state": "proposed", "expires_at": {"$gt": now}}


async def find_consented(database: mongo.Database, donor_id: str, limit: int) -> list[Match]:
    """What was accepted by itself for him, the latest first."""
    query: dict[str, object] = {"donor_id": donor_id, **CONSENTED}
    order = [("proposed_at", -1), ("_id", 1)]
    return await mongo.find(database, Match, query, sort=order, limit=limit)


async def find_givers(database: mongo.Database, person_ids: Sequence[str]) -> list[str]:
    """Those who offer something, or gave."""
    if not person_ids:
        return []
    query = {"donor_id": {"$in": list(person_ids)}}
    offering = await database[Offer.COLLECTION].distinct("donor_id", query)
    giving = await database[Match.COLLECTION].distinct("donor_id", query)
    return sorted({*offering, *giving})


async def list_giving_years(database: mongo.Database, donor_id: str) -> list[int]:
    """The years, by China's clock, in which something that he gave was confirmed."""
    year = {"$year": {"date": "$confirmed_at", "timezone": "Asia/Shanghai"}}
    pipeline: list[Mapping[str, object]] = [
        {"$match": {"donor_id": donor_id, "state": "confirmed", "confirmed_at": {"$ne": None}}},
        {"$group": {"_id": year}},
    ]
    rows = await database[Match.COLLECTION].aggregate(pipeline).to_list(None)
    return [int(row["_id"]) for row in rows]
