"""What a peer's processes are told: where broker and database are, and the lifecycle's shape."""

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts import topics
from tests.bench.shape import Shape


@dataclass(frozen=True, slots=True)
class Plan:
    """prefix: of topics, groups and databases. Addresses of intake, simulators and secrets are for
    the peer that sends messages."""

    kafka_bootstrap: str
    mongo_uri: str
    prefix: str
    intake_url: str
    simulators_url: str
    secrets_dir: str
    shape: Shape

    def save(self, path: Path) -> None:
        shape = path.with_suffix(".shape")
        self.shape.save(shape)
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "shape"}
        path.write_text(json.dumps(fields | {"shape": str(shape)}))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        fields = json.loads(path.read_text())
        return cls(**{**fields, "shape": Shape.load(Path(fields["shape"]))})

    def topic(self, name: str) -> str:
        return f"{self.prefix}.{name}"

    def topics_read_by(self, service: str) -> list[str]:
        return [self.topic(topic.name) for topic in topics.list_consumed(service)]

    async def create_topics(self) -> None:
        """Guanjia's topics, with as many partitions, under the prefix."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka_bootstrap)
        await admin.start()
        try:
            new_topics = [NewTopic(self.topic(t.name), t.partitions, 1) for t in topics.TOPICS]
            await admin.create_topics(new_topics)
        finally:
            await admin.close()

    async def send(self, producer: AIOKafkaProducer, kind: str, key: bytes) -> Awaitable[Any]:
        """A record of the real one's size; resolves when it is acknowledged."""
        value = bytes(self.shape.sizes[kind])
        topic = self.topic(self.shape.topics[kind])
        sent: Awaitable[Any] = await producer.send(
            topic, value, key=key, headers=[("type", kind.encode())]
        )
        return sent
