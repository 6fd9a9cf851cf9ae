"""What brokers still have when a backup is put back: what is read again, and what has to go.

Events of our own that came after the backup tell of what the restored databases never did; they
have to go, the outboxes publish what is true. What others sent stays, and is read on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoError, UnknownTopicOrPartitionError, for_code

from deploy.backup.restoring import RestoreError
from shared.contracts.topics import TOPICS
from shared.errors import Transient
from shared.messaging.cluster import read_cluster_id
from shared.messaging.connection import BrokerConnection

__all__ = ["BrokersLeft", "KafkaError", "Transient", "look_at_brokers", "remove_own_topics"]

OWN = tuple(topic.name for topic in TOPICS if not topic.inbound)
INBOUND = tuple(topic.name for topic in TOPICS if topic.inbound)


@dataclass(frozen=True, slots=True)
class BrokersLeft:
    """own: records in our own topics. ends: where each inbound partition begins and ends."""

    cluster: str
    own: int
    ends: Mapping[TopicPartition, tuple[int, int]]

    def is_known(self, positions: Mapping[str, int]) -> bool:
        """Whether any service had read from these brokers, by its stored positions."""
        return any(place.startswith(f"{self.cluster}|") for place in positions)

    def count_unread(self, positions: Mapping[str, int]) -> dict[str, int]:
        """Records of each inbound topic that the restored services will read again."""
        counts = dict.fromkeys(INBOUND, 0)
        for (topic, partition), (first, end) in self.ends.items():
            stored = positions.get(f"{self.cluster}|{topic}|{partition}", first)
            counts[topic] += max(0, end - max(first, stored))
        return counts


async def look_at_brokers(broker: BrokerConnection) -> BrokersLeft:
    """Raises KafkaError, OSError or Transient where none answers."""
    cluster = await read_cluster_id(broker)
    consumer = AIOKafkaConsumer(**broker.as_options(), request_timeout_ms=10_000)
    try:
        await consumer.start()
        there = await consumer.topics()
        own = await _find_ends(consumer, there & set(OWN))
        ends = await _find_ends(consumer, there & set(INBOUND))
    finally:
        await consumer.stop()
    return BrokersLeft(cluster, sum(end - first for first, end in own.values()), ends)


async def _find_ends(
    consumer: AIOKafkaConsumer, topics: Iterable[str]
) -> dict[TopicPartition, tuple[int, int]]:
    partitions = [
        TopicPartition(name, number)
        for name in topics
        for number in consumer.partitions_for_topic(name) or ()
    ]
    if not partitions:
        return {}
    first = await consumer.beginning_offsets(partitions)
    end = await consumer.end_offsets(partitions)
    return {each: (first[each], end[each]) for each in partitions}


async def remove_own_topics(broker: BrokerConnection) -> list[str]:
    """Those that are there; services make them anew. Raises KafkaError, OSError, or RestoreError
    where a broker keeps one."""
    admin = AIOKafkaAdminClient(**broker.as_options(), request_timeout_ms=15_000)
    try:
        await admin.start()
        names = sorted(set(await admin.list_topics()) & set(OWN))
        if names:
            check_removed((await admin.delete_topics(names)).topic_error_codes)
        return names
    finally:
        await admin.close()


def check_removed(error_codes: Iterable[tuple[str, int]]) -> None:
    """By topic, as brokers answer. Raises RestoreError where one is there still."""
    removed = (NoError.errno, UnknownTopicOrPartitionError.errno)
    errors = {topic: for_code(code).__name__ for topic, code in error_codes if code not in removed}
    if errors:
        raise RestoreError(
            f"有主题没有删掉：{errors}；数据库还没有动，处理后重新执行本命令 · brokers keep these "
            "topics: the databases are as they were, mend it and run this again"
        )
