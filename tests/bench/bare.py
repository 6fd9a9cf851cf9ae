"""The raw limit, one service of it: `python -m tests.bench.bare SERVICE PLAN`.

Reads batches, inserts as many documents as the real service writes, sends on as many events of the
same sizes, commits. It decides nothing, checks nothing and parses nothing: a record's type is in a
header. Durability is Guanjia's: acks=all, w majority, j true, offsets after both.
"""

import asyncio
import sys
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from motor.motor_asyncio import AsyncIOMotorClient

from tests.bench.plan import Plan

BATCH_MAX = 500
FETCH_WAIT_MS = 50  # as the services have it by default


class Documents:
    """The service's writes, spread evenly over the records it reads."""

    def __init__(self, plan: Plan, service: str) -> None:
        consumed = plan.shape.consumed[service]
        self._samples = {
            name: (write.per_lifecycle / consumed, dict(write.sample))
            for name, write in plan.shape.writes[service].items()
        }
        self._owed = dict.fromkeys(self._samples, 0.0)

    def after(self, records: int) -> dict[str, list[dict[str, Any]]]:
        documents = {}
        for name, (each, sample) in self._samples.items():
            self._owed[name] += each * records
            count = int(self._owed[name])
            self._owed[name] -= count
            if count:
                documents[name] = [{**sample, "_id": uuid.uuid4().hex} for _ in range(count)]
        return documents


async def serve(plan: Plan, service: str) -> None:
    client: Any = AsyncIOMotorClient(plan.mongo_uri, w="majority", journal=True)
    database = client[f"{plan.prefix}_{service}"]
    producer = AIOKafkaProducer(
        bootstrap_servers=plan.kafka_bootstrap, acks="all", max_batch_size=256_000
    )
    consumer = AIOKafkaConsumer(
        *plan.topics_read_by(service),
        bootstrap_servers=plan.kafka_bootstrap,
        group_id=f"{plan.prefix}-{service}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    await producer.start()
    await consumer.start()
    documents, emits = Documents(plan, service), plan.shape.emits[service]
    print("ready", flush=True)
    while True:
        batches = await consumer.getmany(timeout_ms=FETCH_WAIT_MS, max_records=BATCH_MAX)
        records = [
            record for records_of_partition in batches.values() for record in records_of_partition
        ]
        if records:
            written = documents.after(len(records))
            await asyncio.gather(
                *(
                    database[name].insert_many(records_of_partition, ordered=False)
                    for name, records_of_partition in written.items()
                )
            )
            await _send_on(plan, producer, emits, records)
            await consumer.commit()


async def _send_on(
    plan: Plan,
    producer: AIOKafkaProducer,
    emits: Any,
    records: Iterable[ConsumerRecord[bytes, bytes]],
) -> None:
    waiting = []
    for record in records:
        for kind in emits.get(record.headers[0][1].decode(), ()):
            waiting.append(await plan.send(producer, kind, record.key))
    await asyncio.gather(*waiting)


def main(arguments: Sequence[str]) -> None:
    service, plan = arguments
    asyncio.run(serve(Plan.load(Path(plan)), service))


if __name__ == "__main__":
    main(sys.argv[1:])
