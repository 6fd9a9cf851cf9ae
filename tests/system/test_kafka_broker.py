"""Real Apache Kafka without containers: durable, strict about topics, the same cluster again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka import jars
from deploy.local.health import read_cluster_id
from deploy.local.parts import build_brokers
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.supervisor import Supervisor

MISSING = jars.explain_missing()
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MISSING is not None, reason=MISSING or ""),
]
TOPIC = "facts"


class Broker:
    """A broker on one folder, on another port at every start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def start(self) -> None:
        self.port = find_free_port()
        (part,) = build_brokers(self._folder, {"broker": self.port}, self._folder)
        self.supervisor = Supervisor([[part]], announce=print)
        await self.supervisor.start()

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    async def cluster_id(self) -> str | None:
        return await read_cluster_id(LOOPBACK, self.port)


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    started = Broker(tmp_path_factory.mktemp("kafka"))
    await started.start()
    yield started
    await started.supervisor.stop()


async def create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topic = NewTopic(TOPIC, num_partitions=1, replication_factor=1)
        await admin.create_topics([topic])
    finally:
        await admin.close()


async def send(bootstrap: str, *values: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    async with producer:
        for value in values:
            await producer.send_and_wait(TOPIC, value)


async def read(bootstrap: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    async with consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        await consumer.seek_to_beginning()
        return [(await consumer.getone()).value for _ in range(count)]


async def topics(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def test_records_and_cluster_id_survive_stop_and_kill(broker: Broker) -> None:
    """Acknowledged to an idempotent producer with acks=all; each start is on another port."""
    await create_topic(broker.bootstrap)
    identity = await broker.cluster_id()
    await send(broker.bootstrap, b"one", b"two")

    await broker.supervisor.stop()
    await broker.start()
    assert await broker.cluster_id() == identity
    assert await read(broker.bootstrap, 2) == [b"one", b"two"]

    await send(broker.bootstrap, b"three")
    await broker.supervisor.kill("broker")
    await broker.supervisor.restart("broker")
    assert await broker.cluster_id() == identity
    assert await read(broker.bootstrap, 3) == [b"one", b"two", b"three"]


async def test_topic_nobody_created_is_not_made_by_asking_for_it(broker: Broker) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        with pytest.raises(TimeoutError):  # the client asks for its partitions again and again
            await asyncio.wait_for(producer.send_and_wait("absent", b"x"), 1)
    assert "absent" not in await topics(broker.bootstrap)


def test_missing_java_and_maven_are_named_with_their_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(jars.ToolMissingError, match="openjdk-17-jre-headless"):
        jars.require_java()
    with pytest.raises(jars.ToolMissingError, match="apt-get install maven"):
        jars.require_maven()
