"""The four databases at one moment of the replica set.

All are read in one session whose reads are of one cluster time, so no service knows an event that
its sender does not know: copying one after the other could not say that, because the services tell
one another in a circle. Nothing is stopped, and a commit of two documents is there whole or not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from bson import CodecOptions, encode
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure, PyMongoError

from shared.contracts.topics import SERVICES

__all__ = [
    "Client",
    "PyMongoError",
    "Snapshot",
    "SnapshotError",
    "Timestamp",
    "connect",
    "keep_history",
]

COLLECTION, DOCUMENT = "collection", "document"
BATCH = 1000
SNAPSHOT_TOO_OLD = 239
HISTORY, HISTORY_S = "minSnapshotHistoryWindowInSeconds", 7200
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

ANSWER_MS = 10_000

Client = MongoClient[dict[str, Any]]


def connect(uri: str) -> Client:
    return MongoClient(uri, serverSelectionTimeoutMS=ANSWER_MS)


@contextmanager
def keep_history(client: Client) -> Iterator[None]:
    """The database holds a moment for the hours that reading it may take; the embedded one lets go
    of it after a second. Who may not ask for that has what its owner set."""
    shorter = _ask_for_history(client)
    try:
        yield
    finally:
        if shorter is not None:
            client.admin.command({"setParameter": 1, HISTORY: shorter})


def _ask_for_history(client: Client) -> int | None:
    """In seconds what it was, where it was changed."""
    try:
        before = int(client.admin.command({"getParameter": 1, HISTORY: 1})[HISTORY])
        if before >= HISTORY_S:
            return None
        client.admin.command({"setParameter": 1, HISTORY: HISTORY_S})
    except OperationFailure:
        return None
    return before


class SnapshotError(RuntimeError):
    """The moment is over, or a part is not seen from here: the text says what to do."""


@dataclass(slots=True)
class Snapshot:
    """prefix: of the databases' names."""

    client: Client
    session: ClientSession
    prefix: str
    collections: dict[str, tuple[str, ...]]

    @classmethod
    def take(cls, client: Client, session: ClientSession, prefix: str) -> "Snapshot":
        """session: one of `snapshot=True`; its first read chooses the moment of all that follow."""
        names = {
            service: tuple(sorted(_list_collections(client, f"{prefix}_{service}")))
            for service in SERVICES
        }
        snapshot = cls(client, session, prefix, names)
        for service, collections in names.items():
            if collections:
                client[f"{prefix}_{service}"][collections[0]].find_one({}, session=session)
                break
        return snapshot

    @property
    def moment(self) -> Timestamp:
        moment = self.session._snapshot_time
        assert moment is not None, "something was read"
        return moment

    def write(self, service: str, out: IO[bytes]) -> dict[str, int]:
        """Documents by collection. Raises SnapshotError."""
        counts = {}
        for name in self.collections[service]:
            count = 0
            for document in self._read(service, name):
                out.write(encode({COLLECTION: name, DOCUMENT: document}))
                count += 1
            counts[name] = count
        return counts

    def _read(self, service: str, name: str) -> Iterator[RawBSONDocument]:
        database = self.client[f"{self.prefix}_{service}"]
        rows = database.get_collection(name, codec_options=RAW)
        try:
            yield from rows.find({}, session=self.session, batch_size=BATCH)
        except OperationFailure as failure:
            if failure.code != SNAPSHOT_TOO_OLD:
                raise
            raise SnapshotError(
                "备份太久，数据库已不保留这一刻。请调大后重来 · the database keeps that moment no "
                f"more: db.adminCommand({{setParameter: 1, {HISTORY}: {2 * HISTORY_S}}})"
            ) from None


def _list_collections(client: Client, database: str) -> list[str]:
    names = client[database].list_collection_names(filter={"type": "collection"})
    return [name for name in names if not name.startswith("system.")]
