"""What was written to the database between two moments, counted from its oplog."""

from collections.abc import Mapping
from typing import Any

import bson
from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClient

from tests.bench.shape import SERVICES, Write

PREFIX = "guanjia_"
SAMPLED = 500


class Oplog:
    """Use: `begin`, let the services work, `writes`."""

    def __init__(self, uri: str) -> None:
        self._client: Any = AsyncIOMotorClient(uri, tz_aware=True)
        self._from = Timestamp(0, 0)

    async def begin(self) -> None:
        hello = await self._client.admin.command("hello")
        self._from = hello["lastWrite"]["majorityOpTime"]["ts"]

    async def writes(self, lifecycles: int) -> dict[str, dict[str, Write]]:
        """By service and collection. Sample: a document of about the mean size."""
        writes: dict[str, dict[str, Write]] = {service: {} for service in SERVICES}
        for row in await self._counted():
            database, _, collection = row["_id"].partition(".")
            service = database.removeprefix(PREFIX)
            sample = await self._sample(database, collection)
            if service in writes and sample is not None:
                writes[service][collection] = Write(row["n"] / lifecycles, sample)
        return writes

    def close(self) -> None:
        self._client.close()

    async def _counted(self) -> list[Mapping[str, Any]]:
        """A transaction is one entry whose `applyOps` are the operations."""
        single = [{"ns": "$ns", "op": "$op"}]
        operations = {"$cond": [{"$isArray": "$o.applyOps"}, "$o.applyOps", single]}
        pipeline: list[Mapping[str, Any]] = [
            {"$match": {"ts": {"$gt": self._from}}},
            {"$project": {"operation": operations}},
            {"$unwind": "$operation"},
            {"$match": {"operation.op": {"$in": ["i", "u", "d"]}}},
            {"$group": {"_id": "$operation.ns", "n": {"$sum": 1}}},
        ]
        return list(await self._client.local["oplog.rs"].aggregate(pipeline).to_list(None))

    async def _sample(self, database: str, collection: str) -> Mapping[str, Any] | None:
        newest = self._client[database][collection].find().sort("$natural", -1).limit(SAMPLED)
        sizes = [(len(bson.encode(document)), document) for document in await newest.to_list(None)]
        if not sizes:
            return None
        mean = sum(size for size, _ in sizes) / len(sizes)
        return dict(min(sizes, key=lambda sized: abs(sized[0] - mean))[1])
