"""Rounds in Mongo: mostly read without their inputs, which may be large."""

import zlib
from dataclasses import dataclass
from datetime import datetime

from services.matching.model.round import INPUTS, POOL, Round, WholeRoundDemand, build_round_id
from services.matching.solver.interface import Prices
from services.matching.solver.weights import Weights
from shared import mongo

INDEXES: tuple[mongo.Index, ...] = (
    (Round.COLLECTION, [("pool", 1), ("number", -1)], {"unique": True}),
    (Round.COLLECTION, [("pool", 1), ("kind", 1), ("state", 1), ("number", -1)], {}),
    (INPUTS, [("pool", 1), ("number", -1)], {"unique": True}),
    # At the moment that is written in both: another retention binds only the rounds to come.
    (Round.COLLECTION, [("expires_at", 1)], {"expireAfterSeconds": 0}),
    (INPUTS, [("expires_at", 1)], {"expireAfterSeconds": 0}),
)
HEAD = {name: 1 for name in Round.model_fields if name not in ("id", "allocations", "prices")}


@dataclass(frozen=True, slots=True)
class PricedRound:
    """The last whole solution, and what batches pay by it: points of each offer's unit, by id.

    A day's level less than the solution's own prices: what a decline frees goes at once to
    whoever stands about as high as the last one served, not first to the next whole round.
    """

    number: int
    closed_at: datetime
    prices: dict[str, int]
    prices_hash: str


def compress(text: str) -> bytes:
    """Rows that are much alike: about a tenth of the text."""
    return zlib.compress(text.encode(), level=6)


def _decompress(data: bytes) -> str:
    return zlib.decompress(data).decode()


async def list_rounds(database: mongo.Database, after: int, limit: int) -> list[Round]:
    """Without allocations and prices, in order, those after this number."""
    query = {"pool": POOL, "number": {"$gt": after}}
    rows = database[Round.COLLECTION].find(query, HEAD).sort("number", 1).limit(limit)
    return [mongo.to_state(Round, row) async for row in rows]


async def find_latest(database: mongo.Database) -> Round | None:
    """Without allocations and prices."""
    return await _find_head(database, {"pool": POOL})


async def find_latest_whole(database: mongo.Database) -> Round | None:
    """The last that is done; without allocations and prices."""
    return await _find_head(database, {"pool": POOL, "kind": "whole", "state": "done"})


async def _find_head(database: mongo.Database, query: dict[str, str]) -> Round | None:
    row = await database[Round.COLLECTION].find_one(query, HEAD, sort=[("number", -1)])
    return mongo.to_state(Round, row) if row else None


async def load_round(database: mongo.Database, number: int) -> Round | None:
    return await mongo.load(database, Round, build_round_id(POOL, number))


async def load_inputs(database: mongo.Database, number: int) -> str | None:
    """The canonical JSON that input_hash is of; None where the round has expired."""
    row = await database[INPUTS].find_one({"_id": build_round_id(POOL, number)})
    return _decompress(bytes(row["inputs"])) if row else None


async def find_demand_time(database: mongo.Database) -> datetime | None:
    demand = await mongo.load(database, WholeRoundDemand, POOL)
    return demand.asked_at if demand else None


class LastWhole:
    """The last whole round, whose prices are read once."""

    def __init__(self, database: mongo.Database, weights: Weights) -> None:
        self._database = database
        self._points_a_day = weights.level_points
        self._last: PricedRound | None = None

    async def read(self) -> PricedRound | None:
        """None: nothing was ever solved as a whole."""
        head = await find_latest_whole(self._database)
        if head is None or (self._last is not None and self._last.number == head.number):
            return self._last
        prices = {
            id_: max(0, price - self._points_a_day)
            for id_, price in await self._load_prices(head.number)
        }
        self._last = PricedRound(head.number, head.closed_at, prices, head.prices_hash)
        return self._last

    async def _load_prices(self, number: int) -> Prices:
        row = await self._database[Round.COLLECTION].find_one(
            {"_id": build_round_id(POOL, number)}, {"prices": 1}
        )
        return tuple((id_, price) for id_, price in row["prices"]) if row else ()
