"""The producer that the outbox sends through, where a broker numbers what each producer sends."""

import os

import pytest

from shared.contracts import topics
from shared.errors import Transient
from shared.messaging.changes import Outgoing
from shared.messaging.cluster import create_topics
from shared.messaging.connection import BrokerConnection
from shared.messaging.producer import Producer
from tests.support.stack_harness import StackHarness

BEYOND_THE_BROKERS_LIMIT = 2_000_000


def outgoing(value: bytes) -> Outgoing:
    return Outgoing(topics.MATCHES, "M-1", value)


@pytest.mark.skipif(
    os.environ.get("GUANJIA_TEST_BROKER") != "kafka",
    reason="the embedded broker numbers nothing and refuses nothing; make test-kafka runs this",
)
async def test_what_follows_a_refused_record_is_sent(stack: StackHarness) -> None:
    """The refused one used up a number, and Kafka refuses whatever follows a gap."""
    broker = BrokerConnection(stack.broker.kafka_bootstrap)
    await create_topics(broker)
    producer = Producer(broker, source="/matching", keyring=stack.keyring, idempotent=True)
    await producer.start(await stack.cluster())
    try:
        await producer.send([outgoing(b'{"n": 1}')])
        with pytest.raises(Transient):
            await producer.send([outgoing(b" " * BEYOND_THE_BROKERS_LIMIT)])
        await producer.send([outgoing(b'{"n": 3}')])
    finally:
        await producer.stop()
    assert await stack.read(topics.MATCHES) == [{"n": 1}, {"n": 3}]
