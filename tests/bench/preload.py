"""Fills a database with closed requests and what they left in each service.

Documents are clones of one real lifecycle's under ids of their own, written as raw BSON before the
stack starts; the services' indexes are built at the end. The ledger's entries are not
cloned: a log cannot be.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

from tests.bench.loop import Say
from tests.bench.ours import started
from tests.bench.shape import SERVICES

PREFIX = "guanjia_"
AT_ONCE = 2_000
WRITERS = 2
ID_DIGITS = 20

Clone = Callable[[Mapping[bytes, bytes]], RawBSONDocument]


@dataclass(frozen=True, slots=True)
class Seed:
    """documents: (database, collection, BSON) of one closed request. ids: those in it that every
    clone gets anew. indexes: (database, collection) -> keys and options."""

    documents: Sequence[tuple[str, str, bytes]]
    ids: Mapping[str, bytes]
    indexes: Mapping[tuple[str, str], Sequence[tuple[Any, Mapping[str, Any]]]]


async def read_seed(uri: str) -> Seed:
    return await asyncio.to_thread(_read_seed, uri)


async def fill(path: Path, seed: Seed, requests: int, say: Say) -> float:
    """Into the data folder that a stack will start with; returns the seconds it took."""
    begun = time.monotonic()
    stack = await started(path, (), kafka="127.0.0.1:9")
    try:
        await asyncio.to_thread(_fill, stack.mongo_uri, seed, requests, say)
    finally:
        await stack.stop()
    return time.monotonic() - begun


def _read_seed(uri: str) -> Seed:
    client: MongoClient[dict[str, Any]] = MongoClient(uri)
    intake, matching = client[f"{PREFIX}intake"], client[f"{PREFIX}matching"]
    request = intake["requests"].find_one({"state": "closed"})
    assert request is not None
    match = matching["matches"].find_one({"request_id": request["_id"]})
    assert match is not None
    notice_of = {"regarding": match["_id"], "purpose": "match_committed"}
    notice = client[f"{PREFIX}notify"]["notices"].find_one(notice_of)
    assert notice is not None
    wanted = (
        ("intake", "requests", request["_id"]),
        ("intake", "persons", request["person_id"]),
        ("matching", "needs", request["_id"]),
        ("matching", "matches", match["_id"]),
        ("notify", "notices", notice["_id"]),
        ("audit", "commitments", match["_id"]),
    )
    documents = []
    for service, collection, id_ in wanted:
        document = client[f"{PREFIX}{service}"][collection].find_one({"_id": id_})
        assert document is not None, (collection, id_)
        documents.append((f"{PREFIX}{service}", collection, bson.encode(document)))
    ids = {"R": request["_id"], "P": request["person_id"], "N": notice["_id"]}
    return Seed(documents, {k: v.encode() for k, v in ids.items()}, _read_indexes(client))


def _read_indexes(client: MongoClient[dict[str, Any]]) -> dict[tuple[str, str], list[Any]]:
    indexes: dict[tuple[str, str], list[Any]] = {}
    for service in SERVICES:
        database = client[f"{PREFIX}{service}"]
        for collection in database.list_collection_names():
            for index in database[collection].list_indexes():
                options = dict(index)
                keys = list(options.pop("key").items())
                options.pop("v")
                if options["name"] != "_id_":
                    indexes.setdefault((database.name, collection), []).append((keys, options))
    return indexes


def _fill(uri: str, seed: Seed, requests: int, say: Say) -> None:
    client: MongoClient[Any] = MongoClient(uri, retryWrites=False)
    relaxed = WriteConcern(w=1, j=False)
    places = [
        (
            client[database].get_collection(name, write_concern=relaxed),
            _build_cloner(content, seed.ids),
        )
        for database, name, content in seed.documents
    ]

    def write(numbers: range) -> int:
        renamed = [_make_ids(seed.ids, number) for number in numbers]
        for collection, clone in places:
            collection.insert_many([clone(ids) for ids in renamed], ordered=False)
        return len(numbers)

    done = 0
    with ThreadPoolExecutor(WRITERS) as writers:
        for count in writers.map(write, _split_range(requests)):
            done += count
            say(f"preloading: {done:,} of {requests:,} requests")
    for database, name, _ in seed.documents:
        for keys, options in seed.indexes.get((database, name), ()):
            say(f"preloading: index of {name} {[key for key, _ in keys]}")
            client[database][name].create_index(keys, **options)
    client.close()


def _split_range(count: int) -> Iterator[range]:
    return (range(at, min(at + AT_ONCE, count)) for at in range(0, count, AT_ONCE))


def _make_ids(ids: Mapping[str, bytes], number: int) -> dict[bytes, bytes]:
    """Spread like real ones: by a hash."""
    digits = hashlib.sha256(b"preloaded %d" % number).hexdigest().encode()
    return {
        old: b"%s-%s" % (letter.encode(), digits[at * ID_DIGITS : (at + 1) * ID_DIGITS])
        for at, (letter, old) in enumerate(ids.items())
    }


def _build_cloner(content: bytes, ids: Mapping[str, bytes]) -> Clone:
    """Ids have one length, so a document's lengths stay true when they are exchanged."""
    pieces = re.split(b"(" + b"|".join(map(re.escape, ids.values())) + b")", content)

    def clone(renamed: Mapping[bytes, bytes]) -> RawBSONDocument:
        return RawBSONDocument(b"".join([renamed.get(piece, piece) for piece in pieces]))

    return clone
