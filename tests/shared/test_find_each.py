"""What several queries find with one call is what each finds alone."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.stack import Stack
from shared import mongo

BOXES = {"a": 150, "b": 3, "c": 0}
"""Collections, and documents in each; more than a cursor brings at first."""


@pytest_asyncio.fixture(loop_scope="session")
async def database(mongod: Stack) -> AsyncIterator[mongo.Database]:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    for name, count in BOXES.items():
        if count:
            rows = [{"_id": f"{name}{n}", "n": n, "at": {"query": n}} for n in range(count)]
            await database[name].insert_many(rows)
    yield database
    await database.client.drop_database(database.name)


@pytest.mark.parametrize(
    "queries",
    [
        [("a", {"_id": {"$in": ["a1", "a2"]}})],
        [("a", {}), ("b", {"n": {"$in": [2, 7]}}), ("c", {}), ("a", {"n": 149})],
        [("c", {}), ("b", {})],
        [("a", {"n": -1}), ("b", {"n": -1})],
    ],
)
async def test_each_query_finds_what_it_finds_alone(
    database: mongo.Database, queries: Sequence[tuple[str, Mapping[str, object]]]
) -> None:
    found = await mongo.run_steps(database, partial(mongo.find_each, queries))
    alone = [await database[name].find(dict(query)).to_list(None) for name, query in queries]
    assert [_sort(rows) for rows in found] == [_sort(rows) for rows in alone]


async def test_numbers_of_several_collections_are_read_within_a_transaction(
    database: mongo.Database,
) -> None:
    queries = [("a", "n", ["a1", "a7", "none"]), ("c", "n", ["c1"]), ("b", "n", ["b2"])]
    found: list[dict[str, int]] = []
    for asked in (queries, queries[1:], queries[:1]):

        def read(blocking: mongo.BlockingDatabase, session: mongo.Session) -> None:
            found.extend(mongo.find_numbers(asked, blocking, session))  # noqa: B023 - at once

        await mongo.run_transaction(database, read)
    a, b = {"a1": 1, "a7": 7}, {"b2": 2}
    # Of a first collection without any of them nothing more is read: that is a conflict already.
    assert found == [a, {}, b, {}, {}, a]


def _sort(rows: list[mongo.Row]) -> list[mongo.Row]:
    return sorted(rows, key=lambda row: str(row["_id"]))
