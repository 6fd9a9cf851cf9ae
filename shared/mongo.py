"""The only driver import: motor now, PyMongo's AsyncMongoClient can take its place here.

An aggregate's document is `{_id, _version, _emitted, ...state}`: `_version` is checked on every
write, `_emitted` counts the events its aggregate has published.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import bson
import structlog
from bson import CodecOptions, ObjectId
from bson.binary import Binary
from bson.raw_bson import RawBSONDocument
from gridfs.errors import NoFile
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
    AsyncIOMotorGridFSBucket,
)
from pymongo import (
    DeleteOne,
    IndexModel,
    InsertOne,
    ReadPreference,
    UpdateMany,
    UpdateOne,
)
from pymongo.client_session import ClientSession
from pymongo.database import Database as PyMongoDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.documents import Document
from shared.errors import Conflict, Transient
from shared.messaging.decision import State
from shared.moments import as_stored

__all__ = [
    "Binary",
    "BlockingDatabase",
    "Client",
    "ConnectionFailure",
    "Database",
    "DeleteOne",
    "DuplicateKeyError",
    "ExecutionTimeout",
    "FileBucket",
    "InsertOne",
    "ObjectId",
    "PyMongoError",
    "RawBSONDocument",
    "UpdateMany",
    "UpdateOne",
    "connect",
    "find",
    "find_due",
    "find_each",
    "find_numbers",
    "load",
    "run_transaction",
]

log = structlog.get_logger()

Row = dict[str, Any]
"""As the driver gives and takes it; only read, it is a `Document`."""
Client = AsyncIOMotorClient[Row]
Database = AsyncIOMotorDatabase[Row]
Collection = AsyncIOMotorCollection[Row]
Session = ClientSession
BlockingDatabase = PyMongoDatabase[Row]
"""The same without asyncio, for steps in a thread."""
Steps = Callable[[BlockingDatabase, Session], None]
"""What is done in a transaction, in a thread of its own."""
Index = tuple[str, Sequence[tuple[str, int]], Document]

S = TypeVar("S", bound=State)
R = TypeVar("R")

CODEC: CodecOptions[Any] = CodecOptions(tz_aware=True, tzinfo=UTC)
DURABLE = WriteConcern("majority", j=True)
WRITE_CONFLICT = 112
INDEX_NOT_FOUND = 27
COMMIT_RETRY_S = 30.0
ROWS_AT_ONCE = 100_000
"""All of them, as far as a message holds; more are fetched."""
THREADS = ThreadPoolExecutor(8, "mongo")


def connect(uri: str, name: str) -> Database:
    """Lazy: nothing is sent before the first operation."""
    client: Client = AsyncIOMotorClient(
        uri,
        tz_aware=True,
        appname=name,
        serverSelectionTimeoutMS=5000,
        w="majority",
        journal=True,
        readConcernLevel="majority",  # nothing is acted on that a failover could take back
        retryWrites=True,
    )
    return client.get_database(
        name,
        codec_options=CODEC,
        read_preference=ReadPreference.PRIMARY,
        write_concern=DURABLE,
    )


async def ensure_indexes(database: Database, indexes: Iterable[Index]) -> None:
    """Creates the collections too: one that appears inside a transaction is a conflict."""
    models: dict[str, list[IndexModel]] = defaultdict(list)
    for collection, keys, options in indexes:
        models[collection].append(IndexModel(list(keys), **options))
    # Each waits until the disk has it: those of one collection are one command, and none waits
    # for another collection's.
    await asyncio.gather(
        *(database[collection].create_indexes(each) for collection, each in models.items())
    )


async def drop_indexes(database: Database, indexes: Iterable[tuple[str, str]]) -> None:
    """By collection and name, where they are still there."""
    await asyncio.gather(*(_drop_index(database[each], name) for each, name in indexes))


async def _drop_index(collection: Collection, name: str) -> None:
    try:
        await collection.drop_index(name)
    except OperationFailure as error:
        if error.code != INDEX_NOT_FOUND:
            raise


def build_removal(state: type[State]) -> dict[str, dict[str, str]]:
    """The part of an update that removes what earlier releases stored; nothing where that is all
    still there."""
    return {"$unset": dict.fromkeys(state.RETIRED_FIELDS, "")} if state.RETIRED_FIELDS else {}


async def remove_retired_fields(database: Database, states: Iterable[type[State]]) -> None:
    """From documents that nothing writes any more too."""
    for state in states:
        if removal := build_removal(state):
            has_some = {"$or": [{name: {"$exists": True}} for name in state.RETIRED_FIELDS]}
            await database[state.COLLECTION].update_many(has_some, removal)


def to_document(state: State) -> dict[str, object]:
    document = state.model_dump(mode="python")
    document["_id"] = document.pop("id")
    return document


def encode_document(document: Mapping[str, object]) -> bytes:
    return bson.encode(document, codec_options=CODEC)


def to_state(state: type[S], document: Mapping[str, object]) -> S:
    """What a later release wrote besides is passed over, in its values too: the release before can
    read it."""
    return state.model_validate({**document, "id": document["_id"]}, extra="ignore")


async def load(database: Database, state: type[S], id_: str) -> S | None:
    document = await database[state.COLLECTION].find_one({"_id": id_})
    return to_state(state, document) if document else None


async def find(
    database: Database,
    state: type[S],
    query: Mapping[str, object],
    *,
    sort: Sequence[tuple[str, int]] | None = None,
    limit: int = 0,
    skip: int = 0,
) -> list[S]:
    cursor = database[state.COLLECTION].find(dict(query)).skip(skip).limit(limit)
    if sort:
        cursor = cursor.sort(list(sort))
    return [to_state(state, document) for document in await cursor.to_list(None)]


async def find_due(database: Database, state: type[S], now: datetime, limit: int = 500) -> list[S]:
    """Those whose deadline has passed, earliest first. ValueError where deadlines have no index."""
    if not state.HAS_DEADLINES:
        raise ValueError(f"{state.__name__} is not found by its deadline")
    passed = {"due_at": {"$lte": now, "$type": "date"}}  # $type: or the partial index is not used
    return await find(database, state, passed, sort=[("due_at", 1)], limit=limit)


async def count_by(database: Database, collection: str, *fields: str) -> dict[Any, int]:
    """Documents by the value of a field, or by tuples of several."""
    key: Any = f"${fields[0]}" if len(fields) == 1 else {f: f"${f}" for f in fields}
    rows = database[collection].aggregate([{"$group": {"_id": key, "n": {"$sum": 1}}}])
    groups = await rows.to_list(None)
    if len(fields) == 1:
        return {row["_id"]: row["n"] for row in groups}
    return {tuple(row["_id"].get(f) for f in fields): row["n"] for row in groups}


def find_each(
    queries: Sequence[tuple[str, Mapping[str, object]]], database: BlockingDatabase
) -> list[list[Row]]:
    """What each query finds in its collection, with one call; for `run_steps`.

    Read in this order, so that a later query sees no less than an earlier one. A call costs this
    process and the database more than what it finds: five in one take a third of five.
    """
    (first, condition), *others = queries
    if not others:
        return [list(database[first].find(condition))]
    stages = _select_numbered(0, condition)
    for number, (collection, query) in enumerate(others, 1):
        selected = _select_numbered(number, query)
        stages.append({"$unionWith": {"coll": collection, "pipeline": selected}})
    rows: list[list[Row]] = [[] for _ in queries]
    for row in database[first].aggregate(stages, batchSize=ROWS_AT_ONCE):
        rows[row["query"]].append(row["row"])
    return rows


def _select_numbered(number: int, query: Mapping[str, object]) -> list[dict[str, object]]:
    row = {"_id": 0, "query": {"$literal": number}, "row": "$$ROOT"}
    return [{"$match": dict(query)}, {"$project": row}]


def find_numbers(
    queries: Sequence[tuple[str, str, Sequence[str]]], database: BlockingDatabase, session: Session
) -> list[dict[str, int]]:
    """A field of documents in several collections (collection, field, ids), by id, with one call
    within a transaction, where `$unionWith` is refused. Where the first has none of its documents,
    nothing is found of the others either."""
    (first, field, ids), *others = queries
    stages: list[dict[str, object]] = [
        *_select_number(field, ids),
        {"$group": {"_id": None, "0": {"$push": "$$ROOT"}}},
    ]
    for number, (collection, name, wanted) in enumerate(others, 1):
        lookup = {"from": collection, "pipeline": _select_number(name, wanted), "as": str(number)}
        stages.append({"$lookup": lookup})
    groups = next(iter(database[first].aggregate(stages, session=session)), {})
    return [
        {row["_id"]: row["number"] for row in groups.get(str(number), ())}
        for number in range(len(queries))
    ]


def _select_number(field: str, ids: Sequence[str]) -> list[dict[str, object]]:
    return [{"$match": {"_id": {"$in": list(ids)}}}, {"$project": {"number": f"${field}"}}]


class FileBucket:
    """What is too large for a document, in GridFS. Not part of any transaction."""

    def __init__(self, database: Database, name: str) -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database, bucket_name=name, write_concern=DURABLE)

    async def write(self, id_: str, content: bytes) -> None:
        """Raises Transient."""
        try:
            await self._bucket.upload_from_stream_with_id(id_, id_, content)
        except PyMongoError as error:
            raise Transient(str(error)) from error

    async def read(self, id_: str) -> bytes | None:
        try:
            stream = await self._bucket.open_download_stream(id_)
            return bytes(await stream.read())
        except NoFile:
            return None
        except PyMongoError as error:
            raise Transient(str(error)) from error

    async def delete(self, id_: str) -> None:
        """Nothing where there is none."""
        try:
            await self._bucket.delete(id_)
        except NoFile:
            return
        except PyMongoError as error:
            raise Transient(str(error)) from error


class ServerClock:
    """mongod's clock: sampled, then carried on by this machine's monotonic one.

    So a machine whose wall clock jumps expires nothing early. To the millisecond, as it is stored.
    """

    def __init__(self, database: Database, refresh_s: float = 1.0) -> None:
        self._database = database
        self._refresh_s = refresh_s
        self._sample = (datetime.min.replace(tzinfo=UTC), float("-inf"))

    async def now(self) -> datetime:
        server, at = self._sample
        if time.monotonic() - at > self._refresh_s:
            hello = await self._database.command("hello")
            server, at = self._sample = (hello["localTime"].replace(tzinfo=UTC), time.monotonic())
        return as_stored(server + timedelta(seconds=time.monotonic() - at))


async def run_steps(database: Database, steps: Callable[[BlockingDatabase], R]) -> R:
    """Several calls one after another in one thread: the driver's own way takes one for each, and
    that costs more than the call. Raises what the driver raises."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(THREADS, steps, database.delegate)


async def run_transaction(database: Database, steps: Steps) -> None:
    """Carries out the steps and commits durably.

    Raises Conflict when somebody was faster, Transient when the outcome may differ next time;
    after either the whole batch is loaded and decided again.
    """
    session = database.delegate.client.start_session()
    try:
        if not await run_steps(database, lambda blocking: _commit_steps(blocking, session, steps)):
            await _commit_again(database, session)
    except (DuplicateKeyError, BulkWriteError, OperationFailure) as error:
        raise translate_error(error) from error
    except ConnectionFailure as error:
        raise Transient(str(error)) from error


def translate_error(error: PyMongoError) -> Exception:
    """A driver's error as one of the three names of failure; what is none of them stays a bug."""
    codes = {getattr(error, "code", None)}
    if isinstance(error, BulkWriteError):
        codes |= {problem.get("code") for problem in error.details.get("writeErrors", ())}
    if codes & {WRITE_CONFLICT, 11000}:
        return Conflict(type(error).__name__)
    transient = error.has_error_label("TransientTransactionError") or isinstance(
        error, ConnectionFailure
    )
    return Transient(str(error)) if transient else error


def _commit_steps(database: BlockingDatabase, session: Session, steps: Steps) -> bool:
    """Returns whether it is known to be committed."""
    session.start_transaction(read_concern=ReadConcern("snapshot"), write_concern=DURABLE)
    try:
        steps(database, session)
    except BaseException:
        _abort(session)
        raise
    return _commit(session)


def _abort(session: Session) -> None:
    try:
        session.end_session()  # ends its transaction too
    except PyMongoError:
        log.debug("transaction_abort_failed")


def _commit(session: Session) -> bool:
    try:
        session.commit_transaction()
    except PyMongoError as error:
        if error.has_error_label("UnknownTransactionCommitResult"):
            return False
        _abort(session)
        raise
    session.end_session()
    return True


async def _commit_again(database: Database, session: Session) -> None:
    """Committing again is safe, so an unknown result is asked again for a while."""
    deadline = time.monotonic() + COMMIT_RETRY_S
    while time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        if await run_steps(database, lambda _: _commit(session)):
            return
    session.end_session()
    raise Transient("whether the transaction was committed is not known")
