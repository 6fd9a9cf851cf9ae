"""Puts a backup back, onto databases and a ledger's folder that hold nothing.

All four: what each service had published is published again, the outboxes forget which brokers have
it. What each had read of our own topics is read again from their start, where the outboxes put it;
what it knows already it drops. Inbound topics go on where they were, as far as brokers have them.

One alone: `oplog` brings it forward to where it was lost, so the others need to forget nothing.
"""

import tarfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from bson import CodecOptions, decode
from bson.raw_bson import RawBSONDocument
from pymongo.write_concern import WriteConcern

from deploy.backup.archive import compute_digest, open_archive, read_documents
from deploy.backup.making import LEDGER, Manifest, name_archive
from deploy.backup.snapshot import BATCH, COLLECTION, DOCUMENT, Client
from shared.contracts.topics import SERVICES, TOPICS

POSITIONS, OUTBOX = "positions", "outbox"
RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)
DURABLE = WriteConcern("majority", j=True)


class RestoreError(RuntimeError):
    """The text says why, and what to do."""


def check_backup(folder: Path) -> Manifest:
    """Raises RestoreError where it is not whole."""
    try:
        manifest = Manifest.read(folder)
    except (OSError, ValueError, TypeError) as error:
        raise RestoreError(f"{folder} 不是完整的备份 · is no whole backup: {error}") from None
    for name, digest in manifest.digests.items():
        if not (folder / name).exists() or compute_digest(folder / name) != digest:
            raise RestoreError(f"{folder / name} 缺失或被改过 · is missing or was changed")
    return manifest


def check_identities(folder: Path, identities: Sequence[object]) -> None:
    """Raises DecryptError where none of them opens the backup."""
    with open_archive(folder / LEDGER, identities) as stream:
        stream.read(1)


def check_database_is_empty(client: Client, name: str) -> None:
    """Raises RestoreError: a restore mixes with nothing."""
    for collection in client[name].list_collection_names():
        if client[name][collection].find_one({}, projection={"_id": 1}):
            raise RestoreError(f"{name}.{collection} 里有数据，没有恢复 · holds documents already")


def check_is_empty(client: Client, prefix: str, ledger: Path) -> None:
    """All four, and the ledger's folder. Raises RestoreError."""
    for service in SERVICES:
        check_database_is_empty(client, f"{prefix}_{service}")
    if ledger.is_dir() and any(ledger.iterdir()):
        raise RestoreError(f"{ledger} 里有文件，没有恢复 · holds files already")


def restore_databases(
    client: Client, manifest: Manifest, folder: Path, identities: Sequence[object]
) -> dict[str, int]:
    """Documents by service. Raises DecryptError, RestoreError."""
    counts = {}
    for service in SERVICES:
        counts[service] = restore_database(client, manifest, folder, identities, service)
        database = client[f"{manifest.prefix}_{service}"]
        database[OUTBOX].update_many({}, {"$set": {"cluster": None}})
        database[POSITIONS].delete_many({"_id": {"$regex": _match_own_topics()}})
    return counts


def restore_database(
    client: Client, manifest: Manifest, folder: Path, identities: Sequence[object], service: str
) -> int:
    """As it was at the moment of the backup; how many documents. Raises as above."""
    database, count = client[f"{manifest.prefix}_{service}"], 0
    with open_archive(folder / name_archive(service), identities) as stream:
        for collection, documents in _list_batches(stream):
            rows = database.get_collection(collection, write_concern=DURABLE)
            rows.insert_many(documents, ordered=False)
            count += len(documents)
    if count != sum(manifest.documents[service].values()):
        raise RestoreError(f"{service}: {count} 份文档，与清单不符 · not all")
    return count


def restore_ledger(folder: Path, ledger: Path, identities: Sequence[object]) -> int:
    """Files; none lands outside the folder."""
    ledger.mkdir(parents=True, exist_ok=True)
    with (
        open_archive(folder / LEDGER, identities) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        count = 0
        for entry in archive:
            archive.extract(entry, ledger, filter="data")
            count += 1
        return count


def _list_batches(stream: Any) -> Iterator[tuple[str, list[Any]]]:
    """Documents of one collection together, as they come."""
    documents = read_documents(stream)
    while frames := [decode(each, RAW) for each in islice(documents, BATCH)]:
        by_collection: dict[str, list[Any]] = {}
        for frame in frames:
            by_collection.setdefault(frame[COLLECTION], []).append(frame[DOCUMENT])
        yield from by_collection.items()


def _match_own_topics() -> str:
    """Places are `cluster|topic|partition`."""
    own = "|".join(topic.name.replace(".", r"\.") for topic in TOPICS if not topic.inbound)
    return rf"\|({own})\|\d+$"
