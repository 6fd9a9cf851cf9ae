"""The producer that the outbox sends through: signed records, every one acknowledged."""

import asyncio
from collections.abc import Awaitable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.contracts.envelope import CONTENT_TYPE
from shared.errors import Transient
from shared.messaging.changes import Outgoing
from shared.messaging.closing import close_within
from shared.messaging.cluster import read_cluster_id
from shared.messaging.connection import BrokerConnection
from shared.security import SIGNATURE_HEADER, Keyring

SEND_S_MAX = 20.0
FLUSH_S_MAX = 5.0
CONTENT_TYPE_HEADER = ("content-type", CONTENT_TYPE.encode())


class Producer:
    """Sends signed records and waits for every acknowledgement.

    A producer that failed is replaced: Kafka numbers what an idempotent one sends, and after a
    record that used up a number but never arrived it refuses all that follow.
    """

    def __init__(
        self, broker: BrokerConnection, *, source: str, keyring: Keyring, idempotent: bool
    ) -> None:
        self._broker = broker
        self._source = source
        self._keyring = keyring
        self._idempotent = idempotent
        self._producer: AIOKafkaProducer | None = None
        self._stopping: set[asyncio.Task[None]] = set()
        self._connecting = asyncio.Lock()
        self.cluster = ""

    async def start(self, cluster: str) -> None:
        """Raises Transient when the broker does not answer."""
        self._dismiss()
        self.cluster = cluster
        await self._get_producer()

    async def stop(self) -> None:
        self._dismiss()
        self.cluster = ""
        if self._stopping:
            _, late = await asyncio.wait(self._stopping, timeout=FLUSH_S_MAX)
            for task in late:
                task.cancel()

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Raises Transient when any record may not have arrived."""
        producer = await self._get_producer()
        try:
            # By itself it waits for ever, for a broker or, when dismissed meanwhile, for nobody.
            async with asyncio.timeout(SEND_S_MAX):
                acknowledgements = [await self._send(producer, record) for record in records]
                await asyncio.gather(*acknowledgements)
        except (KafkaError, OSError) as error:
            if producer is self._producer:
                self._dismiss()
            raise Transient(f"publish: {type(error).__name__} {error}") from error

    async def _get_producer(self) -> AIOKafkaProducer:
        async with self._connecting:
            if not self.cluster:
                raise Transient("the producer is not connected")
            if self._producer is None:
                self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer:
        """Another cluster has no topics yet: whoever follows it makes them first."""
        if await read_cluster_id(self._broker) != self.cluster:
            raise Transient(f"broker {self._broker.bootstrap}: another cluster")
        producer = AIOKafkaProducer(
            **self._broker.as_options(),
            acks="all",
            enable_idempotence=self._idempotent,
            max_request_size=4_000_000,
            max_batch_size=256_000,
            request_timeout_ms=15_000,
        )
        try:
            async with asyncio.timeout(SEND_S_MAX):
                await producer.start()
        except (KafkaError, OSError) as error:
            await _stop_producer(producer)
            raise Transient(f"broker {self._broker.bootstrap}: {error}") from error
        return producer

    def _dismiss(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.create_task(_stop_producer(producer))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    async def _send(self, producer: AIOKafkaProducer, record: Outgoing) -> Awaitable[object]:
        signature = self._keyring.sign_record(self._source, record.topic, record.value)
        sent: Awaitable[object] = await producer.send(
            record.topic,
            record.value,
            key=record.key.encode(),
            headers=[CONTENT_TYPE_HEADER, (SIGNATURE_HEADER, signature)],
        )
        return sent


async def _stop_producer(producer: AIOKafkaProducer) -> None:
    """aiokafka's own end waits as long as there is something to send; the outbox holds it too."""
    if not await close_within(producer.stop(), FLUSH_S_MAX):
        await close_within(producer._sender.close(), FLUSH_S_MAX)
        await close_within(producer.client.close(), FLUSH_S_MAX)
