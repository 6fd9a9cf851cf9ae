"""Makes a backup: the published ledger first, then the databases, so that nothing is published
in it that its database does not hold.
"""

import fcntl
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from deploy.backup.archive import compute_digest, open_sealed
from deploy.backup.snapshot import Client, Snapshot, SnapshotError, Timestamp, keep_history
from services.audit.model import Entry
from shared.contracts.topics import SERVICES

MANIFEST, LEDGER = "manifest.json", "ledger.age"
CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class Manifest:
    """In the clear: counts and digests, nothing of anybody. moment: of the databases, UTC.

    increment: which of that second's writes was the last one in it.
    """

    moment: str
    prefix: str
    documents: dict[str, dict[str, int]]
    ledger_files: int
    digests: dict[str, str]
    increment: int = 0

    @property
    def timestamp(self) -> Timestamp:
        return Timestamp(int(datetime.fromisoformat(self.moment).timestamp()), self.increment)

    def write(self, folder: Path) -> None:
        """Last: a folder without it is no backup."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"
        (folder / MANIFEST).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises OSError, or ValueError where the folder holds none or something else."""
        return cls(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))


def name_archive(service: str) -> str:
    return f"{service}.age"


def make_backup(
    client: Client, prefix: str, ledger: Path, folder: Path, recipients: Sequence[object]
) -> Manifest:
    """folder: a new one. Raises SnapshotError, PyMongoError, OSError."""
    with be_alone(ledger.parent):
        return _make_backup(client, prefix, ledger, folder, recipients)


@contextmanager
def be_alone(data_dir: Path) -> Iterator[None]:
    """No other backup runs on this data folder: the one that ends first would end the history that
    the other reads. Raises SnapshotError."""
    if not data_dir.is_dir():  # Nothing is published here: `check_ledger` says so.
        yield
        return
    place = os.open(data_dir, os.O_RDONLY)
    try:
        _lock(place, data_dir)
        yield
    finally:
        os.close(place)


def _lock(place: int, data_dir: Path) -> None:
    """Ends with the process, however that ends."""
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SnapshotError(
            f"另一份备份正在进行（{data_dir}），请等它完成再来 · another backup of {data_dir} is "
            "running: begin again when it has ended"
        ) from None


def _make_backup(
    client: Client, prefix: str, ledger: Path, folder: Path, recipients: Sequence[object]
) -> Manifest:
    folder.mkdir(parents=True, mode=0o700)
    with open_sealed(folder / LEDGER, recipients) as out:
        files = copy_ledger(ledger, out)
    documents = {}
    with keep_history(client), client.start_session(snapshot=True) as session:
        snapshot = Snapshot.take(client, session, prefix)
        for service in SERVICES:
            with open_sealed(folder / name_archive(service), recipients) as out:
                documents[service] = snapshot.write(service, out)
        moment = datetime.fromtimestamp(snapshot.moment.time, UTC).isoformat()
        increment = snapshot.moment.inc
    check_ledger(documents, files, ledger)
    digests = {file.name: compute_digest(file) for file in sorted(folder.glob("*.age"))}
    manifest = Manifest(moment, prefix, documents, files, digests, increment)
    manifest.write(folder)
    return manifest


def check_ledger(documents: Mapping[str, Mapping[str, int]], files: int, ledger: Path) -> None:
    """Where there are entries a ledger is published. Raises SnapshotError."""
    if documents["audit"].get(Entry.COLLECTION) and not files:
        raise SnapshotError(
            f"{ledger} 里没有账本，而数据库里有条目：请在看得到账本目录的地方备份（--data-dir） · "
            "there are entries and no ledger's files: back up where audit's folder is seen"
        )


def copy_ledger(ledger: Path, out: IO[bytes]) -> int:
    """Each log's checkpoint before its tiles: what a checkpoint needs is there when it stands."""
    count = 0
    with tarfile.open(fileobj=out, mode="w|") as archive:
        for file in sorted(_list_files(ledger), key=lambda each: (each.name != CHECKPOINT, each)):
            try:
                archive.add(file, arcname=str(file.relative_to(ledger)), recursive=False)
            except FileNotFoundError:  # a partial tile that a whole one has replaced
                continue
            count += 1
    return count


def _list_files(ledger: Path) -> list[Path]:
    return [file for file in ledger.rglob("*") if file.is_file() and not file.is_symlink()]
