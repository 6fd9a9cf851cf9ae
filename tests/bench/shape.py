"""What one real lifecycle does: which event leads to which, how large, and what is written.

Recorded from the services at work, so that the peers do the same hops and the same writes.
"""

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from bson import json_util

from shared.contracts import topics

SERVICES = ("intake", "matching", "notify", "audit")


@dataclass(frozen=True, slots=True)
class Record:
    """One event as it lay on its topic."""

    topic: str
    bytes_: int
    event: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.event["type"])

    @property
    def time(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])


@dataclass(frozen=True, slots=True)
class Write:
    """per_lifecycle: inserts, updates and deletes of one collection, as the oplog counts them."""

    per_lifecycle: float
    sample: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """topics, sizes: by event type. emits: service -> type read -> types sent on.

    consumed: how many records of one lifecycle each service reads.
    """

    first: str
    topics: Mapping[str, str]
    sizes: Mapping[str, int]
    emits: Mapping[str, Mapping[str, Sequence[str]]]
    consumed: Mapping[str, int]
    counts: Mapping[str, int]
    writes: Mapping[str, Mapping[str, Write]]

    @property
    def listened(self) -> int:
        """Events of one lifecycle on the topics that the driver listens to."""
        return sum(n for kind, n in self.counts.items() if self.topics[kind] in LISTENED)

    def save(self, path: Path) -> None:
        path.write_text(json_util.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "Shape":
        read = json_util.loads(path.read_text())
        writes = {
            service: {name: Write(**write) for name, write in collections.items()}
            for service, collections in read["writes"].items()
        }
        return cls(**{**read, "writes": writes})


LISTENED = frozenset({topics.MATCHES, topics.LEDGER, topics.NOTIFICATIONS})


def build_shape(records: Sequence[Record], writes: Mapping[str, Mapping[str, Write]]) -> Shape:
    """records: of one lifecycle alone, the submission first."""
    ordered = sorted(records, key=lambda record: record.time)
    counts = Counter(record.kind for record in ordered)
    sizes: dict[str, list[int]] = defaultdict(list)
    for record in ordered:
        sizes[record.kind].append(record.bytes_)
    return Shape(
        first=ordered[0].kind,
        topics={record.kind: record.topic for record in ordered},
        sizes={kind: sum(found) // len(found) for kind, found in sizes.items()},
        emits=_find_emits(ordered, counts),
        consumed={
            service: sum(record.topic in _read_by(service) for record in ordered)
            for service in SERVICES
        },
        counts=dict(counts),
        writes=writes,
    )


def _read_by(service: str) -> frozenset[str]:
    return frozenset(topic.name for topic in topics.list_consumed(service))


def _find_emits(ordered: Sequence[Record], counts: Mapping[str, int]) -> dict[str, Any]:
    """An event is sent on by what caused it; where a person or a provider did, by the last event
    that its service had read before and that comes once in a lifecycle."""
    kinds = {record.event["id"]: record.kind for record in ordered}
    sent: dict[str, dict[str, Counter[str]]] = {s: defaultdict(Counter) for s in SERVICES}
    for at, record in enumerate(ordered[1:], 1):
        service = str(record.event["source"]).removeprefix("/")
        cause = kinds.get(str(record.event.get("causationid")))
        if cause is None:
            readable = _read_by(service)
            before = [r.kind for r in ordered[:at] if r.topic in readable and counts[r.kind] == 1]
            if not before:  # of a lifecycle before: on a busy machine its last events come late
                continue
            cause = before[-1]
        sent[service][cause][record.kind] += 1
    return {
        service: {
            cause: [kind for kind, n in found.items() for _ in range(max(1, n // counts[cause]))]
            for cause, found in causes.items()
        }
        for service, causes in sent.items()
    }


@asynccontextmanager
async def open_recorder(bootstrap: str) -> AsyncIterator[Callable[[], Awaitable[list[Record]]]]:
    """Gives a function that reads everything that has come on our topics since."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(t.name, p) for t in topics.TOPICS for p in range(t.partitions)]
        consumer.assign(partitions)
        for partition, offset in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, offset)

        async def read() -> list[Record]:
            end = await consumer.end_offsets(partitions)
            return [record for p in partitions for record in await _read_until(consumer, p, end[p])]

        yield read
    finally:
        await consumer.stop()


async def _read_until(
    consumer: AIOKafkaConsumer, partition: TopicPartition, end: int
) -> list[Record]:
    records: list[Record] = []
    while await consumer.position(partition) < end:
        batch = await consumer.getmany(partition, timeout_ms=200)
        for record in batch.get(partition, []):
            records.append(Record(partition.topic, len(record.value), json.loads(record.value)))
    return records
