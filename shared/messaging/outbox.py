"""The outbox: what a transaction decided to say, kept until the broker has it, and longer.

A document stays (30 days; ledger entries for ever), so that a broker that comes back empty can be
filled again: `cluster` is the broker that has it.

The embedded broker gives a place in a topic twice while producers of before come back to it: one of
the two records is gone though both were acknowledged. So for a while after another cluster took
over, what it acknowledges is noted as of `CLUSTER new`, and is published once more after that.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import orjson

from shared import mongo
from shared.errors import Transient
from shared.messaging.changes import Outgoing

COLLECTION = "outbox"
DOCUMENT_BYTES_MAX = 1_000_000
REFILL_DOCUMENTS = 200
SENT_BYTES_MAX = 4_000_000
SETTLES_WITHIN = timedelta(seconds=10)
"""So long producers of before may come back to a broker that lost everything."""
SEARCH_MS_MAX = 20_000


T = TypeVar("T")


class Sender(Protocol):
    """The broker's side: returns when every record is acknowledged, raises Transient if not."""

    @property
    def cluster(self) -> str: ...

    async def send(self, records: Sequence[Outgoing]) -> None: ...


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Documents that a broker has. mark: by which they say so."""

    mark: str
    ids: Sequence[str]


def list_indexes(retention_days: int | None) -> tuple[mongo.Index, ...]:
    """Only published documents have `published_at`, so only they ever expire."""
    waiting: mongo.Index = (COLLECTION, [("cluster", 1), ("created_at", 1)], {})
    if retention_days is None:
        return (waiting,)
    expiry = {"expireAfterSeconds": retention_days * 86_400}
    return (waiting, (COLLECTION, [("published_at", 1)], expiry))


def build_documents(outgoing: Iterable[Outgoing], now: datetime) -> list[mongo.Row]:
    """One for a transaction, split at 1 MB."""
    split: list[list[list[object]]] = [[]]
    size = 0
    for record in outgoing:
        if size and size + len(record.value) > DOCUMENT_BYTES_MAX:
            split.append([])
            size = 0
        split[-1].append([record.topic, record.key, record.value])
        size += len(record.value)
    return [
        {"_id": uuid.uuid4().hex, "created_at": now, "cluster": None, "records": records}
        for records in split
        if records
    ]


def list_records(document: mongo.Row) -> list[Outgoing]:
    return [Outgoing(topic, key, bytes(value)) for topic, key, value in document["records"]]


def _select_records(
    document: mongo.Row, wanted: Mapping[str, set[int]]
) -> dict[tuple[str, int], Outgoing]:
    records = [record for record in list_records(document) if record.key in wanted]
    places = [(record.key, int(orjson.loads(record.value)["sequence"])) for record in records]
    return {
        place: record
        for place, record in zip(places, records, strict=True)
        if place[1] in wanted[record.key]
    }


def _split_by_size(waiting: Iterable[T], measure: Callable[[T], int]) -> Iterator[list[T]]:
    """As much as is sent within its time limit, however much there is."""
    portion: list[T] = []
    size = 0
    for each in waiting:
        added = measure(each)
        if portion and size + added > SENT_BYTES_MAX:
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += added
    if portion:
        yield portion


def _measure_document(document: mongo.Row) -> int:
    return sum(len(value) for _, _, value in document["records"])


def _measure_record(record: Outgoing) -> int:
    return len(record.value)


class Outbox:
    """Publishes this service's documents: its own at once, anybody's when they were forgotten."""

    def __init__(self, database: mongo.Database, sender: Sender, stale_ms: int) -> None:
        self._collection = database[COLLECTION]
        self._sender = sender
        self._stale = timedelta(milliseconds=stale_ms)
        self._cluster = ""
        self._settles_at: datetime | None = None
        self._is_searched = False

    def _list_marks(self, now: datetime) -> list[str]:
        """What documents carry that the broker of now has; the first is for those it takes now."""
        cluster = self._sender.cluster
        if cluster and cluster != self._cluster:  # none: the producer is on its way to another
            self._settles_at = now + SETTLES_WITHIN if self._cluster else None
            self._cluster = cluster
        if self._settles_at is None or now >= self._settles_at:
            return [cluster]
        return [f"{cluster} new", cluster]

    async def publish(self, waiting: Sequence[mongo.Row], now: datetime) -> None:
        """Sends and marks, a few megabytes at a time, so that a backlog grows smaller however slow
        the broker is. Raises Transient; publishing again later is harmless."""
        for portion in _split_by_size(waiting, _measure_document):
            await self.mark(await self.send(portion, now), now)

    async def send(self, waiting: Sequence[mongo.Row], now: datetime) -> Acknowledged:
        """What is not marked within 2 s is published again. Raises Transient."""
        mark = self._list_marks(now)[0]
        for portion in _split_by_size(waiting, _measure_document):
            await self._sender.send([r for document in portion for r in list_records(document)])
        return Acknowledged(mark, [document["_id"] for document in waiting])

    async def mark(self, acknowledged: Acknowledged, now: datetime) -> None:
        await self._collection.update_many(
            {"_id": {"$in": list(acknowledged.ids)}},
            {"$set": {"cluster": acknowledged.mark, "published_at": now}},
        )

    async def publish_forgotten(self, now: datetime) -> int:
        """What is older than 2 s and this broker does not have: unpublished by one that died,
        or lost with a broker that came back empty. Returns how many documents."""
        published = 0
        while True:
            documents = await self._find_forgotten(now)
            await self.publish(documents, now)
            published += len(documents)
            if len(documents) < REFILL_DOCUMENTS:
                return published

    async def resend(self, subject: str) -> int:
        """Every event of one subject again, to fill a consumer's gap. Returns how many."""
        cursor = self._collection.find({"records": {"$elemMatch": {"1": subject}}})
        all_records = [r async for d in cursor.sort("created_at", 1) for r in list_records(d)]
        return await self._send_again([record for record in all_records if record.key == subject])

    async def _send_again(self, records: Sequence[Outgoing]) -> int:
        for portion in _split_by_size(records, _measure_record):
            await self._sender.send(portion)
        return len(records)

    async def resend_missing(self, wanted: Mapping[str, set[int]]) -> int:
        """Some events again, by subject and sequence. Returns how many were found.

        Raises Transient while another search runs: each reads the outbox from its newest end, until
        all are found or the time is up.
        """
        if self._is_searched:
            raise Transient("the outbox is being searched")
        self._is_searched = True
        try:
            records = await self._find_missing(wanted)
            return await self._send_again([records[place] for place in sorted(records)])
        except mongo.PyMongoError as error:
            raise Transient(f"outbox: {type(error).__name__}") from error
        finally:
            self._is_searched = False

    async def _find_missing(
        self, wanted: Mapping[str, set[int]]
    ) -> dict[tuple[str, int], Outgoing]:
        query = {"records": {"$elemMatch": {"1": {"$in": sorted(wanted)}}}}
        count = sum(map(len, wanted.values()))
        records: dict[tuple[str, int], Outgoing] = {}
        cursor = self._collection.find(query).sort("$natural", -1).max_time_ms(SEARCH_MS_MAX)
        try:
            async for document in cursor:
                records |= _select_records(document, wanted)
                if len(records) == count:
                    break
        except mongo.ExecutionTimeout:
            pass  # what was found closes some of the gaps
        finally:
            await cursor.close()
        return records

    async def find_oldest(self) -> datetime | None:
        """Of what no broker has yet."""
        query = {"cluster": None}
        row = await self._collection.find_one(query, {"created_at": 1}, sort=[("created_at", 1)])
        return row["created_at"] if row else None

    async def count_waiting(self) -> int:
        return int(await self._collection.count_documents({"cluster": None}))

    async def _find_forgotten(self, now: datetime) -> list[mongo.Row]:
        query = {
            "cluster": {"$nin": self._list_marks(now)},
            "created_at": {"$lt": now - self._stale},
        }
        cursor = self._collection.find(query).sort("created_at", 1).limit(REFILL_DOCUMENTS)
        return list(await cursor.to_list(None))
