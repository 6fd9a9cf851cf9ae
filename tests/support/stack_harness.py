"""The stack of one test: services in this process, on a real broker and database of their own."""

import json
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata
from fastapi import FastAPI

from deploy.local.stack import Stack
from shared import mongo
from shared.contracts.envelope import Fact, build_cloud_event, build_foreign_event
from shared.contracts.topics import BY_NAME, list_consumed
from shared.messaging.batch_store import POSITIONS
from shared.messaging.cluster import create_topics, read_cluster_id
from shared.messaging.connection import BrokerConnection
from shared.messaging.encoding import encode
from shared.partner_ids import PartnerIds
from shared.runtime import Runtime
from shared.security import SIGNATURE_HEADER, Credential, Keyring, Role, issue
from shared.service import Service, build_app
from shared.settings import Settings
from tests.support.eventually import eventually


@dataclass(frozen=True, slots=True)
class RunningService:
    """One instance of a service in this process."""

    app: FastAPI
    http: httpx.AsyncClient
    leave: AsyncExitStack

    @property
    def runtime(self) -> Runtime[Any, Any]:
        runtime = self.app.state.runtime
        assert isinstance(runtime, Runtime)
        return runtime

    async def stop(self) -> None:
        await self.leave.aclose()


class StackHarness:
    def __init__(self, mongod: Stack, broker: Stack, secrets_dir: Path, prefix: str) -> None:
        self.mongod = mongod
        self.broker = broker
        self.secrets_dir = secrets_dir
        self.keyring = Keyring(secrets_dir)
        self.prefix = prefix
        self._running: list[RunningService] = []
        self._databases: set[str] = set()
        issue(secrets_dir / "credentials.json", _credential("operator", {Role.OPERATOR}))

    # --- services ---

    def settings(self, kind: type[Settings] = Settings, **given: Any) -> Any:
        kafka = self.broker.options.broker_kind == "kafka"
        return kind(
            **{
                "broker": self.broker.options.broker_kind,
                "kafka_bootstrap": self.broker.kafka_bootstrap,
                "mongo_uri": self.mongod.mongo_uri,
                "mongo_prefix": self.prefix,
                "secrets_dir": self.secrets_dir,
                "data_dir": self.secrets_dir.parent,
                # Arrivals end the wait; an idle service asks ten times a second, not fifty.
                "fetch_max_wait_ms": 100,
                # Kafka allows no less than 6 s; the embedded broker lets a group begin after
                # half of it, in whole seconds.
                "session_timeout_ms": 6000 if kafka else 2000,
                **given,
            }
        )

    async def start(
        self, service: Service[Any, Any], settings: Any = None, **given: Any
    ) -> RunningService:
        return await self.start_app(build_app(service, settings or self.settings(**given)))

    async def start_app(self, app: FastAPI) -> RunningService:
        """Returns when it is ready."""
        leave = AsyncExitStack()
        await leave.enter_async_context(app.router.lifespan_context(app))
        http = await leave.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")
        )
        running = RunningService(app, http, leave)
        self._running.append(running)

        async def reason() -> str:
            return str(app.state.ready())

        await eventually(reason, lambda text: text == "")
        self._databases.add(running.runtime.database.name)
        return running

    async def stop(self) -> None:
        for running in self._running:
            await running.stop()
        for name in self._databases:
            await mongo.connect(self.mongod.mongo_uri, name).client.drop_database(name)

    # --- who comes in ---

    def bearer(
        self, id_: str, *roles: Role, area: str = "", source: str = "", holder: str = ""
    ) -> dict[str, str]:
        """Issues a credential; returns the header it comes in with."""
        credential = _credential(id_, set(roles), area, source, holder)
        token = issue(self.secrets_dir / "credentials.json", credential)
        return {"Authorization": f"Bearer {token}"}

    # --- the broker, as an outsider sees it ---

    async def publish(
        self, *records: tuple[str, bytes, bytes, bytes | None]
    ) -> list[RecordMetadata]:
        """(topic, key, value, signature), in order, acknowledged: where each one stands."""
        await create_topics(BrokerConnection(self.broker.kafka_bootstrap))
        producer = AIOKafkaProducer(bootstrap_servers=self.broker.kafka_bootstrap, acks="all")
        places: list[RecordMetadata] = []
        await producer.start()
        try:
            for topic, key, value, signature in records:
                headers = [(SIGNATURE_HEADER, signature)] if signature is not None else []
                places.append(await producer.send_and_wait(topic, value, key=key, headers=headers))
        finally:
            await producer.stop()
        return places

    async def wait_worked(self, running: RunningService, places: Iterable[RecordMetadata]) -> None:
        """Returns when that service has worked the records that stand there."""
        beyond = {f"{await self.cluster()}|{p.topic}|{p.partition}": p.offset for p in places}
        positions = running.runtime.database[POSITIONS]

        async def look() -> dict[str, int]:
            rows = await positions.find({"_id": {"$in": list(beyond)}}).to_list(None)
            return {row["_id"]: row["next"] for row in rows}

        await eventually(look, lambda next_: all(next_.get(k, 0) > beyond[k] for k in beyond))

    def own(self, source: str, subject: str, sequence: int, fact: Fact, causation: str = "") -> Any:
        """A signed record of one of our own services."""
        event = build_cloud_event(
            source=source,
            subject=subject,
            sequence=sequence,
            time=datetime.now(UTC),
            data=fact,
            correlation_id="C-1",
            causation_id=causation,
            traceparent="",
        )
        return self.signed(source, fact.TOPIC, subject, encode(event))

    def foreign(self, source: str, message_id: str, fact: Fact) -> Any:
        """A signed record from outside."""
        event = build_foreign_event(
            source=source, message_id=message_id, time=datetime.now(UTC), data=fact
        )
        return self.signed(source, fact.TOPIC, source, encode(event))

    def partner_id(self, source: str, person_id: str) -> str:
        """The id by which that partner knows the person."""
        return PartnerIds.of(self.keyring).hide(source, person_id)

    def signed(self, source: str, topic: str, key: str, value: bytes) -> Any:
        return (topic, key.encode(), value, self.keyring.sign_record(source, topic, value))

    async def read(self, topic: str) -> list[dict[str, Any]]:
        """Every event on a topic now, partition by partition."""
        await create_topics(BrokerConnection(self.broker.kafka_bootstrap))
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.kafka_bootstrap,
            fetch_max_wait_ms=50,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, p) for p in range(BY_NAME[topic].partitions)]
            consumer.assign(partitions)
            end = await consumer.end_offsets(partitions)
            events: list[dict[str, Any]] = []
            # The embedded broker reports its ends too low: read on until nothing more comes.
            while True:
                found = await consumer.getmany(timeout_ms=300)
                events += [json.loads(r.value) for records in found.values() for r in records]
                reached = [await consumer.position(p) >= end[p] for p in partitions]
                if not found and all(reached):
                    return events
        finally:
            await consumer.stop()

    async def group_offsets(self, service: str) -> dict[TopicPartition, tuple[int, int]]:
        """What a service's consumer group has committed, and where each log ends."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.kafka_bootstrap,
            group_id=f"guanjia-{service}",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            names = [topic.name for topic in list_consumed(service)]
            parts = [TopicPartition(n, p) for n in names for p in range(BY_NAME[n].partitions)]
            end = await consumer.end_offsets(parts)
            return {p: (await consumer.committed(p) or 0, end[p]) for p in parts}
        finally:
            await consumer.stop()

    async def cluster(self) -> str:
        return await read_cluster_id(BrokerConnection(self.broker.kafka_bootstrap))


def _credential(
    id_: str, roles: set[Role], area: str = "", source: str = "", holder: str = ""
) -> Credential:
    return Credential(
        id=id_,
        secret_sha256="",
        roles=frozenset(roles),
        area=area,
        source=source,
        holder=holder,
    )
