"""Channel, bank, partner and staff as they reach the house: by its topics and by HTTP."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from deploy.chaos.wishes import CHANNEL
from deploy.local.stack import Stack
from shared.contracts import topics
from shared.contracts.envelope import Fact, build_foreign_event
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from shared.messaging.encoding import encode
from shared.security import SIGNATURE_HEADER, derive_publisher_key, sign_record

BANK = "/bank/demo"
CALL_S_MAX = 60.0
AGAIN_AFTER_S = 0.3


@dataclass(slots=True)
class Outside:
    """Use as a context. sent: by channel and bank over the topics, by message id.

    unanswered: of these, what the house has not answered yet, and when it was sent last, in seconds
    of this machine's monotonic clock.
    """

    stack: Stack
    announce: Callable[[str], None] = print
    sent: dict[str, bytes] = field(default_factory=dict)
    unanswered: dict[str, float] = field(default_factory=dict)
    _leave: AsyncExitStack = field(default_factory=AsyncExitStack)
    _http: httpx.AsyncClient = field(init=False)
    _producer: AIOKafkaProducer = field(init=False)
    _root: bytes = field(init=False)

    async def __aenter__(self) -> Self:
        self._root = (self.stack.secrets_dir / "root.key").read_bytes()
        self._http = await self._leave.enter_async_context(httpx.AsyncClient(timeout=CALL_S_MAX))
        await create_topics(BrokerConnection(self.stack.kafka_bootstrap))
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self.stack.kafka_bootstrap, acks="all", max_batch_size=200_000
        )
        await self._producer.start()
        self._leave.push_async_callback(self._producer.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave.aclose()

    def token(self, who: str) -> str:
        return (self.stack.secrets_dir / f"{who}.token").read_text().strip()

    async def post(
        self, service: str, path: str, who: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        """Raises AssertionError for anything but success."""
        answer = await self._http.post(
            self.stack.urls[service] + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token(who)}", "Idempotency-Key": key},
        )
        if not answer.is_success:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text}")
        return dict(answer.json())

    async def send_text(self, reply: dict[str, Any]) -> None:
        """An SMS to the house. The simulated provider brings it, as often as that takes. Raises
        httpx.HTTPError where it is not known whether the provider has it."""
        url = f"{self.stack.urls['simulators']}/simulator/phones/replies"
        sent = await self._http.post(url, json=[reply])
        (answer,) = sent.raise_for_status().json()
        if answer["status"] >= 300 and not answer["queued"]:
            raise AssertionError(f"{reply['number']}: {answer}")

    async def publish(self, source: str, message_id: str, fact: Fact) -> None:
        """Not acknowledged before `flush`, and perhaps not even then."""
        await self._send(source, fact.TOPIC, message_id, self._encode(source, message_id, fact))

    async def publish_surely(self, source: str, message_id: str, fact: Fact) -> None:
        """Again and again until the broker has acknowledged it."""
        value = self._encode(source, message_id, fact)
        await self._send_surely(source, fact.TOPIC, message_id, value)

    def _encode(self, source: str, message_id: str, fact: Fact) -> bytes:
        now = datetime.now(UTC)
        event = build_foreign_event(source=source, message_id=message_id, time=now, data=fact)
        self.sent[message_id] = encode(event)
        self.unanswered[message_id] = time.monotonic()
        return self.sent[message_id]

    async def flush(self) -> None:
        await self._producer.flush()

    async def resend_unanswered(self, older_s: float) -> None:
        """A record is safe once it was answered, not before (docs/architecture.md, rule 7)."""
        before = time.monotonic() - older_s
        await self._resend([id_ for id_, at in self.unanswered.items() if at <= before])

    async def resend(self) -> None:
        """What a channel does when the broker came back empty: all it ever sent, again."""
        await self._resend(list(self.sent))

    async def _resend(self, message_ids: Iterable[str]) -> None:
        records = []
        for message_id in message_ids:
            value = self.sent[message_id]
            source = json.loads(value)["source"]
            topic = topics.REQUESTS_INBOUND if source == CHANNEL else topics.DONATIONS_INBOUND
            records.append((source, topic, message_id, value))
            self.unanswered[message_id] = time.monotonic()
        await asyncio.gather(*(self._send_surely(*record) for record in records))

    async def _send_surely(self, source: str, topic: str, message_id: str, value: bytes) -> None:
        while True:
            try:
                await (await self._send(source, topic, message_id, value))
            except KafkaError as error:
                self.announce(f"published again after {type(error).__name__}")
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    async def _send(
        self, source: str, topic: str, message_id: str, value: bytes
    ) -> "asyncio.Future[RecordMetadata]":
        signature = sign_record(derive_publisher_key(self._root, source), topic, value)
        headers = [(SIGNATURE_HEADER, signature)]
        sent: asyncio.Future[RecordMetadata] = await self._producer.send(
            topic, value, key=message_id.encode(), headers=headers
        )
        return sent
