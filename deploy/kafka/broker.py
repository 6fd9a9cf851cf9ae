"""Kafka brokers on this machine, one or three: settings, formatted storage, command of each.

The process itself belongs to whoever starts it (deploy.local.supervisor).
"""

import base64
import secrets
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.kafka import jars

_LOG4J = Path(__file__).with_name("log4j2.properties")
_HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")  # serial: two cores, and a heap this small
_FORMAT_S_MAX = 120


@dataclass(frozen=True, slots=True)
class Node:
    """number: from 1. Its ports on loopback, which may differ at each start.

    advertised_port: where clients and the other brokers come in, where that is a proxy's.
    """

    number: int
    port: int
    controller_port: int
    advertised_port: int


@dataclass(frozen=True, slots=True)
class Installation:
    """A broker's folder: `server.properties` (rewritten at each start) and `log` (its data)."""

    path: Path
    number: int = 1

    @property
    def _properties(self) -> Path:
        return self.path / "server.properties"

    @property
    def _log(self) -> Path:
        return self.path / "log"

    def build_command(self) -> tuple[str, ...]:
        return (*_find_java(*_HEAP), "kafka.Kafka", str(self._properties))

    def prepare(self, nodes: Sequence[Node], cluster_id: str) -> None:
        """Everything before the start: jars, settings, storage. Raises ToolMissingError.

        nodes: all of the cluster, this one among them. cluster_id: for storage that is not there.
        """
        jars.require_java()
        jars.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        settings = _build_settings(self._log, nodes, self.number)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        if self.read_cluster_id() is None:
            self._format(cluster_id)

    def read_cluster_id(self) -> str | None:
        """The id the storage was formatted with; it stays for the storage's life."""
        try:
            lines = (self._log / "meta.properties").read_text().splitlines()
        except FileNotFoundError:
            return None
        return dict(line.partition("=")[::2] for line in lines).get("cluster.id")

    def _format(self, cluster_id: str) -> None:
        tool = _find_java("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        arguments = ("format", "--config", str(self._properties), "--cluster-id", cluster_id)
        command = (*tool, "kafka.tools.StorageTool", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_S_MAX)
        if done.returncode != 0:
            raise RuntimeError(
                f"Kafka 存储初始化失败 · Kafka could not format {self._log}:\n"
                f"{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
            )


def find_cluster_id(installations: Iterable[Installation]) -> str:
    """That of whoever still has storage; where all lost it a new one, which says so."""
    identities = (each.read_cluster_id() for each in installations)
    return next((identity for identity in identities if identity), None) or _make_cluster_id()


def _find_java(*options: str) -> tuple[str, ...]:
    return (
        "java",
        *options,
        f"-Dlog4j2.configurationFile={_LOG4J}",
        *("-cp", f"{jars.find_directory()}/*"),
    )


def _make_cluster_id() -> str:
    """As Kafka's: 16 random bytes, base64 for URLs; a leading `-` would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _build_settings(log: Path, nodes: Sequence[Node], number: int) -> dict[str, str | int]:
    """On loopback. The voters are named anew, as the ports may differ each time."""
    host = "127.0.0.1"
    own = next(node for node in nodes if node.number == number)
    voters = ",".join(f"{node.number}@{host}:{node.controller_port}" for node in nodes)
    return {
        "process.roles": "broker,controller",
        "node.id": number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://{host}:{own.port},CONTROLLER://{host}:{own.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{own.advertised_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log.absolute().as_posix(),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        # A killed broker is let in again only when its old session has ended: 9 s by default.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3_000,
        **_list_copies(len(nodes)),
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,  # the default takes half of our heap
    }


def _list_copies(brokers: int) -> dict[str, str | int]:
    """On every broker a copy, of which one may be lost; few partitions to create and open."""
    least = max(1, brokers - 1)
    return {
        "default.replication.factor": brokers,
        "min.insync.replicas": least,
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": brokers,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": brokers,
        "transaction.state.log.min.isr": least,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": brokers,
        "share.coordinator.state.topic.min.isr": least,
        "share.coordinator.state.topic.num.partitions": 4,
    }
