"""Why a match was proposed, and why a need still waits: recomputed in a process of its own."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

from services.matching.model.match import Match
from services.matching.model.match_id import parse_match_id
from services.matching.model.need import Need
from services.matching.model.offer import Offer
from services.matching.model.round import Round
from services.matching.rounds import store as round_store
from services.matching.rounds.pool import OfferShelf, build_inputs
from services.matching.solver.interface import Allocation, Inputs, write_inputs
from services.matching.solver.process import SolverProcess
from services.matching.solver.weights import Weights
from services.matching.store import build_open_need, load_pool_context
from shared import mongo
from shared.documents import Json
from shared.errors import Transient
from shared.giving_client import GivingClient
from shared.persons_client import PersonsClient

CLAIMED = "捐赠方从认领菜单中自行认领，没有经过推荐 · its donor took it from the menu, no round did"
EXPIRED = "推荐它的那一轮已过保存期限 · the round that proposed it has expired"
NOTHING_LEFT = "没有尚缺的部分 · nothing of it is still wanted"

COMPARISONS_MAX = 2
"""Running or waiting: each reads the pool of its resource and solves it twice."""


class Explainer:
    """One question at a time. A context, so that its process ends with the service.

    persons: where donors' names are. giving: what audit says of their gifts. is_gone: as in
    `OfferShelf`.
    """

    def __init__(
        self, persons: PersonsClient, giving: GivingClient, is_gone: Callable[[str], bool]
    ) -> None:
        self.persons = persons
        self.giving = giving
        self._is_gone = is_gone
        self._solver = SolverProcess()
        self._turn = asyncio.Lock()
        self._comparisons = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._solver.__aexit__(kind, error, trace)

    async def explain_match(
        self, database: mongo.Database, match: Match, named: Collection[str] | None
    ) -> dict[str, object]:
        """named: the offers whose ids may be shown, where not all."""
        about = {"match_id": match.id, "request_id": match.request_id, "offer_id": match.offer_id}
        if match.round_number is None:
            return about | {"round": None, "explanation": None, "text": [CLAIMED]}
        round_ = await round_store.load_round(database, match.round_number)
        text = await round_store.load_inputs(database, match.round_number)
        if round_ is None or text is None or round_.closed_at > match.proposed_at:
            return about | {"round": None, "explanation": None, "text": [EXPIRED]}
        return (
            about
            | _describe_round(round_)
            | (await self._ask(text, match.request_id, named, round_.solver_version) or {})
        )

    async def explain_need(
        self,
        database: mongo.Database,
        need: Need,
        now: datetime,
        weights: Weights,
        named: Collection[str] | None,
    ) -> dict[str, object]:
        """By the last whole round, if it saw the need as it is now; else as things stand.

        named: as in `match`; the ids of other matches are left out too, which hold their offers'.
        """
        matches = [id_ for id_ in need.matches if _is_named(id_, named)]
        about = {"request_id": need.id, "remaining": need.remaining, "matches": matches}
        if need.state != "open" or not need.remaining:
            return about | {"round": None, "explanation": None, "text": [NOTHING_LEFT]}
        whole = await round_store.find_latest_whole(database)
        inputs = await round_store.load_inputs(database, whole.number) if whole else None
        if whole is not None and inputs is not None:
            answer = await self._ask(inputs, need.id, named, whole.solver_version)
            if answer and answer["explanation"]["unmatched"] == need.remaining:
                return about | _describe_round(whole) | answer
        text = await self._read_pool(database, need, now, weights)
        return about | {"round": None} | (await self._ask(text, need.id, named) or {})

    @contextmanager
    def admit_comparison(self) -> Iterator[None]:
        """Around reading the pool and comparing. Raises Transient where others do: a page that is
        loaded again and again holds up neither rounds nor explanations."""
        if self._comparisons >= COMPARISONS_MAX:
            raise Transient("other pools are compared")
        self._comparisons += 1
        try:
            yield
        finally:
            self._comparisons -= 1

    async def compare(
        self, inputs: Inputs, request_id: str
    ) -> tuple[tuple[Allocation, ...], tuple[Allocation, ...]]:
        """What a round would give without this request, and with it."""
        others = tuple(need for need in inputs.needs if need.id != request_id)
        async with self._turn:
            fewer = replace(inputs, needs=others)
            without = await self._solver.solve(await asyncio.to_thread(write_inputs, fewer))
            having = await self._solver.solve(await asyncio.to_thread(write_inputs, inputs))
        return without.allocations, having.allocations

    async def _read_pool(
        self, database: mongo.Database, need: Need, now: datetime, weights: Weights
    ) -> str:
        """The inputs of a batch of this need alone, at the prices of the last whole round."""
        resource = {"unit": need.unit, "item": need.item}
        offers = await OfferShelf(database, self._is_gone, resource).read(now)
        context = await load_pool_context(database, offers, now)
        last = await round_store.LastWhole(database, weights).read()
        prices = last.prices if last else {}
        needs = [build_open_need(need, context)]
        return write_inputs(build_inputs(needs, context.admit(offers), now, weights, prices))

    async def _ask(
        self, text: str, request_id: str, named: Collection[str] | None, version: str = ""
    ) -> dict[str, Json] | None:
        async with self._turn:
            return await self._solver.explain(text, request_id, named, version)


async def find_partner_offers(
    database: mongo.Database, source: str | None
) -> frozenset[str] | None:
    """The offers a partner registered; None is all of them."""
    if source is None:
        return None
    rows = database[Offer.COLLECTION].find({"source": source}, {"_id": 1})
    return frozenset([row["_id"] async for row in rows])


def _is_named(match_id: str, named: Collection[str] | None) -> bool:
    return named is None or parse_match_id(match_id).offer_id in named


def _describe_round(round_: Round) -> dict[str, object]:
    names = {"number", "kind", "closed_at", "solver", "solver_version", "weights_version"}
    names |= {"weights_hash", "input_hash", "solution_hash", "prices_hash", "priced_by"}
    return {"round": round_.model_dump(mode="json", include=names)}
