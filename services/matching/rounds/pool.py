"""What a round looks at: whole, all that waits; in a batch, what came or changed since.

A need that a round left without waits for the next whole round, until it changes or an offer gets
better that could serve it. What was left is remembered by each instance for itself: one that just
started looks once at everything.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.matching.model.need import Need
from services.matching.rounds.shelf import Shelf
from services.matching.solver.candidates import Candidates, room
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer, canonical
from services.matching.solver.pool.weights import Weights
from services.matching.store import (
    NOTHING_AROUND,
    PRIORITY,
    WAITING,
    Around,
    around,
    open_need,
)
from shared import mongo
from shared.moments import milliseconds

_READ_AT_ONCE = 500
_DAY_MS = 24 * 3600 * 1000
# A proposal is refused where somebody was faster; a need that is refused for ever is left.
TRIES_MAX = 5
UNRELIABILITY_MAX = 100

INDEXES: tuple[mongo.Index, ...] = (
    # Every field of a look is in it: only what is new or changed is read.
    (
        Need.COLLECTION,
        [("state", 1), *PRIORITY, ("remaining", 1), ("town_code", 1), ("_version", 1)],
        {"partialFilterExpression": dict(WAITING)},
    ),
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A need as it was looked at."""

    version: int
    need: OpenNeed


class OpenPool:
    """Open needs and offers, as one instance knows them."""

    def __init__(self, database: mongo.Database, weights: Weights) -> None:
        self._database = database
        self._weights = weights
        self._shelf = Shelf(database)
        self._around: Around = NOTHING_AROUND
        self._offers: dict[str, OpenOffer] = {}
        self._candidates = Candidates(())
        self._looked_at: dict[str, _Seen] = {}
        self._left: dict[str, _Seen] = {}
        self._refused: dict[str, tuple[OpenNeed, int]] = {}

    async def changed(self, now: datetime, prices: Mapping[str, int], needs_max: int) -> Inputs:
        """The most urgent of those that came or changed, and that some offer has room for."""
        await self._see(now, prices)
        needs = await self._waiting(needs_max)
        return inputs_of(needs, self._offers.values(), now, self._weights, prices)

    async def whole(self, now: datetime, needs_max: int) -> Inputs:
        """The most urgent of all that some offer has room for."""
        await self._see(now, {})
        self._left.clear()
        self._refused.clear()
        needs = await self._waiting(needs_max)
        return inputs_of(needs, self._offers.values(), now, self._weights, None)

    def leave(self, inputs: Inputs, refused: Collection[str]) -> None:
        """The round was held: what it did not serve waits. refused: requests whose proposals were.

        What it did serve has another version now.
        """
        for need in inputs.needs:
            if need.id not in refused or not self._tries_again(need):
                self._left[need.id] = self._looked_at[need.id]

    def _tries_again(self, need: OpenNeed) -> bool:
        before, tries = self._refused.get(need.id, (need, 0))
        self._refused[need.id] = (need, tries + 1 if before == need else 1)
        return self._refused[need.id][1] < TRIES_MAX

    # --- offers ---

    async def _see(self, now: datetime, prices: Mapping[str, int]) -> None:
        offers = await self._shelf.read(now)
        beside = await around(self._database, offers, now)
        admitted = beside.admitted(offers)
        better = [o for o in admitted if _is_better(o, self._offers.get(o.id))]
        if _rules(beside) != _rules(self._around):
            self._left.clear()
        elif better:
            self._wake(Candidates(better), prices, now)
        self._around = beside
        seen = {offer.id: offer for offer in admitted}
        if seen != self._offers:
            self._offers, self._candidates = seen, Candidates(admitted)

    def _wake(self, better: Candidates, prices: Mapping[str, int], now: datetime) -> None:
        """Of what was left, those that one of these may serve at its price."""
        for id_, seen in list(self._left.items()):
            worth = self._worth(seen.need, now)
            shares = dict(seen.need.shares)
            if any(
                room(offer, offer.free, shares.get(offer.id, 0)) > 0
                and prices.get(offer.id, 0) < worth
                for offer in better.of(seen.need)
            ):
                del self._left[id_]

    def _worth(self, need: OpenNeed, now: datetime) -> int:
        """The points a unit may cost, at most."""
        weights = self._weights
        days = max(0, milliseconds(now) - need.recorded_ms) // _DAY_MS
        above = weights.level_max + 1 - weights.level(need.tier, days)
        dearest = 1 + weights.distance_points_max + weights.specialism(0) + UNRELIABILITY_MAX
        return above * weights.points_per_level(len(self._offers), dearest)

    # --- needs ---

    async def _waiting(self, needs_max: int) -> list[OpenNeed]:
        found: list[OpenNeed] = []
        self._looked_at = {}
        for part in self._around.parts() if self._offers else ():
            found += await self._servable({**WAITING, **part}, needs_max)
        found.sort(key=lambda need: (need.tier, need.recorded_ms, need.id))
        return found[:needs_max]

    async def _servable(self, query: Mapping[str, Any], needs_max: int) -> list[OpenNeed]:
        """Those that no offer has room for are left at once."""
        found: list[OpenNeed] = []
        async for ids in self._unseen(query):
            for seen in await self._loaded(ids):
                if self._candidates.serve(seen.need):
                    self._looked_at[seen.need.id] = seen
                    found.append(seen.need)
                else:
                    self._left[seen.need.id] = seen
            if len(found) >= needs_max:
                break
        return found[:needs_max]

    async def _unseen(self, query: Mapping[str, Any]) -> AsyncIterator[list[str]]:
        """Ids, the most urgent first, some at a time."""
        cursor = self._database[Need.COLLECTION].find(dict(query), {"_version": 1})
        ids: list[str] = []
        async for row in cursor.sort(PRIORITY):
            left = self._left.get(row["_id"])
            if left is None or left.version != row["_version"]:
                ids.append(row["_id"])
            if len(ids) == _READ_AT_ONCE:
                yield ids
                ids = []
        if ids:
            yield ids

    async def _loaded(self, ids: list[str]) -> list[_Seen]:
        """In the order of the ids, those that still wait."""
        rows = self._database[Need.COLLECTION].find({**WAITING, "_id": {"$in": ids}})
        found = {
            row["_id"]: _Seen(row["_version"], open_need(mongo.to_state(Need, row), self._around))
            async for row in rows
        }
        return [found[id_] for id_ in ids if id_ in found]


def inputs_of(
    needs: Iterable[OpenNeed],
    offers: Iterable[OpenOffer],
    now: datetime,
    weights: Weights,
    prices: Mapping[str, int] | None,
) -> Inputs:
    """Of the offers, those of the resources that are asked for. prices: a batch's."""
    asked = tuple(needs)
    resources = {(need.unit, need.item) for need in asked}
    offered = tuple(o for o in offers if (o.unit, o.item) in resources)
    known = None
    if prices is not None:
        known = tuple((o.id, prices[o.id]) for o in offered if o.id in prices)
    text = canonical(weights.model_dump(mode="json"))
    return Inputs(asked, offered, milliseconds(now), text, known)


def _is_better(offer: OpenOffer, before: OpenOffer | None) -> bool:
    """It came, has more to give, or gives on other terms."""
    if before is None or offer.free > before.free:
        return True
    more_cases = before.cases_free is not None and (
        offer.cases_free is None or offer.cases_free > before.cases_free
    )
    return more_cases or _terms(offer) != _terms(before)


def _terms(offer: OpenOffer) -> OpenOffer:
    return replace(offer, free=0, cases_free=None, unreliability=0)


def _rules(beside: Around) -> Any:
    """What a need may be served by beside the offers' own terms; a budget's use is none of it."""
    campaigns = [campaign.model_copy(update={"held_fen": 0}) for campaign in beside.campaigns]
    return beside.related, campaigns, beside.emergencies
