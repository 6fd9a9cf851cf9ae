"""One Kafka broker on this machine: its settings, its formatted storage, its command.

The process itself belongs to whoever starts it (deploy.local.supervisor).
"""

import base64
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.kafka import jars

_LOG4J = Path(__file__).with_name("log4j2.properties")
_HEAP = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")  # serial: two cores, and a heap this small
_FORMAT_S_MAX = 120


@dataclass(frozen=True, slots=True)
class Installation:
    """A broker's folder: `server.properties` (rewritten at each start) and `log` (its data)."""

    path: Path

    @property
    def _properties(self) -> Path:
        return self.path / "server.properties"

    @property
    def _log(self) -> Path:
        return self.path / "log"

    def command(self) -> tuple[str, ...]:
        return (*_java(*_HEAP), "kafka.Kafka", str(self._properties))

    def prepare(self, port: int, controller_port: int) -> None:
        """Everything before the start: jars, settings, storage. Raises ToolMissingError."""
        jars.require_java()
        jars.resolve()
        self.path.mkdir(parents=True, exist_ok=True)
        settings = _settings(self._log, port, controller_port)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        if self.cluster_id() is None:
            self._format()

    def cluster_id(self) -> str | None:
        """The id the storage was formatted with; it stays for the storage's life."""
        try:
            lines = (self._log / "meta.properties").read_text().splitlines()
        except FileNotFoundError:
            return None
        return dict(line.partition("=")[::2] for line in lines).get("cluster.id")

    def _format(self) -> None:
        tool = _java("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        arguments = ("format", "--config", str(self._properties), "--cluster-id", _new_cluster_id())
        command = (*tool, "kafka.tools.StorageTool", *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FORMAT_S_MAX)
        if done.returncode != 0:
            raise RuntimeError(
                f"Kafka 存储初始化失败 · Kafka could not format {self._log}:\n"
                f"{done.stdout[-2_000:]}{done.stderr[-2_000:]}"
            )


def _java(*options: str) -> tuple[str, ...]:
    return (
        "java",
        *options,
        f"-Dlog4j2.configurationFile={_LOG4J}",
        *("-cp", f"{jars.directory()}/*"),
    )


def _new_cluster_id() -> str:
    """As Kafka's: 16 random bytes, base64 for URLs; a leading `-` would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def _settings(log: Path, port: int, controller_port: int) -> dict[str, str | int]:
    """A node of its own on loopback. Its voter is named anew, as the ports may differ each time."""
    host = "127.0.0.1"
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": log.absolute().as_posix(),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        # A killed broker is let in again only when its old session has ended: 9 s by default.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3_000,
        **_one_replica(),
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,  # the default takes half of our heap
    }


def _one_replica() -> dict[str, str | int]:
    """Kafka's own topics for a single node: one replica, and few partitions to create and open."""
    return {
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
    }
