"""What one donor may take from the menu (认领): the open requests that any of his offers may serve.

Each request stands once, with the offers it may be given from. It names nobody; how far away it is
stays unsaid, since whoever moves his offer's place about could find where somebody lives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.matching import menu, store
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import OpenOffer
from services.matching.solver.weights import Weights
from shared import mongo
from shared.contracts.values import MONEY_UNIT, Category

Urgency = Literal["", "urgent", "waiting"]
URGENT_TIER_MAX = 1
WAITING_DAYS = 30


@dataclass(frozen=True, slots=True)
class DonorFilter:
    """town_code, category: empty for any. at_most_fen: money of which no more is still needed.

    urgency: of the most urgent tiers alone, or of what waits for a month.
    """

    town_code: str = ""
    category: Category | None = None
    at_most_fen: int | None = None
    urgency: Urgency = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An offer that a request may be given from. most: how much of it at most."""

    offer: Offer
    most: int


@dataclass(frozen=True, slots=True)
class OpenRequest:
    need: Need
    sources: Sequence[Source]


@dataclass(frozen=True, slots=True)
class DonorMenu:
    """next: where the following page begins, None at the end. counts: by town, as many as are open
    of the sort that he gives; some of them his terms may rule out."""

    requests: Sequence[OpenRequest]
    next: str | None
    counts: dict[str, int]


async def find_open_requests(
    database: mongo.Database,
    offers: Sequence[Offer],
    criteria: DonorFilter,
    weights: Weights,
    now: datetime,
    after: str = "",
    limit: int = 20,
) -> DonorMenu:
    """By the rule that decides on a claim, who needs most first. after: `next` of the page before.

    Raises Invalid.
    """
    place = menu.parse_place(after)
    by_id = {offer.id: offer for offer in offers}
    admitted, context = await _admit(database, offers, now)
    if not admitted:
        return DonorMenu((), None, {})
    own = [menu.build_coarse_query(by_id[offer.id]) for offer in admitted]
    query: dict[str, object] = {"$and": [_build_query(criteria, now), {"$or": own}]}
    candidates = Candidates(admitted)
    requests: list[OpenRequest] = []
    last, count = None, 0
    rows = store.iterate_by_rank(
        database, query, context, weights, limit=menu.LOOKED_AT_MAX, after=place
    )
    async for rank, row in rows:
        if len(requests) == limit:
            break
        count += 1
        need = last = menu.raise_tier(rank, row)
        if criteria.urgency == "urgent" and need.tier > URGENT_TIER_MAX:
            continue
        fitting = candidates.find(store.build_open_need(mongo.to_state(Need, row), context))
        if sources := [_make_source(by_id[offer.id], offer, need) for offer in fitting]:
            requests.append(OpenRequest(need, sources))
    else:
        last = last if count == menu.LOOKED_AT_MAX else None
    following = menu.format_place(last) if last else None
    towns = await store.count_by_town(database, _without_town(criteria, own, now))
    return DonorMenu(requests, following, towns)


async def _admit(
    database: mongo.Database, offers: Sequence[Offer], now: datetime
) -> tuple[Sequence[OpenOffer], store.PoolContext]:
    """Those that may give now, and what beside them decides."""
    if not offers:
        return (), store.EMPTY_CONTEXT
    open_offers = [offer.to_open() for offer in offers]
    context = await store.load_pool_context(database, open_offers, now)
    return context.admit(open_offers), context


def can_claim(offer: Offer, now: datetime) -> bool:
    """Whether its donor may take from the menu with it, and something is there to give."""
    return offer.mode != "push" and offer.is_open(now) and offer.free > 0 and offer.cases_free != 0


def _make_source(offer: Offer, admitted: OpenOffer, need: Need) -> Source:
    """admitted: with what a campaign's budget leaves of it."""
    most = min(need.remaining, admitted.free)
    if offer.cap_per_request is not None:
        most = min(most, offer.cap_per_request - need.compute_share(offer.id))
    return Source(offer, most)


def _build_query(criteria: DonorFilter, now: datetime) -> dict[str, object]:
    is_bounded = criteria.at_most_fen is not None
    query = menu.build_menu_query(
        menu.MenuFilter(
            area=criteria.town_code,
            categories=(criteria.category,) if criteria.category else (),
            unit=MONEY_UNIT if is_bounded else "",
            at_most=criteria.at_most_fen,
        )
    )
    if criteria.urgency == "waiting":
        query["recorded_at"] = {"$lte": now - timedelta(days=WAITING_DAYS)}
    return query


def _without_town(
    criteria: DonorFilter, own: list[dict[str, object]], now: datetime
) -> dict[str, object]:
    """The map shows all towns, whichever is looked at."""
    anywhere = DonorFilter("", criteria.category, criteria.at_most_fen, criteria.urgency)
    query = _build_query(anywhere, now)
    if criteria.urgency == "urgent":
        query["tier"] = {"$lte": URGENT_TIER_MAX}
    return {"$and": [query, {"$or": own}]}
