"""Publishing from outside: a bank bridge, a village's system, an import. Rule 7.

An embedded broker dies with what it holds, so a foreign event is safe only once a service has
stored it. `ForeignPublisher` keeps what it sent until the fact it led to appears, and sends again
what is unanswered when another cluster answers. Services drop what they already have.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.envelope import Fact, build_foreign_event
from shared.contracts.topics import BY_NAME, DONATIONS_INBOUND, LEDGER, REQUESTS, REQUESTS_INBOUND
from shared.errors import Transient
from shared.ids import derive_cause_id
from shared.messaging.closing import close_within
from shared.messaging.cluster import ClusterWatch, create_topics
from shared.messaging.connection import BrokerConnection
from shared.messaging.encoding import encode
from shared.messaging.producer import CONTENT_TYPE_HEADER
from shared.security import SIGNATURE_HEADER, sign_record

log = structlog.get_logger()

LOOK_AT_CLUSTER_EVERY_S = 1.0
TRY_AGAIN_AFTER_S = 0.3
CLOSE_S_MAX = 5.0
# Where the facts appear that foreign events of a topic lead to.
ANSWERED_ON: Mapping[str, str] = {REQUESTS_INBOUND: REQUESTS, DONATIONS_INBOUND: LEDGER}


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """A record as it is sent, and sent again."""

    message_id: str
    topic: str
    value: bytes
    signature: bytes


class ForeignPublisher:
    """Speaks as one source on one inbound topic. key: `shared.security.publisher_key`.

    async with ForeignPublisher(...) as bank:
        await bank.publish("2026-0001", gift, at)
        await bank.wait_answered()
    """

    def __init__(
        self,
        broker: BrokerConnection,
        *,
        source: str,
        key: bytes,
        topic: str,
        idempotent: bool,
    ) -> None:
        """idempotent: on Apache Kafka; the embedded broker refuses it."""
        self._broker, self._source, self._key = broker, source, key
        self._topic, self._idempotent = topic, idempotent
        self._unanswered: dict[str, list[ForeignRecord]] = {}
        self._connection: _Connection | None = None
        self._staying: asyncio.Task[None] | None = None
        self._answered = asyncio.Event()
        self._answered.set()
        self.answered = 0

    @property
    def waiting(self) -> tuple[str, ...]:
        """Message ids whose facts have not appeared yet."""
        return tuple(repeated[0].message_id for repeated in self._unanswered.values())

    async def __aenter__(self) -> "ForeignPublisher":
        self._staying = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._staying is not None
        self._staying.cancel()
        with suppress(asyncio.CancelledError):
            await self._staying
        await self._disconnect()

    async def publish(self, message_id: str, data: Fact, time: datetime) -> None:
        """Kept from here on; returns at once when no broker answers now."""
        await self.publish_all([(message_id, data, time)])

    async def publish_all(self, messages: Iterable[tuple[str, Fact, datetime]]) -> None:
        """In order, and acknowledged together: far faster than one by one."""
        record = [self._remember(*message) for message in messages]
        if self._connection is not None:
            await self._send(self._connection, record)

    def _remember(self, message_id: str, data: Fact, time: datetime) -> ForeignRecord:
        event = build_foreign_event(
            source=self._source, message_id=message_id, time=time, data=data
        )
        value = encode(event)
        signature = sign_record(self._key, self._topic, value)
        record = ForeignRecord(message_id, self._topic, value, signature)
        # An id used for two messages: the service refuses the second, so both go, in order.
        repeated = self._unanswered.setdefault(derive_cause_id(self._source, message_id), [])
        if record not in repeated:
            repeated.append(record)
        self._answered.clear()
        return record

    def forget(self, message_id: str) -> None:
        """A service is known to have it, though no fact will say so: a duplicate, for one."""
        self._drop(derive_cause_id(self._source, message_id))

    async def wait_answered(self) -> None:
        """Every fact has appeared. What a service refuses or takes for a duplicate never does."""
        await self._answered.wait()

    # --- the broker that is there ---

    async def _stay_connected(self) -> None:
        """Endless: on another cluster, everything that is unanswered goes out again."""
        reading: asyncio.Task[None] | None = None
        watch = ClusterWatch(self._broker)
        try:
            while True:
                with suppress(Transient):
                    cluster = await watch.look()
                    if self._connection is None or self._connection.cluster != cluster:
                        reading = await self._move_to(cluster, reading)
                await asyncio.sleep(LOOK_AT_CLUSTER_EVERY_S)
        finally:
            if reading:
                reading.cancel()
            await watch.close()

    async def _move_to(
        self, cluster: str, reading: asyncio.Task[None] | None
    ) -> asyncio.Task[None] | None:
        if reading:
            reading.cancel()
        await self._disconnect()
        try:
            await create_topics(self._broker)
            connection = await _connect(self._broker, cluster, self._topic, self._idempotent)
        except (KafkaError, OSError, Transient) as error:
            log.info("broker_not_ready", reason=type(error).__name__)
            return None
        log.info("broker_found", cluster=cluster, kept=len(self._unanswered))
        sent: set[ForeignRecord] = set()
        while new := [
            k for repeated in self._unanswered.values() for k in repeated if k not in sent
        ]:
            sent.update(new)
            await self._send(connection, new)
        # Only now, so that nothing overtakes what waited.
        self._connection = connection
        return asyncio.create_task(self._read_facts(connection))

    async def _send(self, connection: "_Connection", records: Iterable[ForeignRecord]) -> None:
        """What fails waits like the rest; a broker that stays is asked again."""
        try:
            waiting = [
                await connection.producer.send(
                    record.topic,
                    record.value,
                    key=self._source.encode(),
                    headers=[CONTENT_TYPE_HEADER, (SIGNATURE_HEADER, record.signature)],
                )
                for record in records
            ]
            await asyncio.gather(*waiting)
        except (KafkaError, OSError) as error:
            log.warning("foreign_events_not_sent", reason=type(error).__name__)
            connection.cluster = ""  # so that the next look sends all again

    async def _read_facts(self, connection: "_Connection") -> None:
        while True:
            try:
                by_partition = await connection.consumer.getmany(timeout_ms=500)
            except (KafkaError, OSError):
                await asyncio.sleep(TRY_AGAIN_AFTER_S)
                continue
            for records in by_partition.values():
                for record in records:
                    self._drop(parse_cause(record.value))

    def _drop(self, cause: str) -> None:
        if self._unanswered.pop(cause, None) is not None:
            self.answered += 1
        if not self._unanswered:
            self._answered.set()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


@dataclass(slots=True)
class _Connection:
    cluster: str
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer

    async def close(self) -> None:
        for part in (self.producer, self.consumer):
            with suppress(KafkaError, OSError):
                await close_within(part.stop(), CLOSE_S_MAX)


async def _connect(
    broker: BrokerConnection, cluster: str, topic: str, idempotent: bool
) -> _Connection:
    """Facts are read from the start: what appeared before this process did counts too."""
    producer = AIOKafkaProducer(**broker.as_options(), acks="all", enable_idempotence=idempotent)
    consumer = AIOKafkaConsumer(
        **broker.as_options(), auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    connection = _Connection(cluster, producer, consumer)
    try:
        await producer.start()
        await consumer.start()
        facts = BY_NAME[ANSWERED_ON[topic]]
        partitions = [TopicPartition(facts.name, number) for number in range(facts.partitions)]
        consumer.assign(partitions)
    except BaseException:
        await connection.close()
        raise
    return connection


def parse_cause(value: bytes) -> str:
    """What led to this fact (`causationid`); empty when it is no fact."""
    try:
        return str(orjson.loads(value)["causationid"])
    except (ValueError, KeyError, TypeError):
        return ""
