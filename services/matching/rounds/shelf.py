"""The offers that may be proposed, kept from one look to the next: only what changed is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.matching.model.offer import Offer
from services.matching.solver.interface import OpenOffer
from services.matching.store import GIVING, open_offer
from shared import mongo

# Not those that only their donors give from (认领).
PUSHED: Mapping[str, Any] = {**GIVING, "mode": {"$ne": "claim"}}

INDEXES: tuple[mongo.Index, ...] = (
    # Every field of a look is in it: no document is read that did not change.
    (
        Offer.COLLECTION,
        [("state", 1), ("free", 1), ("mode", 1), ("_id", 1), ("_version", 1)],
        {"partialFilterExpression": dict(GIVING)},
    ),
)


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    offer: Offer
    open: OpenOffer


class Shelf:
    """only: a further condition on the offers, such as their resource."""

    def __init__(self, database: mongo.Database, only: Mapping[str, Any] | None = None) -> None:
        self._database = database
        self._query = {**PUSHED, **(only or {})}
        self._kept: dict[str, _Kept] = {}

    async def read(self, now: datetime) -> list[OpenOffer]:
        """In order of id."""
        versions = await self._versions()
        changed = [id_ for id_, version in versions.items() if not self._knows(id_, version)]
        self._kept = {id_: self._kept[id_] for id_ in versions if id_ in self._kept}
        self._kept |= await self._loaded(changed)
        kept = (self._kept[id_] for id_ in sorted(self._kept))
        return [each.open for each in kept if _may_give(each.offer, now)]

    async def _versions(self) -> dict[str, int]:
        rows = self._database[Offer.COLLECTION].find(self._query, {"_version": 1})
        return {row["_id"]: row["_version"] async for row in rows}

    def _knows(self, id_: str, version: int) -> bool:
        return id_ in self._kept and self._kept[id_].version == version

    async def _loaded(self, ids: Iterable[str]) -> dict[str, _Kept]:
        wanted = list(ids)
        if not wanted:
            return {}
        found: dict[str, _Kept] = {}
        async for row in self._database[Offer.COLLECTION].find({"_id": {"$in": wanted}}):
            offer = mongo.to_state(Offer, row)
            found[offer.id] = _Kept(row["_version"], offer, open_offer(offer))
        return found


def _may_give(offer: Offer, now: datetime) -> bool:
    """Time alone opens and closes an offer too."""
    pushed = offer.mode != "claim" and offer.free > 0
    return pushed and offer.is_open(now) and offer.cases_free != 0
