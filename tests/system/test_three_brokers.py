"""Three brokers on loopback: each in turn is lost with its disk, and no acknowledged record is."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.doctor.brokers import read_cluster
from deploy.kafka import jars
from deploy.kafka.broker import Installation, find_cluster_id
from deploy.local.parts import Part, build_brokers, find_broker_data
from deploy.local.ports import find_free_port
from deploy.local.stack_file import BROKERS
from deploy.local.supervisor import Supervisor
from shared.contracts.topics import BY_NAME, MATCHES
from shared.errors import Transient
from shared.messaging.changes import Outgoing
from shared.messaging.cluster import create_topics, read_cluster_id
from shared.messaging.connection import BrokerConnection
from shared.messaging.producer import Producer
from shared.security import Keyring, create_root_key
from tests.support.eventually import eventually
from tests.system.test_system import FEW, ended, everything_agrees, progressed, running

MISSING = jars.explain_missing()
SUBJECTS, AT_ONCE, WHILE_AWAY = 12, 24, 5


def test_a_broker_that_lost_its_disk_comes_back_to_the_same_cluster(tmp_path: Path) -> None:
    """Where all lost theirs another cluster says that it came back empty."""
    there, lost = Installation(tmp_path / "kafka"), Installation(tmp_path / "kafka-2", 2)
    (there.path / "log").mkdir(parents=True)
    (there.path / "log" / "meta.properties").write_text("version=1\ncluster.id=abc\n")
    assert find_cluster_id([lost, there]) == "abc"
    assert find_cluster_id([lost]) not in ("abc", find_cluster_id([lost]))


async def count_in_sync(connection: BrokerConnection) -> int:
    """Of the topic that has fewest copies."""
    topics = (await read_cluster(connection)).topics
    return min(state.in_sync for state in topics.values())


@dataclass
class Brokers:
    """Under a supervisor that does not watch."""

    folder: Path
    parts: list[Part] = field(init=False)
    supervisor: Supervisor = field(init=False)

    def __post_init__(self) -> None:
        ports = {name: find_free_port() for name in BROKERS}
        self.parts = build_brokers(self.folder, ports, self.folder / "logs")
        self.supervisor = Supervisor([self.parts], announce=print)

    @property
    def connection(self) -> BrokerConnection:
        return BrokerConnection(",".join(part.address for part in self.parts))

    async def lose(self, name: str) -> None:
        """The process and all that it stored."""
        await self.supervisor.take_away(name)
        shutil.rmtree(find_broker_data(self.folder, name) / "log")

    async def bring_back(self, name: str) -> None:
        await self.supervisor.restart(name)
        await wait_in_sync(self.connection)


async def wait_in_sync(connection: BrokerConnection, within_s: float = 90) -> None:
    async def look() -> int:
        try:
            return await count_in_sync(connection)
        except (KafkaError, OSError):
            return 0

    await eventually(look, lambda copies: copies == len(BROKERS), within_s)


@pytest.fixture
async def brokers(tmp_path: Path) -> AsyncIterator[Brokers]:
    started = Brokers(tmp_path)
    await started.supervisor.start()
    yield started
    await started.supervisor.stop()


@dataclass
class Sender:
    """As the outbox does: in order by subject, and again until it is acknowledged."""

    producer: Producer
    sent: dict[str, list[int]] = field(default_factory=dict)
    count: int = 0

    async def send_some(self) -> None:
        records = []
        for _ in range(AT_ONCE):
            subject = f"M-{self.count % SUBJECTS}"
            self.sent.setdefault(subject, []).append(self.count)
            records.append(Outgoing(MATCHES, subject, json.dumps(self.count).encode()))
            self.count += 1
        await eventually(lambda: self._try(records), lambda done: done)

    async def _try(self, records: list[Outgoing]) -> bool:
        try:
            await self.producer.send(records)
        except Transient:
            return False
        return True


async def read_all(connection: BrokerConnection) -> dict[str, list[int]]:
    """Numbers by subject in the order of the topic, each once: what came twice is dropped."""
    consumer = AIOKafkaConsumer(**connection.as_options())
    read: dict[str, list[int]] = {}
    async with consumer:
        partitions = [TopicPartition(MATCHES, p) for p in range(BY_NAME[MATCHES].partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    numbers = read.setdefault(record.key.decode(), [])
                    if (number := json.loads(record.value)) not in numbers:
                        numbers.append(number)
    return read


@pytest.mark.kafka
@pytest.mark.timeout(500)
@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
async def test_any_one_is_lost_with_its_disk_and_no_acknowledged_record(
    brokers: Brokers, tmp_path: Path
) -> None:
    create_root_key(tmp_path / "secrets")
    await create_topics(brokers.connection)
    producer = Producer(
        brokers.connection,
        source="/matching",
        keyring=Keyring(tmp_path / "secrets"),
        idempotent=True,
    )
    identity = await read_cluster_id(brokers.connection)
    await producer.start(identity)
    sender = Sender(producer)
    try:
        for name in BROKERS:
            await sender.send_some()
            await brokers.lose(name)
            for _ in range(WHILE_AWAY):
                await sender.send_some()
            await brokers.bring_back(name)
        assert await read_cluster_id(brokers.connection) == identity
    finally:
        await producer.stop()
    assert sender.count == len(BROKERS) * (1 + WHILE_AWAY) * AT_ONCE
    assert await read_all(brokers.connection) == sender.sent


@pytest.mark.kafka
@pytest.mark.timeout(700)
@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
async def test_the_whole_house_survives_the_loss_of_any_broker_with_its_disk(
    tmp_path: Path,
) -> None:
    """As `guanjia up --brokers 3` runs it: who is lost comes back by itself, on an empty disk."""
    async with running(tmp_path, brokers=len(BROKERS)) as (stack, lifecycles):
        connection = BrokerConnection(stack.kafka_bootstrap)
        await wait_in_sync(connection)
        identity = await read_cluster_id(connection)
        await lifecycles.give(FEW)
        share = FEW // len(BROKERS)
        for number, name in enumerate(BROKERS):
            await lifecycles.submit(range(number * share, (number + 1) * share))
            await progressed(lifecycles, "guanjia.match.proposed.v1", number * share + 1)
            await stack.supervisor.kill(name)
            (find_broker_data(tmp_path, name) / "log").rename(tmp_path / f"lost-{name}")
            await stack.supervisor.wait_healthy(name)
            await wait_in_sync(connection)
        await ended(lifecycles, FEW, 200)
        await everything_agrees(stack, lifecycles, FEW)
        assert await read_cluster_id(connection) == identity
