"""Sealing anew beside everything else: whoever writes meanwhile comes first, nothing is lost."""

from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pymongo import MongoClient

from deploy.local.stack import Stack
from shared import mongo
from shared.documents import Document
from shared.messaging import resealing
from shared.messaging.resealing import (
    Resealer,
    SealedCollection,
    SealedCount,
    SealedValue,
)
from shared.messaging.sealing import Sealer
from shared.security import Keyring, retire_root, rotate_root

COUNT = 7
Seal = Callable[[str, bytes], bytes]


class Drawer:
    """Documents with a sealed value each, as a service keeps its states."""

    def __init__(self, database: mongo.Database, secrets_dir: Path) -> None:
        self.secrets_dir = secrets_dir
        self.documents = database["states"]
        keyring = Keyring(secrets_dir)
        self.sealer = Sealer(partial(keyring.list_sealing_keys, "states"))
        self.collection = SealedCollection("states", ("value",), self.sealer, self.list_values)
        self.resealer = Resealer(database, keyring, [self.collection])

    def list_values(self, document: Document) -> Iterable[SealedValue]:
        return (SealedValue("value", document["_id"], bytes(document["value"])),)

    async def fill(self) -> None:
        rows = [(f"S-{n}", f"content of {n}".encode()) for n in range(COUNT)]
        await self.documents.insert_many(
            {"_id": id_, "_version": 1, "value": self.sealer.seal(id_, text)} for id_, text in rows
        )

    async def read_all(self) -> list[str]:
        """By the keys of now."""
        sealer = Sealer(partial(Keyring(self.secrets_dir).list_sealing_keys, "states"))
        rows = await self.documents.find().sort("_id", 1).to_list(None)
        return [sealer.open(row["_id"], bytes(row["value"])).decode() for row in rows]

    async def count_old(self) -> int:
        return (await self.resealer.count())["states"].previous


@pytest_asyncio.fixture(loop_scope="session")
async def drawer(mongod: Stack, secrets_dir: Path) -> AsyncIterator[Drawer]:
    database = mongo.connect(mongod.mongo_uri, f"t{uuid4().hex[:12]}")
    drawer = Drawer(database, secrets_dir)
    await drawer.fill()
    yield drawer
    await database.client.drop_database(database.name)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH_DOCUMENTS", 2)


async def test_a_pass_that_stops_in_the_middle_goes_on_and_loses_nothing(
    drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await drawer.read_all()
    rotate_root(drawer.secrets_dir)
    assert await drawer.count_old() == COUNT
    with monkeypatch.context() as patched:
        # The process dies in the second batch of two.
        patched.setattr(drawer.sealer, "seal", fail_after(3, drawer.sealer.seal))
        with pytest.raises(KeyboardInterrupt):
            await drawer.resealer.reseal()
    assert await drawer.count_old() == COUNT - 2
    assert await drawer.read_all() == before
    assert await drawer.resealer.reseal() == COUNT - 2
    retire_root(drawer.secrets_dir)
    assert await drawer.read_all() == before
    assert await drawer.resealer.count() == {"states": SealedCount(previous=0, unknown=0)}


def fail_after(calls: int, seal: Seal) -> Seal:
    remaining = iter(range(calls))

    def seal_or_die(id_: str, content: bytes) -> bytes:
        if next(remaining, None) is None:
            raise KeyboardInterrupt
        return seal(id_, content)

    return seal_or_die


async def test_whoever_decided_on_what_was_read_before_decides_again(drawer: Drawer) -> None:
    rotate_root(drawer.secrets_dir)
    await drawer.resealer.reseal()
    as_read = await drawer.documents.update_one(
        {"_id": "S-1", "_version": 1}, {"$set": {"value": b"by the old seal"}}
    )
    assert as_read.matched_count == 0


async def test_what_is_erased_between_read_and_write_stays_erased(
    drawer: Drawer, mongod: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate_root(drawer.secrets_dir)
    seal = drawer.sealer.seal
    with MongoClient[dict[str, Any]](mongod.mongo_uri) as client:
        states = client[drawer.documents.database.name]["states"]

        def erase_and_seal(id_: str, content: bytes) -> bytes:
            states.update_one({"_id": id_}, {"$unset": {"value": 1}, "$inc": {"_version": 1}})
            return seal(id_, content)

        monkeypatch.setattr(drawer.sealer, "seal", erase_and_seal)
        await drawer.resealer.reseal()
    assert await drawer.documents.count_documents({"value": {"$exists": True}}) == 0
    assert await drawer.documents.count_documents({"_version": 2}) == COUNT


async def test_what_no_key_here_opens_is_counted_apart_and_left_alone(drawer: Drawer) -> None:
    rotate_root(drawer.secrets_dir)
    retire_root(drawer.secrets_dir)
    rotate_root(drawer.secrets_dir)
    before = await drawer.documents.find().sort("_id", 1).to_list(None)
    assert await drawer.resealer.count() == {"states": SealedCount(previous=0, unknown=COUNT)}
    assert await drawer.resealer.reseal() == 0
    assert await drawer.documents.find().sort("_id", 1).to_list(None) == before
