"""The broker's side: FastStream's batch subscriber with exact offsets.

What FastStream 0.7.8 would do on its own (acknowledge first, skip a batch on a bad header, commit
past it, start at latest) is switched off here: the parser cannot raise, the handler returns only
when every record is durable, positions come from Mongo, and only they say where to resume.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import (
    AIOKafkaConsumer,
    ConsumerRebalanceListener,
    ConsumerRecord,
    TopicPartition,
)
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.kafka.subscriber.usecase import LogicSubscriber

from shared import mongo
from shared.contracts.topics import BY_NAME, may_publish
from shared.contracts.wire import build_event_model
from shared.errors import Transient
from shared.messaging.batch_store import POSITIONS, Position
from shared.messaging.closing import close_within
from shared.messaging.connection import BrokerConnection
from shared.messaging.flow import Flow
from shared.messaging.inbox import Incoming, parse_incoming
from shared.settings import Settings

log = structlog.get_logger()

SEEK_AGAIN_AFTER_S = 0.5
COMMIT_S_MAX = 5.0
STOP_S_MAX = 10.0
QUIET_AFTER_S = 5.0
FETCH_AHEAD_FROM = 100
"""Records of a fetch: after so many there are more, which are fetched before these are durable."""


class Positions(ConsumerRebalanceListener):  # type: ignore[misc]
    """On assignment the consumer seeks to what this service has worked, not to what it committed.

    A cluster never seen, or a log that ends before the stored place, is read from its start.
    believe_end: the embedded broker reports an end too low after batched sends; its data lives and
    dies with its cluster id, so there the stored place is right whatever the end says.
    """

    def __init__(self, database: mongo.Database, *, believe_end: bool) -> None:
        self._believe_end = believe_end
        self._collection = database[POSITIONS]
        self.consumer: Callable[[], AIOKafkaConsumer | None] = lambda: None
        self.cluster = ""
        self.assigned = False

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        self.assigned = False

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Tried until it works: what a listener raises, aiokafka only logs."""
        while True:
            try:
                return await self._seek(assigned)
            except (mongo.PyMongoError, KafkaError) as error:
                log.warning("seek_retried", error=type(error).__name__)
                await asyncio.sleep(SEEK_AGAIN_AFTER_S)

    async def _seek(self, assigned: set[TopicPartition]) -> None:
        consumer = self.consumer()
        if consumer is None or not assigned:
            self.assigned = True
            return
        partitions = sorted(assigned)
        stored = await self._load_positions(partitions)
        first = await consumer.beginning_offsets(partitions)
        end = await consumer.end_offsets(partitions)
        for partition in partitions:
            position = stored.get(partition, first[partition])
            beyond = self._believe_end and position > end[partition]
            if beyond or position < first[partition]:
                log.warning("position_outside_log", partition=str(partition), stored=position)
                position = first[partition]
            consumer.seek(partition, position)
        self.assigned = True
        log.info("partitions_assigned", count=len(partitions), cluster=self.cluster)

    async def _load_positions(
        self, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        names = {f"{self.cluster}|{p.topic}|{p.partition}": p for p in partitions}
        rows = await self._collection.find({"_id": {"$in": list(names)}}).to_list(None)
        return {names[row["_id"]]: row["next"] for row in rows}


class Subscription:
    """One FastStream batch subscriber over all topics of a service."""

    def __init__(
        self,
        *,
        service: str,
        topics: Sequence[str],
        settings: Settings,
        connection: BrokerConnection,
        positions: Positions,
        submit: Callable[[Sequence[Incoming]], Coroutine[Any, Any, None]],
    ) -> None:
        self._positions = positions
        self._topics = topics
        self._submit = submit
        self._busy_wait_ms = settings.fetch_max_wait_ms
        self._quiet_wait_ms = max(settings.fetch_max_wait_ms, settings.fetch_quiet_wait_ms)
        self._quiet_timer: asyncio.TimerHandle | None = None
        self.broker = KafkaBroker(
            connection.addresses,
            security=connection.as_security(),
            client_id=f"guanjia-{service}",
            allow_auto_create_topics=False,
            logger=None,
            apply_types=False,
        )
        self._subscriber: LogicSubscriber[Any] | None = None
        self._submitting: asyncio.Task[None] | None = None
        if topics:
            self._subscriber = self._subscribe(service, topics, settings)
        positions.consumer = lambda: self._subscriber.consumer if self._subscriber else None
        self.flow = Flow(topics, positions.consumer)

    def _subscribe(
        self, service: str, topics: Sequence[str], settings: Settings
    ) -> LogicSubscriber[Any]:
        subscriber = self.broker.subscriber(
            *topics,
            batch=True,
            group_id=f"guanjia-{service}",
            group_instance_id=settings.instance_id or None,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(StickyPartitionAssignor,),
            listener=self._positions,
            parser=_parse,
            decoder=_decode,
            batch_timeout_ms=self._quiet_wait_ms,
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            max_records=settings.batch_events_max,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.session_timeout_ms // 3,
            max_poll_interval_ms=max(300_000, settings.session_timeout_ms),
            title=f"{service}:inbox",
        )
        subscriber(self._on_batch)
        return subscriber

    async def _on_batch(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        cluster = self._positions.cluster
        self.flow.note(records)
        self._stay_awake()
        submitting = asyncio.create_task(
            self._submit([parse_incoming(record, cluster) for record in records])
        )
        submitting.add_done_callback(_look_at)
        earlier, self._submitting = self._submitting, submitting
        if earlier is not None:
            await earlier
        if len(records) < FETCH_AHEAD_FROM:
            self._submitting = None
            await submitting

    def _stay_awake(self) -> None:
        """The embedded broker looks at what waits for a fetch a few times in its wait: a short one
        is answered soon and costs, so in quiet times it is long. On Apache Kafka they are equal."""
        self._set_wait(self._busy_wait_ms)
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        later = asyncio.get_running_loop().call_later
        self._quiet_timer = later(QUIET_AFTER_S, self._set_wait, self._quiet_wait_ms)

    def _set_wait(self, milliseconds: int) -> None:
        consumer = self._subscriber.consumer if self._subscriber else None
        fetcher = consumer._fetcher if consumer else None
        if fetcher is not None:  # aiokafka has no way of its own to change it
            fetcher._fetch_max_wait_ms = milliseconds

    @property
    def ready(self) -> bool:
        return self._subscriber is None or self._positions.assigned

    @property
    def obstacle(self) -> str:
        """Why not everything that the service reads comes to somebody; empty where it does.

        A producer may have made a topic anew before us, with the broker's own number of
        partitions: what is keyed to a partition that is not there waits for ever.
        """
        if not self.ready:
            return "no partitions assigned"
        consumer = self._subscriber.consumer if self._subscriber else None
        if consumer is None:
            return ""
        for name in self._topics:
            partitions = consumer.partitions_for_topic(name)
            if partitions is not None and len(partitions) < BY_NAME[name].partitions:
                return f"partitions missing: {name} has {len(partitions)}"
        return ""

    async def start(self, cluster: str) -> None:
        """Raises Transient when the broker does not answer."""
        self._positions.cluster = cluster
        self._positions.assigned = False
        try:
            await self.broker.start()
        except (KafkaError, OSError) as error:
            raise Transient(f"subscribe: {error}") from error
        self._stay_awake()

    async def stop(self) -> None:
        """Waits a few seconds at most.

        What is left behind reads nothing: its consumer is closed first.
        """
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
        if self._submitting is not None:
            self._submitting.cancel()
            self._submitting = None
        if not await close_within(self.broker.stop(), STOP_S_MAX):
            log.warning("subscription_abandoned")

    async def commit(self, positions: Mapping[Position, int]) -> None:
        """Exactly these; a partition that moved away meanwhile is its new owner's business.

        Nobody waits long for it: where to resume is stored with what was decided.
        """
        consumer = self._subscriber.consumer if self._subscriber else None
        mine = {
            TopicPartition(topic, partition): offset
            for (cluster, topic, partition), offset in positions.items()
            if cluster == self._positions.cluster
        }
        if consumer is None or not mine:
            return
        try:
            async with asyncio.timeout(COMMIT_S_MAX):
                await consumer.commit(mine)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("offsets_not_committed", reason=type(error).__name__)


def _look_at(submitting: asyncio.Task[None]) -> None:
    """Nobody waits for the last one; what it raises, the next submission raises too."""
    if not submitting.cancelled():
        submitting.exception()


async def _parse(records: tuple[ConsumerRecord[bytes, bytes], ...]) -> KafkaMessage:
    """Nothing is read here, so nothing can raise: `inbox` looks at every record by itself."""
    return KafkaMessage(body=b"", raw_message=records, consumer=_NO_CONSUMER)


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message


class _NoConsumer:
    """Offsets are committed by `Subscription.commit`, never by FastStream."""

    async def commit(self) -> None:
        return

    def seek(self, partition: TopicPartition, offset: int) -> None:  # noqa: ARG002
        return


_NO_CONSUMER = _NoConsumer()


def describe_publishers(broker: KafkaBroker, service: str) -> None:
    """What the service publishes, for its AsyncAPI page; sending is the outbox's."""
    from shared.contracts.events import FACTS

    for fact in FACTS:
        if may_publish(f"/{service}", fact.TOPIC):
            event = build_event_model(fact)
            broker.publisher(fact.TOPIC, title=fact.TYPE, schema=event, description=fact.__doc__)
