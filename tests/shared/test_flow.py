"""What flowed in during the last minute, and how far behind the reader is."""

from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError

from shared.messaging.flow import Flow

TOPICS = ("guanjia.requests", "guanjia.matches")
GONE = TopicPartition("guanjia.matches", 1)


class Reader:
    """A consumer of two partitions: one lags by three records, one has moved away."""

    place = 7

    def assignment(self) -> set[TopicPartition]:
        return {TopicPartition("guanjia.requests", 0), TopicPartition("guanjia.requests", 1), GONE}

    def highwater(self, partition: TopicPartition) -> int | None:
        return {("guanjia.requests", 0): 10}.get((partition.topic, partition.partition), 4)

    async def position(self, partition: TopicPartition) -> int:
        if partition == GONE:
            raise IllegalStateError
        return self.place if partition.partition == 0 else 5  # one end was heard too late


def make_record(topic: str, at_s: float) -> Any:
    return SimpleNamespace(topic=topic, timestamp=int(at_s * 1000))


async def test_counts_are_of_the_last_minute_and_delays_of_the_latest_record() -> None:
    now = [0.0]
    flow = Flow(TOPICS, lambda: None, monotonic=lambda: now[0], wall=lambda: 1000.0 + now[0])
    flow.note([make_record("guanjia.requests", 999.0)] * 3)
    now[0] = 59.0
    flow.note([make_record("guanjia.requests", 1058.5)])

    requests, matches = await flow.measure()
    assert (requests.per_minute, requests.delay_s) == (4, 0.5)
    assert (matches.per_minute, matches.delay_s) == (0, None)

    now[0] = 61.0
    assert [row.per_minute for row in await flow.measure()] == [1, 0]


async def test_a_clock_that_is_behind_gives_no_delay_below_nothing() -> None:
    flow = Flow(TOPICS, lambda: None, wall=lambda: 10.0)
    flow.note([make_record("guanjia.matches", 12.0)])
    assert [row.delay_s for row in await flow.measure()] == [None, 0.0]


async def test_what_waits_is_counted_where_it_is_known() -> None:
    reader: Any = Reader()
    flow = Flow(TOPICS, lambda: reader)
    assert [row.behind for row in await flow.measure()] == [3, 0]


async def test_a_reader_that_stands_still_has_a_delay_that_grows() -> None:
    """Nothing is taken, so what was taken last says nothing of what waits."""
    now, reader = [100.0], Reader()
    consumer: Any = reader
    flow = Flow(TOPICS, lambda: consumer, monotonic=lambda: now[0], wall=lambda: now[0])
    flow.note([make_record("guanjia.requests", 99.5)])
    assert (await flow.measure())[0].delay_s == 0.5
    now[0] = 400.0
    assert (await flow.measure())[0].delay_s == 300.0
    reader.place = 8
    assert (await flow.measure())[0].delay_s == 0.5, "another record is the first to wait"
    now[0], reader.place = 500.0, 10
    assert [(row.behind, row.delay_s) for row in await flow.measure()] == [(0, 0.5), (0, None)]
