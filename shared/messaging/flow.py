"""How records flow into this process: how many of each topic in the last minute, how far behind."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.contracts.operations import TopicFlow

WINDOW_S = 60


class Flow:
    """topics: those that the service reads. consumer: the present one, if any.

    monotonic: of the window, in seconds; wall: what records' timestamps are compared with.
    """

    def __init__(
        self,
        topics: Sequence[str],
        consumer: Callable[[], AIOKafkaConsumer | None],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._topics = topics
        self._consumer = consumer
        self._monotonic, self._wall = monotonic, wall
        self._taken: deque[tuple[float, Counter[str]]] = deque()
        self._delays: dict[str, float] = {}

    def note(self, records: Iterable[ConsumerRecord[bytes, bytes]]) -> None:
        """That they were taken now."""
        now, wall = self._monotonic(), self._wall()
        counts: Counter[str] = Counter()
        for record in records:
            counts[record.topic] += 1
            self._delays[record.topic] = max(0.0, wall - record.timestamp / 1000)
        self._taken.append((now, counts))
        self._forget(now)

    async def measure(self) -> tuple[TopicFlow, ...]:
        """A row for each topic, also of those that nothing came by."""
        self._forget(self._monotonic())
        counts: Counter[str] = Counter()
        for _, topics in self._taken:
            counts.update(topics)
        behind = await self._count_behind()
        return tuple(
            TopicFlow(
                topic=topic,
                per_minute=counts[topic],
                behind=behind[topic],
                delay_s=self._delays.get(topic),
            )
            for topic in self._topics
        )

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] < now - WINDOW_S:
            self._taken.popleft()

    async def _count_behind(self) -> Counter[str]:
        """By what the broker said with its last answer: no call of its own."""
        counts: Counter[str] = Counter()
        consumer = self._consumer()
        for partition in sorted(consumer.assignment()) if consumer else ():
            counts[partition.topic] += await _count_waiting(consumer, partition)
        return counts


async def _count_waiting(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    try:
        end = consumer.highwater(partition)
        return max(0, end - await consumer.position(partition)) if end is not None else 0
    except (KafkaError, IllegalStateError):  # it moved to another process meanwhile
        return 0
