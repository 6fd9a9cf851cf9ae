"""The embedded database lets in whoever has the password of its secrets folder, and nobody else."""

import asyncio
import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bson import encode
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.mongod import build_mongods, make_mongod_secrets, step_down
from deploy.local.parts import Part
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.runner import PartFailedError
from deploy.local.stack_file import MONGODS, RunningStack
from deploy.local.supervisor import Supervisor
from shared.security.files import create_private
from shared.settings import Settings
from tests.support.stack import start_mongod

Client = AsyncMongoClient[dict[str, Any]]
UNAUTHORIZED = 13


def open_by_stranger(address: str) -> Client:
    return Client(f"mongodb://{address}/?directConnection=true")


def find_address(mongo_uri: str) -> str:
    return mongo_uri.rpartition("@")[2].partition("/")[0]


async def test_a_stranger_on_this_machine_reads_and_writes_nothing(tmp_path: Path) -> None:
    stack = await start_mongod(tmp_path)
    try:
        async with open_by_stranger(find_address(stack.mongo_uri)) as stranger:
            for attempt in (
                stranger.guanjia_intake.persons.find_one,
                stranger.list_database_names,
                lambda: stranger.admin.command("createUser", "me", pwd="me", roles=["root"]),
                lambda: stranger.admin.command("replSetGetConfig"),
            ):
                with pytest.raises(OperationFailure) as refused:
                    await attempt()
                assert refused.value.code == UNAUTHORIZED
        assert list_private_files(tmp_path) == {"mongod.key", "mongod.password", "mongodb.sock"}
    finally:
        await stack.stop()


async def test_a_strangers_compressed_message_gets_no_answer(tmp_path: Path) -> None:
    """CVE-2025-14847: one that says it is longer than it is was answered with memory."""
    stack = await start_mongod(tmp_path)
    try:
        host, _, port = find_address(stack.mongo_uri).partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(compress_message(encode({"hello": 1, "$db": "admin"}), says_bytes=4096))
        assert await reader.read() == b""
        writer.close()
    finally:
        await stack.stop()


def compress_message(document: bytes, says_bytes: int) -> bytes:
    """OP_COMPRESSED of an OP_MSG, by zlib."""
    op_compressed, op_msg, by_zlib = 2012, 2013, 2
    squeezed = zlib.compress(b"\0\0\0\0\0" + document)
    body = struct.pack("<iiB", op_msg, says_bytes, by_zlib) + squeezed
    return struct.pack("<iiii", 16 + len(body), 1, 0, op_compressed) + body


def list_private_files(data_dir: Path) -> set[str]:
    """Secrets and socket, without the port; each is for its owner alone."""
    files = [*data_dir.glob("secrets/mongod.*"), *data_dir.glob("mongo/*.sock")]
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    return {re.sub(r"-\d+", "", file.name) for file in files}


def without_password(part: Part) -> Part:
    """As it was started before there were passwords."""
    words = list(part.command)
    at = words.index("--keyFile")
    return replace(part, command=(*words[:at], *words[at + 2 :]))


async def start_replica_set(address: str) -> bool:
    """What a start of before did."""
    async with Client(f"mongodb://{address}/?directConnection=true&timeoutMS=2000") as client:
        try:
            hello = await client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                return True
            members = [{"_id": 0, "host": address}]
            await client.admin.command("replSetInitiate", {"_id": "rs0", "members": members})
        except PyMongoError:
            return False
    return False


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_data_folder_of_before_passwords_goes_over_by_itself(
    tmp_path: Path, is_killed: bool
) -> None:
    """On another port than it was on, as every start is."""
    port = find_free_port()
    address = f"{LOOPBACK}:{port}"
    access = make_mongod_secrets(tmp_path / "other")
    (part,) = build_mongods(tmp_path, access, {"mongod": port}, tmp_path)
    old = replace(without_password(part), is_healthy=lambda: start_replica_set(address))
    before = Supervisor([[old]], announce=print)
    await before.start()
    async with open_by_stranger(address) as client:
        await client.test.facts.insert_one({"_id": "before"})
    if is_killed:
        await before.kill("mongod")
    await before.stop()
    stack = await start_mongod(tmp_path)
    try:
        assert find_address(stack.mongo_uri) != address
        async with Client(stack.mongo_uri) as client:
            assert await client.test.facts.find_one() == {"_id": "before"}
        async with open_by_stranger(find_address(stack.mongo_uri)) as stranger:
            with pytest.raises(OperationFailure):
                await stranger.test.facts.find_one()
    finally:
        await stack.stop()


async def test_another_password_than_the_datas_is_named(tmp_path: Path) -> None:
    stack = await start_mongod(tmp_path)
    await stack.stop()
    (stack.secrets_dir / "mongod.password").write_text("another")
    access = make_mongod_secrets(stack.secrets_dir)
    (part,) = build_mongods(tmp_path, access, {"mongod": find_free_port()}, tmp_path)
    with pytest.raises(PartFailedError, match="请恢复与这份数据一起的密钥目录"):
        await Supervisor([[part]], announce=print).start()


def test_a_path_too_long_for_a_socket_does_without(tmp_path: Path) -> None:
    access = make_mongod_secrets(tmp_path / "secrets")
    folder = tmp_path / ("long" * 25)
    command = build_mongods(folder, access, {"mongod": 27017}, tmp_path)[0].command
    assert "--nounixsocket" in command
    assert "--unixSocketPrefix" not in command
    assert command[command.index("--bind_ip") + 1] == LOOPBACK


def test_a_later_start_has_the_password_of_the_first(tmp_path: Path) -> None:
    assert make_mongod_secrets(tmp_path) == make_mongod_secrets(tmp_path)
    assert create_private(tmp_path / "mongod.password", b"mine").decode() != "mine"


def test_the_password_is_in_no_text_of_what_holds_it(tmp_path: Path) -> None:
    access = make_mongod_secrets(tmp_path)
    settings = Settings(mongo_uri=access.format_uri(27017), secrets_dir=tmp_path)
    stack = RunningStack(
        supervisor_pid=1,
        broker="mesh",
        kafka_bootstrap="k:1",
        mongo_uri=access.format_uri(27017),
        urls={},
        pids={},
        log_dir=tmp_path,
        secrets_dir=tmp_path,
    )
    (part,) = build_mongods(tmp_path, access, {"mongod": 27017}, tmp_path)
    for thing in (access, settings, stack, part.command, part.address):
        assert access.password not in repr(thing)


@pytest.mark.long
async def test_of_three_the_primary_makes_place_and_what_was_written_stays(tmp_path: Path) -> None:
    access = make_mongod_secrets(tmp_path / "secrets")
    ports = {name: find_free_port() for name in MONGODS}
    uri = access.format_uri(*ports.values())
    supervisor = Supervisor([build_mongods(tmp_path, access, ports, tmp_path)], announce=print)
    await supervisor.start()
    try:
        async with Client(uri) as client:
            await client.test.facts.insert_one({"_id": "before"})
            before = await client.primary
            assert await step_down(uri)
            await client.test.facts.insert_one({"_id": "after"})
            assert await client.primary != before
            found = {row["_id"] async for row in client.test.facts.find()}
    finally:
        await supervisor.stop()
    assert found == {"before", "after"}
