"""What keeps a service from working is said: a topic of too few partitions, a database away."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared import mongo
from shared.contracts.topics import MATCHES, REQUESTS
from shared.messaging.broker import Subscription
from shared.web.access import install_problem_answers


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


async def test_a_read_while_the_database_is_away_is_answered_with_when_to_come_again() -> None:
    app = FastAPI()
    install_problem_answers(app)

    @app.get("/funds")
    async def list_funds() -> None:
        raise mongo.ConnectionFailure("mongod.example:27017: connection refused")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/funds")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "mongod.example" not in answer.text
