"""The open pool as one instance knows it: what a round is to decide.

A batch decides what came or changed since the last look, a whole round all that waits. A need that
a round could not serve waits for the next whole round, unless it changes or an offer that could
serve it improves; one whose donors have proposals for it before them is looked at again soon: their
answers change no need. Each instance remembers for itself which needs wait; one that just started
looks at all of them once.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.matching.model.match import Match
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.solver.candidates import Candidates
from services.matching.solver.interface import Inputs, OpenNeed, OpenOffer, format_canonical
from services.matching.solver.weights import STEPS, Weights
from services.matching.store import (
    EMPTY_CONTEXT,
    GIVING_OFFERS,
    PRIORITY,
    WAITING_NEEDS,
    PoolContext,
    build_open_need,
    iterate_by_rank,
    load_pool_context,
)
from shared import mongo
from shared.moments import count_milliseconds

# Without the offers that only their donors give from (认领).
PUSHED: Mapping[str, object] = {**GIVING_OFFERS, "mode": {"$ne": "claim"}}

INDEXES: tuple[mongo.Index, ...] = (
    # Both cover a look: only a document that is new or changed is read.
    (
        Offer.COLLECTION,
        [("state", 1), ("free", 1), ("mode", 1), ("_id", 1), ("_version", 1)],
        {"partialFilterExpression": dict(GIVING_OFFERS)},
    ),
    (
        Need.COLLECTION,
        [("state", 1), *PRIORITY, ("remaining", 1), ("town_code", 1), ("_version", 1)],
        {"partialFilterExpression": dict(WAITING_NEEDS)},
    ),
)

_READ_AT_ONCE = 500
_DAY_MS = 24 * 3600 * 1000
# A refused proposal is tried again, since somebody was only faster; but not for ever.
TRIES_MAX = 5
UNRELIABILITY_MAX = 100
ANSWERS_LOOKED_FOR_EVERY = timedelta(seconds=3)

# --- the offers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ShelvedOffer:
    version: int
    offer: Offer
    open: OpenOffer


class OfferShelf:
    """The offers that may be proposed, remembered between looks: only what changed is read.

    is_gone: of a source, whether nobody may speak for it any more: its donors would be asked by
    links that open nothing. only: a further condition on the offers, such as their resource.
    """

    def __init__(
        self,
        database: mongo.Database,
        is_gone: Callable[[str], bool],
        only: Mapping[str, object] | None = None,
    ) -> None:
        self._database = database
        self._query = {**PUSHED, **(only or {})}
        self._is_gone = is_gone
        self._offers: dict[str, _ShelvedOffer] = {}

    async def read(self, now: datetime) -> list[OpenOffer]:
        """In order of id."""
        versions = await self._read_versions()
        changed = [id_ for id_, version in versions.items() if not self._has(id_, version)]
        self._offers = {id_: self._offers[id_] for id_ in versions if id_ in self._offers}
        self._offers |= await self._load(changed)
        giving = [
            shelved for _, shelved in sorted(self._offers.items()) if _may_give(shelved.offer, now)
        ]
        ended = self._find_gone({shelved.offer.source for shelved in giving})
        return [shelved.open for shelved in giving if shelved.offer.source not in ended]

    def _find_gone(self, sources: Collection[str]) -> Collection[str]:
        return {each for each in sources if self._is_gone(each)}

    async def _read_versions(self) -> dict[str, int]:
        rows = self._database[Offer.COLLECTION].find(self._query, {"_version": 1})
        return {row["_id"]: row["_version"] async for row in rows}

    def _has(self, id_: str, version: int) -> bool:
        return id_ in self._offers and self._offers[id_].version == version

    async def _load(self, ids: list[str]) -> dict[str, _ShelvedOffer]:
        if not ids:
            return {}
        loaded: dict[str, _ShelvedOffer] = {}
        async for row in self._database[Offer.COLLECTION].find({"_id": {"$in": ids}}):
            offer = mongo.to_state(Offer, row)
            loaded[offer.id] = _ShelvedOffer(row["_version"], offer, offer.to_open())
        return loaded


def _may_give(offer: Offer, now: datetime) -> bool:
    """Time alone opens and closes an offer too."""
    pushed = offer.mode != "claim" and offer.free > 0
    return pushed and offer.is_open(now) and offer.cases_free != 0


# --- needs and offers -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _SeenNeed:
    """A need as it was when it was looked at. again_at: None where nothing but a change helps."""

    version: int
    need: OpenNeed
    again_at: datetime | None = None

    def is_current(self, version: int, now: datetime) -> bool:
        return self.version == version and (self.again_at is None or now < self.again_at)


class OpenPool:
    """Open needs and offers, as one instance knows them.

    _unserved: needs that no offer could serve when they were last looked at.
    _refused: needs whose proposal was refused, and how often while the need stayed the same.
    """

    def __init__(
        self,
        database: mongo.Database,
        weights: Weights,
        ask_again: timedelta,
        is_gone: Callable[[str], bool],
    ) -> None:
        """ask_again: after so long somebody who did not answer is asked as others are. is_gone: as
        in `OfferShelf`."""
        self._ask_again = ask_again
        self._database = database
        self._weights = weights
        self._shelf = OfferShelf(database, is_gone)
        self._context: PoolContext = EMPTY_CONTEXT
        self._offers: dict[str, OpenOffer] = {}
        self._candidates = Candidates(())
        self._looked_at: dict[str, _SeenNeed] = {}
        self._unserved: dict[str, _SeenNeed] = {}
        self._refused: dict[str, tuple[OpenNeed, int]] = {}

    async def read_batch(self, now: datetime, prices: Mapping[str, int], needs_max: int) -> Inputs:
        """The most urgent of those that came or changed, and that some offer has room for."""
        await self._read_offers(now, prices)
        needs = await self._read_needs(now, needs_max)
        return build_inputs(needs, self._offers.values(), now, self._weights, prices)

    async def read_whole(self, now: datetime, needs_max: int) -> Inputs:
        """The most urgent of all that some offer has room for."""
        await self._read_offers(now, {})
        self._unserved.clear()
        self._refused.clear()
        needs = await self._read_needs(now, needs_max)
        return build_inputs(needs, self._offers.values(), now, self._weights, None)

    def record_round(self, inputs: Inputs, refused: Collection[str]) -> None:
        """Needs that the round did not serve wait; those it served have another version now.

        refused: requests whose proposals were refused.
        """
        for need in inputs.needs:
            if need.id not in refused or not self._may_try_again(need):
                self._unserved[need.id] = self._looked_at[need.id]

    def _may_try_again(self, need: OpenNeed) -> bool:
        before, tries = self._refused.get(need.id, (need, 0))
        self._refused[need.id] = (need, tries + 1 if before == need else 1)
        return self._refused[need.id][1] < TRIES_MAX

    async def _read_offers(self, now: datetime, prices: Mapping[str, int]) -> None:
        offers = await self._shelf.read(now)
        context = await load_pool_context(self._database, offers, now)
        admitted = context.admit(offers)
        improved = [o for o in admitted if _is_better(o, self._offers.get(o.id))]
        if _list_pool_rules(context) != _list_pool_rules(self._context):
            self._unserved.clear()
        elif improved:
            self._wake_needs(Candidates(improved), prices, now)
        self._context = context
        offers_by_id = {offer.id: offer for offer in admitted}
        if offers_by_id != self._offers:
            self._offers, self._candidates = offers_by_id, Candidates(admitted)

    def _wake_needs(self, improved: Candidates, prices: Mapping[str, int], now: datetime) -> None:
        """Of the unserved needs, those that one of these offers may serve at its price."""
        for id_, seen in list(self._unserved.items()):
            worth = self._compute_worth(seen.need, now)
            if any(prices.get(offer.id, 0) < worth for offer in improved.find(seen.need)):
                del self._unserved[id_]

    def _compute_worth(self, need: OpenNeed, now: datetime) -> int:
        """The points a unit may cost, at most."""
        weights = self._weights
        steps = weights.count_steps(need.tier, need.count_waited_ms(count_milliseconds(now)))
        dearest = (
            1 + weights.distance_points_max + weights.compute_specialism(0) + UNRELIABILITY_MAX
        )
        points = weights.compute_level_points(len(self._offers), dearest)
        return (weights.level_max + 1) * points - steps * points // STEPS

    async def _read_needs(self, now: datetime, needs_max: int) -> list[OpenNeed]:
        """Who needs most, first. Those that no offer has room for wait at once."""
        needs: list[OpenNeed] = []
        self._looked_at = {}
        if not self._offers:
            return needs
        async for ids in self._find_unseen(now):
            for seen in await self._load_needs(ids, now):
                if self._candidates.serve(seen.need):
                    self._looked_at[seen.need.id] = seen
                    needs.append(seen.need)
                else:
                    self._unserved[seen.need.id] = seen
            if len(needs) >= needs_max:
                break
        return needs[:needs_max]

    async def _find_unseen(self, now: datetime) -> AsyncIterator[list[str]]:
        """Ids in order of need, some at a time."""
        rows = iterate_by_rank(
            self._database, WAITING_NEEDS, self._context, self._weights, fields=("_version",)
        )
        ids: list[str] = []
        async for rank, row in rows:
            unserved = self._unserved.get(rank.need_id)
            if unserved is None or not unserved.is_current(row["_version"], now):
                ids.append(rank.need_id)
            if len(ids) == _READ_AT_ONCE:
                yield ids
                ids = []
        if ids:
            yield ids

    async def _load_needs(self, ids: list[str], now: datetime) -> list[_SeenNeed]:
        """In the order of the ids, those that still wait."""
        rows = self._database[Need.COLLECTION].find({**WAITING_NEEDS, "_id": {"$in": ids}})
        needs = {row["_id"]: (row["_version"], mongo.to_state(Need, row)) async for row in rows}
        proposals = await self._find_proposals([need for _, need in needs.values()])
        loaded: dict[str, _SeenNeed] = {}
        for id_, (version, need) in needs.items():
            proposed_to = proposals.get(id_, ())
            again_at = now + ANSWERS_LOOKED_FOR_EVERY if proposed_to else None
            chosen = self._choose_donors(need, proposed_to, now)
            loaded[id_] = _SeenNeed(version, chosen, again_at)
        return [loaded[id_] for id_ in ids if id_ in loaded]

    async def _find_proposals(self, needs: Iterable[Need]) -> Mapping[str, Collection[str]]:
        """By need, the donors who have a proposal for it before them."""
        match_ids = [match_id for need in needs for match_id in need.matches]
        proposals: dict[str, set[str]] = {}
        if match_ids:
            query = {"_id": {"$in": match_ids}, "state": "proposed"}
            read = {"request_id": 1, "donor_id": 1}
            async for row in self._database[Match.COLLECTION].find(query, read):
                proposals.setdefault(row["request_id"], set()).add(row["donor_id"])
        return proposals

    def _choose_donors(self, need: Need, proposed_to: Collection[str], now: datetime) -> OpenNeed:
        """Without donors who are asked already or were asked often enough; and without those who
        were silent, while somebody else may serve it."""
        open_need = build_open_need(need, self._context)
        if barred := {*proposed_to, *need.list_mute_donors()}:
            excluded = tuple(sorted({*open_need.excluded_donors, *barred}))
            open_need = replace(open_need, excluded_donors=excluded)
        silent = need.list_silent_donors(now - self._ask_again)
        if not silent:
            return open_need
        excluded = tuple(sorted({*open_need.excluded_donors, *silent}))
        of_others = replace(open_need, excluded_donors=excluded)
        return of_others if self._candidates.serve(of_others) else open_need


def build_inputs(
    needs: Iterable[OpenNeed],
    offers: Iterable[OpenOffer],
    now: datetime,
    weights: Weights,
    prices: Mapping[str, int] | None,
) -> Inputs:
    """Of the offers, those of the resources that are asked for. prices: a batch's."""
    needs = tuple(needs)
    resources = {(need.unit, need.item) for need in needs}
    offers = tuple(o for o in offers if (o.unit, o.item) in resources)
    offer_prices = None
    if prices is not None:
        offer_prices = tuple((o.id, prices[o.id]) for o in offers if o.id in prices)
    text = format_canonical(weights.model_dump(mode="json"))
    return Inputs(needs, offers, count_milliseconds(now), text, offer_prices)


def _is_better(offer: OpenOffer, before: OpenOffer | None) -> bool:
    """It is new, has more to give, or gives on other terms."""
    if before is None or offer.free > before.free:
        return True
    more_cases = before.cases_free is not None and (
        offer.cases_free is None or offer.cases_free > before.cases_free
    )
    return more_cases or _clear_counters(offer) != _clear_counters(before)


def _clear_counters(offer: OpenOffer) -> OpenOffer:
    return replace(offer, free=0, cases_free=None, unreliability=0)


def _list_pool_rules(context: PoolContext) -> tuple[object, ...]:
    """What beside the offers' own terms decides who may serve whom; not how full a budget is."""
    campaigns = [campaign.model_copy(update={"held_fen": 0}) for campaign in context.campaigns]
    joined = {id_: own for id_, own in context.own_donors.items() if own != (id_,)}
    return context.related, joined, campaigns, context.emergencies, context.funds
