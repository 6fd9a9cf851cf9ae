"""Who brings a bank's lines or a channel's requests comes to the brokers as the services do."""

import asyncio
import ssl
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.contracts.topics import DONATIONS_INBOUND
from shared.messaging import foreign
from shared.messaging.connection import BrokerConnection
from shared.messaging.foreign import ForeignPublisher


class Client:
    """Of aiokafka, as it is made; it comes to no broker."""

    made: list[dict[str, Any]]
    asked: asyncio.Event

    def __init__(self, **options: object) -> None:
        self.made.append(options)

    async def start(self) -> None:
        self.asked.set()
        raise KafkaConnectionError

    async def stop(self) -> None: ...


async def test_a_foreign_publisher_comes_by_tls_and_says_who_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[BrokerConnection] = []
    closed = asyncio.Event()
    Client.made, Client.asked = [], asyncio.Event()

    class Watch:
        def __init__(self, broker: BrokerConnection) -> None:
            asked.append(broker)

        async def look(self) -> str:
            return "cluster"

        async def close(self) -> None:
            closed.set()

    async def create_topics(broker: BrokerConnection) -> None:
        asked.append(broker)

    for name, part in (
        ("ClusterWatch", Watch),
        ("create_topics", create_topics),
        ("AIOKafkaProducer", Client),
        ("AIOKafkaConsumer", Client),
    ):
        monkeypatch.setattr(foreign, name, part)
    broker = BrokerConnection("kafka-1:9092", ssl.create_default_context(), "guanjia", "secret")
    publisher = ForeignPublisher(
        broker, source="/bank/demo", key=b"k" * 32, topic=DONATIONS_INBOUND, idempotent=True
    )
    async with publisher:
        await asyncio.wait_for(Client.asked.wait(), 60)
    assert len(Client.made) == 2
    assert asked[:2] == [broker, broker]
    assert closed.is_set()
    for options in Client.made:
        assert options["security_protocol"] == "SASL_SSL"
        assert options["sasl_plain_username"] == "guanjia"
        assert options["ssl_context"] is broker.tls
