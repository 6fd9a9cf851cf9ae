"""What keeps a service from working is said: a topic of too few partitions, a database away."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI, Request

from deploy.local.health import has_topics
from deploy.local.ports import LOOPBACK
from shared import mongo
from shared.contracts.topics import MATCHES, REQUESTS, TOPICS
from shared.errors import QueueFull, Transient
from shared.messaging.broker import Subscription
from shared.messaging.cluster import count_addresses, create_topics
from shared.messaging.connection import BrokerConnection
from shared.web.access import install_problem_answers
from tests.support.serving import serve_app
from tests.support.stack import start_broker


@pytest.mark.parametrize(
    ("assigned", "partitions", "says"),
    [
        (True, 6, ""),
        (True, 8, ""),
        (True, 4, f"partitions missing: {MATCHES} has 4"),
        (False, 6, "no partitions assigned"),
    ],
)
def test_a_topic_with_fewer_partitions_than_the_table_is_an_obstacle(
    assigned: bool, partitions: int, says: str
) -> None:
    subscription: Any = object.__new__(Subscription)
    counts = {REQUESTS: 6, MATCHES: partitions}
    consumer = SimpleNamespace(partitions_for_topic=lambda name: set(range(counts[name])))
    subscription._subscriber = SimpleNamespace(consumer=consumer)
    subscription._positions = SimpleNamespace(assigned=assigned)
    subscription._topics = (REQUESTS, MATCHES)
    assert subscription.obstacle == says


def test_who_lists_three_brokers_expects_three() -> None:
    assert [count_addresses(BrokerConnection(each)) for each in ("a:1", "a:1, b:1,c:1,")] == [1, 3]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (mongo.ConnectionFailure("mongod.example:27017: connection refused"), 503),
        (Transient("mongod.example"), 503),
        (QueueFull("mongod.example"), 429),
    ],
    ids=["database away", "transient", "queue full"],
)
async def test_who_cannot_be_served_now_is_told_when_to_come_again(
    error: Exception, status: int
) -> None:
    app = FastAPI()
    install_problem_answers(app)

    @app.get("/funds")
    async def list_funds() -> None:
        raise error

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/funds")
    assert answer.status_code == status
    assert int(answer.headers["Retry-After"]) > 0
    assert "mongod.example" not in answer.text


async def test_a_client_that_leaves_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install_problem_answers(app)
    ended = asyncio.Event()

    @app.post("/requests")
    async def submit(request: Request) -> None:
        try:
            await request.body()
        finally:
            ended.set()

    async with serve_app(app) as server:
        _, writer = await asyncio.open_connection(*server.address)
        writer.write(b"POST /requests HTTP/1.1\r\nHost: test\r\nContent-Length: 99\r\n\r\nhalf")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(ended.wait(), 30)
    # Other tests' clients may log meanwhile, in the same process.
    server_errors = [each for each in caplog.records if each.name == "uvicorn.error"]
    assert [each.message for each in server_errors if each.levelname == "ERROR"] == []


async def list_none(_admin: AIOKafkaAdminClient) -> list[str]:
    return []


async def test_nobody_begins_on_a_topic_that_a_producer_made_and_the_embedded_broker_heals_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outbox that was published there would wait for ever at who reads the rest."""
    stack = await start_broker(tmp_path)
    connection = BrokerConnection(stack.kafka_bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([MATCHES])
        await admin.create_topics([NewTopic(MATCHES, 4, 1)])
        with pytest.raises(Transient, match=f"{MATCHES} has 4 partitions"):
            await create_topics(connection)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(AIOKafkaAdminClient, "list_topics", list_none)  # made after the look
            with pytest.raises(Transient, match=f"{MATCHES} has 4 partitions"):
                await create_topics(connection)
        port = int(stack.kafka_bootstrap.rpartition(":")[2])
        assert await has_topics(LOOPBACK, port)
        await create_topics(connection)
        rows = await admin.describe_topics([topic.name for topic in TOPICS])
    finally:
        await admin.close()
        await stack.stop()
    counts = {row["topic"]: len(row["partitions"]) for row in rows}
    assert counts == {topic.name: topic.partitions for topic in TOPICS}
