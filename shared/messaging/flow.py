"""How records flow into this process: how many of each topic in the last minute, how far behind."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

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
        self._first_waiting: dict[TopicPartition, tuple[int, float]] = {}
        """Of partitions where some wait: the place of the first, and since when that is seen."""

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
        behind, waits = await self._count_behind()
        return tuple(
            TopicFlow(
                topic=topic,
                per_minute=counts[topic],
                behind=behind[topic],
                delay_s=self._find_delay(topic, waits),
            )
            for topic in self._topics
        )

    def _find_delay(self, topic: str, waits: Mapping[str, float]) -> float | None:
        delays = [each[topic] for each in (self._delays, waits) if topic in each]
        return max(delays, default=None)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] < now - WINDOW_S:
            self._taken.popleft()

    async def _count_behind(self) -> tuple[Counter[str], dict[str, float]]:
        """By what the broker said with its last answer: no call of its own. And for how long the
        first of them has been waiting at least, by topic."""
        counts: Counter[str] = Counter()
        waits: dict[str, float] = {}
        consumer = self._consumer()
        assigned = consumer.assignment() if consumer else set()
        self._first_waiting = {p: v for p, v in self._first_waiting.items() if p in assigned}
        for partition in sorted(assigned):
            assert consumer is not None
            place, count = await _find_waiting(consumer, partition)
            counts[partition.topic] += count
            if count:
                wait = self._measure_wait(partition, place)
                waits[partition.topic] = max(wait, waits.get(partition.topic, 0.0))
            else:
                self._first_waiting.pop(partition, None)
        return counts, waits

    def _measure_wait(self, partition: TopicPartition, place: int) -> float:
        """Seconds since the record there was first seen to wait."""
        now = self._monotonic()
        seen = self._first_waiting.get(partition)
        if seen is None or seen[0] != place:
            seen = self._first_waiting[partition] = (place, now)
        return now - seen[1]


async def _find_waiting(consumer: AIOKafkaConsumer, partition: TopicPartition) -> tuple[int, int]:
    """The place of the next record, and how many wait from there on."""
    try:
        end, place = consumer.highwater(partition), await consumer.position(partition)
        return place, max(0, end - place) if end is not None else 0
    except (KafkaError, IllegalStateError):  # it moved to another process meanwhile
        return 0, 0
