"""The database of a batch store in memory: as much of MongoDB as one asks of it, with its versions,
its transactions and the ways in which they end.

Documents are kept as BSON, so that what is read is what MongoDB would give.
"""

import asyncio
import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import bson
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from shared import mongo
from shared.errors import Conflict, Transient

R = TypeVar("R")
Documents = dict[Any, bytes]


class MemoryDatabase:
    """endings: how the next transactions end; "committed" when there are none. "fails": somebody
    was faster. "lost": not committed, and nobody hears of it. "unheard": committed, and nobody
    hears of it. before_commit: awaited by each. turns: how long each call takes.
    """

    def __init__(self, endings: Iterable[str] = ()) -> None:
        self.endings = iter(endings)
        self.collections: dict[str, Documents] = defaultdict(dict)
        self.turns: Callable[[], int] = lambda: 0
        self.before_commit: Callable[[], Awaitable[None]] = _do_nothing
        self.committed = 0

    def __getitem__(self, name: str) -> "MemoryCollection":
        return MemoryCollection(self.collections[name])

    def list_rows(self, name: str) -> list[dict[str, Any]]:
        return [_decode(document) for document in self.collections[name].values()]

    async def run_steps(self, steps: Callable[["MemoryDatabase"], R]) -> R:
        await self._wait()
        found = steps(self)
        await self._wait()
        return found

    async def run_transaction(self, steps: Callable[["MemoryDatabase", None], None]) -> None:
        """Raises Conflict or Transient, as `mongo.run_transaction` does."""
        await self._wait()
        await self.before_commit()
        ending = next(self.endings, "committed")
        if ending == "fails":
            raise Conflict("by chance")
        if ending == "lost":
            raise Transient("lost")
        before = copy.deepcopy(self.collections)
        try:
            steps(self, None)
        except Conflict:
            self.collections = before
            raise
        self.committed += 1
        await self._wait()
        if ending == "unheard":
            raise Transient("whether it was committed is not known")

    async def _wait(self) -> None:
        for _ in range(self.turns()):
            await asyncio.sleep(0)


class MemoryCollection:
    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def find(self, condition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for document in list(self._documents.values()):
            row = _decode(document)
            if all(row.get(name) in wanted["$in"] for name, wanted in condition.items()):
                yield row

    def bulk_write(self, operations: Sequence[Any], **_: object) -> "_Outcome":
        return _Outcome(sum(self._carry_out(operation) for operation in operations))

    def _carry_out(self, operation: Any) -> int:
        """How many it matched."""
        if isinstance(operation, InsertOne):
            self._insert(operation._doc)
            return 0
        matched = [
            row
            for row in map(_decode, list(self._documents.values()))
            if all(row.get(name) == value for name, value in operation._filter.items())
        ]
        for row in matched:
            self._change(row, operation)
        is_update = isinstance(operation, UpdateOne | UpdateMany)
        if not matched and is_update and operation._upsert:
            self._update(dict(operation._filter), operation._doc, is_new=True)
        return len(matched)

    def _insert(self, document: Any) -> None:
        is_raw = isinstance(document, mongo.RawBSONDocument)
        encoded = bytes(document.raw) if is_raw else _encode(document)
        id_ = _decode(encoded)["_id"]
        if id_ in self._documents:
            raise Conflict(f"{id_} is there")
        self._documents[id_] = encoded

    def _change(self, row: dict[str, Any], operation: Any) -> None:
        if isinstance(operation, DeleteOne):
            del self._documents[row["_id"]]
        elif isinstance(operation, ReplaceOne):
            self._documents[row["_id"]] = bytes(operation._doc.raw)
        else:
            self._update(row, operation._doc, is_new=False)

    def _update(
        self, row: dict[str, Any], change: Mapping[str, Mapping[str, Any]], *, is_new: bool
    ) -> None:
        row |= change.get("$set", {})
        row |= change.get("$setOnInsert", {}) if is_new else {}
        for name, number in change.get("$inc", {}).items():
            row[name] = row.get(name, 0) + number
        for name, number in change.get("$max", {}).items():
            row[name] = max(row.get(name, number), number)
        self._documents[row["_id"]] = _encode(row)


class _Outcome:
    def __init__(self, matched_count: int) -> None:
        self.matched_count = matched_count


async def _do_nothing() -> None:
    return


def find_each(
    queries: Iterable[tuple[str, Mapping[str, object]]], database: MemoryDatabase
) -> list[list[dict[str, Any]]]:
    """As `mongo.find_each`, one after another."""
    return [list(database[name].find(condition)) for name, condition in queries]


def find_numbers(
    queries: Iterable[tuple[str, str, Sequence[str]]], database: MemoryDatabase, session: None
) -> list[dict[str, int]]:
    """As `mongo.find_numbers`."""
    return [
        {row["_id"]: row[field] for row in database[name].find({"_id": {"$in": ids}})}
        for name, field, ids in queries
    ]


def _encode(document: Mapping[str, Any]) -> bytes:
    return bson.encode(document, codec_options=mongo.CODEC)


def _decode(document: bytes) -> dict[str, Any]:
    return bson.decode(document, mongo.CODEC)
