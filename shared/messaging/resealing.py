"""Sealing anew: while a root key rotates, what the old one sealed is sealed by the new one.

In batches, beside everything else, by every instance. A document is changed only where it still
holds what was read, so whoever decides or erases meanwhile comes first.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from shared import mongo
from shared.documents import Document
from shared.messaging.batch_store import DEAD_LETTERS
from shared.messaging.sealing import Sealer, UnreadableError
from shared.security import Keyring

log = structlog.get_logger()

BATCH_DOCUMENTS = 200
BATCH_PAUSE_S = 0.02
LOOK_EVERY_S = 1.0
# Work that was sealed just before a rotation may be stored only now.
AGAIN_AFTER_S = 15.0


@dataclass(frozen=True, slots=True)
class SealedValue:
    """One sealed value of a document. path: as MongoDB names it. id: what it is sealed as."""

    path: str
    id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class SealedCollection:
    """Where sealed values stand. fields: those of a document that `list_values` reads."""

    name: str
    fields: tuple[str, ...]
    sealer: Sealer
    list_values: Callable[[Document], Iterable[SealedValue]]


@dataclass(frozen=True, slots=True)
class SealedCount:
    """previous: sealed by the root before. unknown: by one whose key is not here."""

    previous: int
    unknown: int


def make_dead_letter_sealer(keyring: Keyring, service: str) -> Sealer:
    return Sealer(partial(keyring.list_sealing_keys, f"dead-letters:{service}"))


def describe_dead_letters(sealer: Sealer) -> SealedCollection:
    return SealedCollection(DEAD_LETTERS, ("incoming.value",), sealer, _list_letter)


def _list_letter(document: Document) -> Iterable[SealedValue]:
    value = bytes(document["incoming"]["value"])
    return (SealedValue("incoming.value", document["_id"], value),)


class Resealer:
    """The sealed values of one service."""

    def __init__(
        self, database: mongo.Database, keyring: Keyring, collections: Sequence[SealedCollection]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._collections = collections

    async def count(self) -> dict[str, SealedCount]:
        """Values by collection that the root of now did not seal. Reads every document."""
        return {each.name: await self._count(each) for each in self._collections}

    async def _count(self, collection: SealedCollection) -> SealedCount:
        collection.sealer.look_again()
        ages: Counter[int | None] = Counter()
        async for documents in self._read(collection):
            for document in documents:
                values = collection.list_values(document)
                ages.update(collection.sealer.find_age(value.value) for value in values)
        return SealedCount(previous=ages[1], unknown=ages[None])

    async def run(self) -> None:
        """Endless. Passes through everything while a root rotates."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._keyring.roots.previous is not None and await self.reseal() == 0:
                await asyncio.sleep(AGAIN_AFTER_S)

    async def reseal(self) -> int:
        """One pass. Returns how many values were sealed anew."""
        return sum([await self._reseal(collection) for collection in self._collections])

    async def _reseal(self, collection: SealedCollection) -> int:
        collection.sealer.look_again()
        total = 0
        async for documents in self._read(collection):
            operations: list[mongo.UpdateOne] = []
            for document in documents:
                changes = list(_list_changes(collection, document))
                if changes:
                    operations.append(_build_write(document, changes))
                    total += len(changes)
            if operations:
                await self._database[collection.name].bulk_write(operations, ordered=False)
            await asyncio.sleep(BATCH_PAUSE_S)
        if total:
            log.info("sealed_anew", collection=collection.name, count=total)
        return total

    async def _read(self, collection: SealedCollection) -> AsyncIterator[Sequence[Document]]:
        """Batch after batch by id: what comes behind meanwhile has the new seal."""
        projection = dict.fromkeys((*collection.fields, "_version"), 1)
        query: dict[str, object] = {"$or": [{f: {"$exists": True}} for f in collection.fields]}
        while True:
            cursor = self._database[collection.name].find(query, projection).sort("_id", 1)
            documents = await cursor.limit(BATCH_DOCUMENTS).to_list(None)
            if not documents:
                return
            yield documents
            query["_id"] = {"$gt": documents[-1]["_id"]}


def _list_changes(
    collection: SealedCollection, document: Document
) -> Iterable[tuple[SealedValue, bytes]]:
    for value in collection.list_values(document):
        if collection.sealer.find_age(value.value) == 0:
            continue
        try:
            content = collection.sealer.open(value.id, value.value)
        except UnreadableError:
            log.error("sealed_unreadable", collection=collection.name, id=document["_id"])
            continue
        yield value, collection.sealer.seal(value.id, content)


def _build_write(
    document: Document, changes: Sequence[tuple[SealedValue, bytes]]
) -> mongo.UpdateOne:
    as_read = {value.path: value.value for value, _ in changes}
    anew: dict[str, object] = {"$set": {value.path: sealed for value, sealed in changes}}
    if "_version" in document:  # a state: whoever decides on what he read before reads it again
        anew["$inc"] = {"_version": 1}
    return mongo.UpdateOne({"_id": document["_id"], **as_read}, anew)
