"""One service's database, brought forward from its backup to the moment before it was lost.

The log of the replica set (`local.oplog.rs`) has every write since, in the order of commits. An
update in it is a difference, `$v: 2`, as MongoDB's `document_diff_serialization.h` defines it:
`d` fields that go, `u` that change, `i` that come, `sNAME` a difference within; of an array
(`a: true`) `l` its new length, `uN` and `sN` by place.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bson import encode
from bson.timestamp import Timestamp
from pymongo import DeleteOne, ReplaceOne
from pymongo.write_concern import WriteConcern

from deploy.backup.restoring import OUTBOX, RestoreError
from deploy.backup.snapshot import BATCH, Client
from shared.documents import Document

DURABLE = WriteConcern("majority", j=True)
INSERT, UPDATE, DELETE, COMMAND = "i", "u", "d", "c"
WRITES = frozenset({INSERT, UPDATE, DELETE})


@dataclass(frozen=True, slots=True)
class Write:
    """One document's: change is the whole of it, or a difference; nothing where it goes."""

    kind: str
    collection: str
    id: Any
    change: Document


def list_writes(entry: Document, database: str) -> Iterator[Write]:
    """Of one entry of the log; a transaction is one, with the writes of all databases."""
    parts = entry["o"].get("applyOps", ()) if entry["op"] == COMMAND else (entry,)
    for part in parts:
        name, _, collection = part["ns"].partition(".")
        if name == database and part["op"] in WRITES:
            named = part["o2"] if part["op"] == UPDATE else part["o"]
            yield Write(part["op"], collection, named["_id"], part["o"])


def apply_write(document: Document | None, write: Write) -> Document | None:
    """The document after it. Raises RestoreError where the log does not continue the backup."""
    if write.kind == DELETE:
        return None
    if "$v" not in write.change:
        return write.change
    if document is None or write.change["$v"] != 2:
        raise RestoreError(
            f"{write.collection} {write.id!r}：oplog 接不上这份备份，请四个库一起恢复 · "
            "the replica set's log does not continue this backup: take all four back"
        )
    return apply_difference(document, write.change["diff"])


def apply_difference(document: Document, difference: Document) -> dict[str, Any]:
    """Neither is changed."""
    result = {
        name: value for name, value in document.items() if name not in difference.get("d", ())
    }
    result |= difference.get("u", {})
    for name, value in difference.get("i", {}).items():  # new ones stand at the end
        result.pop(name, None)
        result[name] = value
    for key, within in difference.items():
        if key.startswith("s"):
            result[key[1:]] = _apply_within(result[key[1:]], within)
    return result


def _apply_within(value: Any, difference: Document) -> Any:
    if difference.get("a"):
        return _apply_to_array(value, difference)
    return apply_difference(value, difference)


def _apply_to_array(array: Iterable[Any], difference: Document) -> list[Any]:
    result = list(array)
    result = result[: difference.get("l", len(result))]
    for key, change in difference.items():
        if re.fullmatch(r"[us]\d+", key):
            place = int(key[1:])
            result += [None] * (place + 1 - len(result))
            result[place] = change if key[0] == UPDATE else _apply_within(result[place], change)
    return result


def find_end(client: Client, database: str, start: Timestamp, until: datetime | None) -> Timestamp:
    """Up to where the log is to be applied, without it. Call it before anything is put back.

    until: what the operator says; else the first drop, else now. Raises RestoreError where the log
    does not reach back to the start, or somebody has to say which of several losses it was.
    """
    log = client["local"]["oplog.rs"]
    oldest, newest = (log.find_one(sort=[("$natural", way)]) for way in (1, -1))
    if oldest is None or newest is None or oldest["ts"] > start:
        raise RestoreError(
            "oplog 已不含备份之后的全部写入，请四个库一起恢复 · the replica set's log does not "
            "reach back to the backup any more: take all four back"
        )
    drops = list(log.find(_match_drops(database, start)))
    end = Timestamp(newest["ts"].time, newest["ts"].inc + 1)
    if until is not None:
        end = Timestamp(int(until.timestamp()), 0)
    elif sum("dropDatabase" in entry["o"] for entry in drops) > 1:
        raise RestoreError(
            f"备份之后不止一次清空：{_list_times(drops)}；用 --until 说明恢复到哪一刻 · "
            "it was dropped more than once: say --until"
        )
    elif drops:
        end = drops[0]["ts"]
    if any(entry["ts"] < end for entry in drops):
        raise RestoreError(f"在那之前已清空 · it was dropped before that: {_list_times(drops)}")
    return end


def count_published_later(client: Client, database: str, end: Timestamp) -> int:
    """Batches that the outbox took from the end on, before the database was dropped: others heard
    what the restored service will not know."""
    drop = client["local"]["oplog.rs"].find_one(_match_drops(database, end), sort=[("$natural", 1)])
    bounds = {"$gte": end} | ({"$lt": drop["ts"]} if drop else {})
    query = {"ts": bounds, "$or": _match_names(re.compile(rf"^{re.escape(database)}\.{OUTBOX}$"))}
    entries = client["local"]["oplog.rs"].find(query)
    writes = (write for entry in entries for write in list_writes(entry, database))
    return sum(write.kind == INSERT and write.collection == OUTBOX for write in writes)


def _match_names(within: re.Pattern[str]) -> list[dict[str, Any]]:
    return [{"ns": within}, {"o.applyOps.ns": within}]


def roll_forward(client: Client, database: str, start: Timestamp, end: Timestamp) -> int:
    """Applies what was written after start and before end; how many writes."""
    within = re.compile(rf"^{re.escape(database)}\.")
    query = {
        "ts": {"$gt": start, "$lt": end},
        "$or": _match_names(within),
    }
    entries = client["local"]["oplog.rs"].find(query, sort=[("$natural", 1)])
    writes = (write for entry in entries for write in list_writes(entry, database))
    count = 0
    while some := list(islice(writes, BATCH)):
        count += len(some)
        for collection in dict.fromkeys(write.collection for write in some):
            _write(client, database, collection, [w for w in some if w.collection == collection])
    return count


def _write(client: Client, database: str, collection: str, writes: list[Write]) -> None:
    rows = client[database].get_collection(collection, write_concern=DURABLE)
    keys = {_encode_id(write.id): write.id for write in writes}
    documents: dict[bytes, Document | None] = dict.fromkeys(keys)
    for document in rows.find({"_id": {"$in": list(keys.values())}}):
        documents[_encode_id(document["_id"])] = document
    for write in writes:
        key = _encode_id(write.id)
        documents[key] = apply_write(documents[key], write)
    changes: list[ReplaceOne[dict[str, Any]] | DeleteOne] = [
        DeleteOne({"_id": keys[key]})
        if document is None
        else ReplaceOne({"_id": keys[key]}, dict(document), upsert=True)
        for key, document in documents.items()
    ]
    rows.bulk_write(changes, ordered=False)


def _encode_id(id_: Any) -> bytes:
    return encode({"_id": id_})


def _match_drops(database: str, start: Timestamp) -> dict[str, Any]:
    kinds = [{f"o.{name}": {"$exists": True}} for name in ("drop", "dropDatabase")]
    return {"ts": {"$gt": start}, "op": COMMAND, "ns": f"{database}.$cmd", "$or": kinds}


def _list_times(entries: Iterable[Document]) -> str:
    moments = {datetime.fromtimestamp(entry["ts"].time, UTC).isoformat() for entry in entries}
    return "、".join(sorted(moments))
