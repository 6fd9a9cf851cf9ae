"""A backup is of one moment and opens for its recipient alone; a restore mixes with nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any
from unittest.mock import Mock

import pyrage  # type: ignore[import-untyped]
import pytest
from bson import encode
from pymongo.errors import OperationFailure

from deploy.backup import cli
from deploy.backup.archive import open_archive, open_sealed, read_documents
from deploy.backup.making import be_alone, check_ledger, make_backup
from deploy.backup.restoring import (
    RestoreError,
    check_backup,
    check_is_empty,
    restore_databases,
    restore_ledger,
)
from deploy.backup.snapshot import (
    HISTORY,
    HISTORY_S,
    Client,
    Snapshot,
    SnapshotError,
    connect,
    keep_history,
)
from deploy.backup.topics import BrokersLeft, check_removed
from shared.contracts.topics import MATCHES, REQUESTS_INBOUND, SERVICES
from tests.support.stack import start_mongod

OWNER = pyrage.x25519.Identity.generate()
DOCUMENTS = [encode({"n": number, "text": "棉被" * number}) for number in range(300)]


def read_history_s(client: Client) -> int:
    return int(client.admin.command({"getParameter": 1, HISTORY: 1})[HISTORY])


def test_a_backup_that_fails_leaves_the_database_as_it_was_and_one_without_rights_goes_on() -> None:
    window, admin = {HISTORY: 1}, Mock()

    def command(asked: dict[str, int]) -> dict[str, int]:
        if "setParameter" in asked:
            window[HISTORY] = asked[HISTORY]
        return dict(window)

    admin.command = command

    def fail() -> None:
        assert window == {HISTORY: HISTORY_S}
        raise KeyError

    with pytest.raises(KeyError), keep_history(Mock(admin=admin)):
        fail()
    assert window == {HISTORY: 1}
    admin.command = Mock(side_effect=OperationFailure("not authorized", 13))
    with keep_history(Mock(admin=admin)):
        assert admin.command.call_count == 1


def test_a_backup_sets_no_parameter_where_the_owner_set_as_much_as_it_needs() -> None:
    """Its user may be one who reads parameters and sets none."""

    def command(asked: dict[str, int]) -> dict[str, int]:
        if "setParameter" in asked:
            raise OperationFailure("not authorized", 13)
        return {HISTORY: 2 * HISTORY_S}

    with keep_history(Mock(admin=Mock(command=command))):
        pass


def write_archive(file: Path) -> None:
    with open_sealed(file, [OWNER.to_public()]) as out:
        for document in DOCUMENTS:
            out.write(document)


def read_archive(file: Path, identity: object = OWNER) -> list[bytes]:
    with open_archive(file, [identity]) as stream:
        return list(read_documents(stream))


def test_a_backup_without_the_ledger_of_its_entries_is_none(tmp_path: Path) -> None:
    """Made in a container that has not audit's volume, it was "0 files" and a whole backup."""
    check_ledger({"audit": {"heads": 1}}, 0, tmp_path)
    check_ledger({"audit": {"entries": 9}}, 3, tmp_path)
    with pytest.raises(SnapshotError):
        check_ledger({"audit": {"entries": 9}}, 0, tmp_path)


def test_a_second_backup_at_the_same_time_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    """It would end the history that the first one reads, or the other way round."""
    ledger, folder = tmp_path / "ledger", tmp_path / "backup"
    with be_alone(tmp_path):
        with pytest.raises(SnapshotError, match="another backup of"):
            make_backup(Mock(), "guanjia", ledger, folder, [])
        assert not folder.exists()
    with be_alone(tmp_path), be_alone(tmp_path / "elsewhere"):
        pass


def test_an_archive_gives_back_what_was_written_and_shows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "intake.age"
    write_archive(file)
    assert read_archive(file) == DOCUMENTS
    assert file.stat().st_mode & 0o077 == 0
    assert "棉被".encode() not in file.read_bytes()


def test_an_archive_opens_for_nobody_else_and_not_when_it_was_cut_or_changed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "intake.age"
    write_archive(file)
    with pytest.raises(pyrage.DecryptError):
        read_archive(file, pyrage.x25519.Identity.generate())
    whole = file.read_bytes()
    for content in (whole[:-40], whole[:-1] + bytes([whole[-1] ^ 1])):
        file.write_bytes(content)
        with pytest.raises((pyrage.DecryptError, EOFError, OSError)):
            read_archive(file)


def test_a_file_that_was_changed_or_is_missing_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(RestoreError, match="不是完整的备份"):
        check_backup(tmp_path)


def test_a_topic_that_brokers_keep_ends_a_restore_before_it_began() -> None:
    check_removed([("guanjia.matches", 0), ("guanjia.requests", 3)])
    with pytest.raises(RestoreError, match="ledger"):
        check_removed([("guanjia.matches", 0), ("guanjia.ledger", 29)])


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    stack = await start_mongod(tmp_path / "data")
    with connect(stack.mongo_uri) as opened:
        yield opened
    await stack.stop()


class Sender(threading.Thread):
    """Writes each event at its sender first, then at who heard it, in a circle of services."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client, self._ended = client, threading.Event()
        self._progress = threading.Condition()
        self.sent = 0

    def run(self) -> None:
        while not self._ended.is_set():
            with self._progress:
                self.sent += 1
                self._progress.notify_all()
            order = SERVICES[self.sent % 4 :] + SERVICES[: self.sent % 4]
            for place, service in enumerate(order):
                row = {"_id": f"{self.sent}", "place": place}
                self._client[f"guanjia_{service}"]["events"].insert_one(row)

    def wait_for_next(self) -> None:
        """Until another event is begun."""
        with self._progress:
            before = self.sent
            assert self._progress.wait_for(lambda: self.sent > before, 60)

    def end(self) -> None:
        self._ended.set()
        self.join()


def read_places(client: Client) -> dict[str, set[int]]:
    """Of each event: the steps that are there."""
    places: dict[str, set[int]] = {}
    for service in SERVICES:
        for row in client[f"guanjia_{service}"]["events"].find():
            places.setdefault(row["_id"], set()).add(row["place"])
    return places


def check_order_of_restore(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No topic is emptied before it is certain that the backup can be put back: not where a
    database holds something, not with another's identity."""
    removed: list[str] = []

    async def remove(_broker: object) -> list[str]:
        removed.append("all")
        raise RestoreError("brokers keep them")

    async def look(_broker: object) -> BrokersLeft:
        return BrokersLeft("c", 5, {})

    monkeypatch.setattr(cli, "_connect", lambda _target: nullcontext(client))
    monkeypatch.setattr(cli, "look_at_brokers", look)
    monkeypatch.setattr(cli, "remove_own_topics", remove)
    files = {"owner": OWNER, "other": pyrage.x25519.Identity.generate()}
    for name, identity in files.items():
        (tmp_path / name).write_text(str(identity))

    def restore(name: str, *, empties: bool = True) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.restore(
                tmp_path / "backup",
                tmp_path / name,
                only=None,
                until=None,
                force=False,
                empty_topics=empties,
                data_dir=tmp_path / "nowhere",
            )
        return str(ended.value)

    assert "里有数据" in restore("owner")
    for service in SERVICES:
        client.drop_database(f"guanjia_{service}")
    assert "打不开" in restore("other")
    assert "--empty-topics" in restore("owner", empties=False)
    assert removed == []
    assert "brokers keep them" in restore("owner")
    assert removed == ["all"]
    assert not set(client.list_database_names()) & {f"guanjia_{each}" for each in SERVICES}


async def test_nobody_in_a_backup_knows_what_its_sender_does_not(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "ledger"
    (ledger / "2026" / "tile").mkdir(parents=True)
    (ledger / "2026" / "checkpoint").write_bytes(b"c")
    (ledger / "2026" / "tile" / "000").write_bytes(b"t")
    for service in SERVICES:
        database = client[f"guanjia_{service}"]
        filling = [{"_id": f"f{number}", "text": "x" * 200} for number in range(2000)]
        database["filling"].insert_many(filling)
        database["outbox"].insert_one({"_id": "o", "cluster": "the old one", "records": []})
        places: list[dict[str, Any]] = [
            {"_id": f"old|{topic}|0", "next": 7} for topic in (MATCHES, REQUESTS_INBOUND)
        ]
        database["positions"].insert_many(places)
        database["events"].insert_one({"_id": "0", "place": 0})
    sender = Sender(client)
    sender.start()
    recipients = [OWNER.to_public()]
    windows: list[int] = []

    def write(snapshot: Snapshot, service: str, out: IO[bytes]) -> dict[str, int]:
        windows.append(read_history_s(client))
        sender.wait_for_next()
        return write_whole(snapshot, service, out)

    write_whole = Snapshot.write
    monkeypatch.setattr(Snapshot, "write", write)
    made = make_backup(client, "guanjia", ledger, tmp_path / "backup", recipients)
    sender.end()
    assert windows == [HISTORY_S] * len(SERVICES), "its moment is kept as long as it may take"
    assert read_history_s(client) == 1
    assert sender.sent > 3, "it went on while the backup was made"
    with pytest.raises(RestoreError, match="里有数据"):
        check_is_empty(client, "guanjia", tmp_path / "none")
    for service in SERVICES:
        client.drop_database(f"guanjia_{service}")
    with pytest.raises(RestoreError, match="里有文件"):
        check_is_empty(client, "guanjia", ledger)
    check_is_empty(client, "guanjia", tmp_path / "none")

    manifest = check_backup(tmp_path / "backup")
    assert manifest == made
    counts = restore_databases(client, manifest, tmp_path / "backup", [OWNER])
    assert counts.keys() == set(SERVICES)
    for event, there in read_places(client).items():
        assert there == set(range(len(there))), f"{event}: a later step without an earlier one"
    for service in SERVICES:
        database = client[f"guanjia_{service}"]
        assert database["filling"].count_documents({}) == 2000
        assert database["outbox"].find_one()["cluster"] is None  # type: ignore[index]
        assert [row["_id"] for row in database["positions"].find()] == [f"old|{REQUESTS_INBOUND}|0"]
    assert restore_ledger(tmp_path / "backup", tmp_path / "new", [OWNER]) == 2
    assert (tmp_path / "new" / "2026" / "tile" / "000").read_bytes() == b"t"
    await asyncio.to_thread(check_order_of_restore, client, tmp_path, monkeypatch)
    (tmp_path / "backup" / "audit.age").write_bytes(b"")
    with pytest.raises(RestoreError, match="缺失或被改过"):
        check_backup(tmp_path / "backup")
