"""What the replica set's log says of a document, applied here, is what mongod made of it."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson.timestamp import Timestamp

from deploy.backup.cli import explain_later
from deploy.backup.oplog import (
    Write,
    apply_difference,
    apply_write,
    count_published_later,
    find_end,
    list_writes,
    roll_forward,
)
from deploy.backup.restoring import RestoreError
from deploy.backup.snapshot import Client, connect
from tests.support.stack import start_mongod

NAME = "guanjia_matching"


def test_a_difference_changes_takes_and_adds_fields_at_any_depth() -> None:
    before = {"_id": 1, "a": 1, "gone": 2, "in": {"x": 1, "list": [{"q": 1}, 2, 3, 4]}}
    within = {"a": True, "l": 3, "s0": {"u": {"q": 5}}, "u2": 9}
    after = apply_difference(
        before, {"d": {"gone": False}, "u": {"a": 7}, "i": {"new": 8}, "sin": {"slist": within}}
    )
    assert after == {"_id": 1, "a": 7, "in": {"x": 1, "list": [{"q": 5}, 2, 9]}, "new": 8}
    assert before["in"] == {"x": 1, "list": [{"q": 1}, 2, 3, 4]}, "nothing given is changed"


def test_a_log_that_does_not_continue_the_backup_is_not_guessed_at() -> None:
    with pytest.raises(RestoreError, match="四个库一起恢复"):
        apply_write(None, Write("u", "matches", "M-1", {"$v": 2, "diff": {"u": {"a": 1}}}))
    with pytest.raises(RestoreError, match="四个库一起恢复"):
        apply_write({"_id": "M-1"}, Write("u", "matches", "M-1", {"$v": 1, "$set": {"a": 1}}))


def test_of_a_transaction_the_writes_of_one_database_count() -> None:
    parts = [
        {"op": "i", "ns": f"{NAME}.matches", "o": {"_id": 1}},
        {"op": "i", "ns": "guanjia_matching_old.matches", "o": {"_id": 2}},
        {"op": "u", "ns": f"{NAME}.heads.x", "o": {"$v": 2, "diff": {}}, "o2": {"_id": 3}},
        {"op": "n", "ns": "", "o": {}},
    ]
    entry = {"op": "c", "ns": "admin.$cmd", "o": {"applyOps": parts}}
    assert [(w.collection, w.id) for w in list_writes(entry, NAME)] == [
        ("matches", 1),
        ("heads.x", 3),
    ]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    stack = await start_mongod(tmp_path / "data")
    with connect(stack.mongo_uri) as opened:
        yield opened
    await stack.stop()


def change_at_random(client: Client, chance: random.Random) -> None:
    """Of the kinds that services do, in transactions and alone, beside another database."""
    rows = client[NAME]["rows"]
    changes: list[dict[str, Any]] = [
        {"$set": {f"deep.{chance.randrange(4)}.{chance.choice('abc')}": chance.random()}},
        {"$unset": {f"deep.{chance.randrange(4)}": 1}},
        {"$push": {"list": {"n": chance.random(), "text": "棉被" * 30}}},
        {"$push": {"list": {"$each": [], "$slice": chance.randrange(6)}}},
        {"$set": {f"list.{chance.randrange(4)}.n": datetime.now(UTC)}},
        {"$set": {"list": [1, {"n": 2}, [3, 4]]}},
    ]
    with client.start_session() as session, session.start_transaction():
        for change in chance.choices(changes, k=3):
            id_ = chance.randrange(9)
            if "list" in str(change):  # what an earlier change made of it may be no list of rows
                rows.update_one({"_id": id_}, {"$set": {"list": [{}] * 5}}, session=session)
            rows.update_one({"_id": id_}, change, upsert=True, session=session)
        client["guanjia_audit"]["rows"].insert_one({}, session=session)
    if chance.random() < 0.2:
        rows.delete_one({"_id": chance.randrange(9)})
    if chance.random() < 0.2:
        rows.replace_one({"_id": chance.randrange(9)}, {"whole": chance.random()}, upsert=True)


def read_rows(client: Client) -> list[dict[str, Any]]:
    return list(client[NAME]["rows"].find(sort=[("_id", 1)]))


async def test_a_database_comes_forward_to_where_it_was_dropped(client: Client) -> None:
    chance = random.Random(14)
    for _ in range(20):
        change_at_random(client, chance)
    copied = read_rows(client)
    start: Timestamp = client.admin.command("hello")["lastWrite"]["opTime"]["ts"]
    for _ in range(200):
        change_at_random(client, chance)
    lost = read_rows(client)
    assert lost != copied
    client.drop_database(NAME)
    client[NAME]["rows"].insert_one({"_id": 1, "by": "one that was not stopped"})
    client[NAME]["rows"].delete_many({})

    end = find_end(client, NAME, start, None)
    client[NAME]["rows"].insert_many(copied)
    assert roll_forward(client, NAME, start, end) > 400
    assert read_rows(client) == lost
    assert [list(row) for row in read_rows(client)] == [list(row) for row in lost]

    with pytest.raises(RestoreError, match="四个库一起恢复"):
        find_end(client, NAME, Timestamp(1, 0), None)
    with pytest.raises(RestoreError, match="在那之前已清空"):
        find_end(client, NAME, start, datetime(2100, 1, 1, tzinfo=UTC))
    client.drop_database(NAME)
    with pytest.raises(RestoreError, match="不止一次清空"):
        find_end(client, NAME, start, None)


async def test_what_was_published_after_the_moment_is_counted_and_refused_unless_forced(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of this database, before it was dropped; in transactions and alone."""
    client[NAME]["rows"].insert_one({"_id": 1})
    client[NAME]["outbox"].insert_one({"_id": "before"})
    end: Timestamp = client.admin.command("hello")["lastWrite"]["opTime"]["ts"]
    later = Timestamp(end.time, end.inc + 1)
    assert count_published_later(client, NAME, later) == 0
    client[NAME]["rows"].insert_one({"_id": 2})
    client[NAME]["outbox"].insert_one({"_id": "alone"})
    client["guanjia_audit"]["outbox"].insert_one({"_id": "another's"})
    with client.start_session() as session, session.start_transaction():
        client[NAME]["rows"].insert_one({"_id": 3}, session=session)
        client[NAME]["outbox"].insert_one({"_id": "together"}, session=session)
    client[NAME]["outbox"].update_one({"_id": "alone"}, {"$set": {"cluster": "c"}})
    client.drop_database(NAME)
    client[NAME]["outbox"].insert_one({"_id": "of one that was not stopped"})
    assert count_published_later(client, NAME, later) == 2
    explain_later("matching", 0, is_forced=False)
    with pytest.raises(RestoreError, match="--force"):
        explain_later("matching", 2, is_forced=False)
    explain_later("matching", 2, is_forced=True)
    assert "2 batches" in capsys.readouterr().err
