"""The embedded broker and database: they start, keep what they promise, and say what is wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from typer import BadParameter

from deploy.commands.up import check_brokers
from deploy.local.health import is_ready, read_cluster_id
from deploy.local.mongod import build_mongods, make_mongod_secrets
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.runner import PartFailedError
from deploy.local.stack import SERVICES, BrokerKind, PortInUseError, Stack, StackOptions
from deploy.local.stack_file import BROKERS, DataDirInUseError, find_running_stack
from deploy.local.supervisor import Supervisor
from tests.support.stack import start_backing


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    started = await start_backing(tmp_path)
    yield started
    await started.stop()


async def insert(mongo_uri: str, document: dict[str, Any]) -> None:
    """In a transaction, so that it takes a primary of a replica set."""
    async with (
        AsyncMongoClient[dict[str, Any]](mongo_uri) as client,
        client.start_session() as session,
        await session.start_transaction(),
    ):
        await client.test.facts.insert_one(document, session=session)


async def load_ids(mongo_uri: str) -> list[str]:
    async with AsyncMongoClient[dict[str, Any]](mongo_uri) as client:
        return [document["_id"] async for document in client.test.facts.find().sort("_id")]


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


async def test_database_keeps_its_data_over_kill_and_restart(stack: Stack) -> None:
    await insert(stack.mongo_uri, {"_id": "before"})
    await stack.supervisor.kill("mongod")
    await stack.supervisor.restart("mongod")
    assert await load_ids(stack.mongo_uri) == ["before"]


async def test_second_start_on_other_ports_finds_the_data_of_a_killed_one(tmp_path: Path) -> None:
    first = await start_backing(tmp_path)
    await insert(first.mongo_uri, {"_id": "first"})
    await first.supervisor.kill("mongod")
    assert (tmp_path / "mongo/mongod.lock").stat().st_size > 0
    await first.stop()
    second = await start_backing(tmp_path)
    try:
        assert second.mongo_uri != first.mongo_uri
        await insert(second.mongo_uri, {"_id": "second"})
        assert await load_ids(second.mongo_uri) == ["first", "second"]
    finally:
        await second.stop()


async def test_watched_database_comes_back_by_itself(stack: Stack) -> None:
    watching = asyncio.create_task(stack.watch())
    await insert(stack.mongo_uri, {"_id": "before"})
    await stack.supervisor.kill("mongod")
    await stack.supervisor.wait_healthy("mongod")
    await insert(stack.mongo_uri, {"_id": "after"})
    assert await load_ids(stack.mongo_uri) == ["after", "before"]
    running = find_running_stack(stack.data_dir)
    assert running
    assert running.pids == stack.supervisor.list_pids()
    await stack.stop()
    await watching


async def test_restarted_mesh_has_another_cluster_id(stack: Stack) -> None:
    port = port_of(stack.kafka_bootstrap)
    before = await read_cluster_id(LOOPBACK, port)
    await stack.supervisor.restart("broker")
    after = await read_cluster_id(LOOPBACK, port)
    assert before
    assert after
    assert before != after


async def test_running_stack_is_found_until_it_stops(stack: Stack) -> None:
    running = find_running_stack(stack.data_dir)
    assert running
    assert running.kafka_bootstrap == stack.kafka_bootstrap
    assert running.mongo_uri == stack.mongo_uri
    assert running.pids == stack.supervisor.list_pids()
    await stack.stop()
    assert find_running_stack(stack.data_dir) is None
    assert not (stack.data_dir / "stack.json").exists()


async def test_second_stack_on_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(DataDirInUseError, match=r"another stack \(pid \d+\) runs on"):
        await start_backing(stack.data_dir)
    assert find_running_stack(stack.data_dir)
    assert len(stack.supervisor.list_pids()) == 2


async def test_what_a_killed_stack_left_behind_is_not_a_running_one(stack: Stack) -> None:
    described = (stack.data_dir / "stack.json").read_text()
    await stack.stop()
    (stack.data_dir / "stack.json").write_text(described)
    assert find_running_stack(stack.data_dir) is None


async def test_taken_port_is_refused_before_anything_starts(stack: Stack, tmp_path: Path) -> None:
    port = port_of(stack.kafka_bootstrap)
    with pytest.raises(PortInUseError, match=f"port {port} \\(broker\\) is taken"):
        Stack(StackOptions(tmp_path / "other", ports={"broker": port}), announce=print)


def without_curl(program: Path, target: Path) -> str:
    """The same program, asking for a library that is nowhere."""
    target.write_bytes(program.read_bytes().replace(b"libcurl.so.4", b"libcurl.so.9"))
    target.chmod(0o755)
    return str(target)


async def test_missing_library_is_one_line_with_its_debian_package(tmp_path: Path) -> None:
    access = make_mongod_secrets(tmp_path / "secrets")
    (real,) = build_mongods(tmp_path, access, {"mongod": find_free_port()}, tmp_path)
    program = without_curl(Path(real.command[0]), tmp_path / "mongod")
    part = replace(real, command=(program, *real.command[1:]))
    with pytest.raises(PartFailedError, match=r"apt-get install libcurl4$") as failure:
        await Supervisor([[part]], announce=print).start()
    assert len(str(failure.value).splitlines()) == 1


@pytest.mark.parametrize(("status", "expected"), [("200 OK", True), ("503 Not yet", False)])
async def test_service_is_healthy_when_it_says_it_is_ready(status: str, expected: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline() == b"GET /health/ready HTTP/1.1\r\n":
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    port = find_free_port()
    assert not await is_ready(LOOPBACK, port)
    async with await asyncio.start_server(answer, LOOPBACK, port):
        assert await is_ready(LOOPBACK, port) is expected


def test_services_are_told_where_everything_is(tmp_path: Path) -> None:
    options = StackOptions(
        tmp_path,
        kafka="kafka.example:9092",
        mongo="mongodb://db.example/",
        settings_env={"GUANJIA_LOG_LEVEL": "debug"},
    )
    stack = Stack(options, announce=print)
    assert [name for name, _, _ in stack.list_rows()] == list(SERVICES)
    env = stack.build_service_env("intake")
    assert env["GUANJIA_KAFKA_BOOTSTRAP"] == "kafka.example:9092"
    assert env["GUANJIA_BROKER"] == "kafka"
    assert env["GUANJIA_MONGO_URI"] == "mongodb://db.example/"
    assert env["GUANJIA_INTAKE_URL"].endswith(f":{env['GUANJIA_PORT']}")
    assert env["GUANJIA_LOG_LEVEL"] == "debug"


def test_services_know_each_of_three_brokers(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, brokers=3, mongo="mongodb://db.example/", services=())
    stack = Stack(options, announce=print)
    rows = {name: address for name, address, _ in stack.list_rows()}
    assert tuple(rows) == BROKERS
    env = stack.build_service_env("intake")
    assert env["GUANJIA_KAFKA_BOOTSTRAP"] == ",".join(rows.values())
    assert env["GUANJIA_BROKER"] == "kafka"


@pytest.mark.parametrize(
    ("brokers", "broker", "kafka"),
    [(2, None, None), (0, None, None), (3, "mesh", None), (3, None, "k:1"), (1, None, "k:1")],
)
def test_brokers_are_one_or_three_of_apache_kafka_started_here(
    brokers: int, broker: BrokerKind | None, kafka: str | None
) -> None:
    with pytest.raises(BadParameter, match="1 or 3"):
        check_brokers(brokers, broker, kafka)
    assert check_brokers(None, broker, kafka) == 1
    assert check_brokers(3, "kafka", None) == 3


def test_simulators_stay_on_loopback_wherever_the_services_listen(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, kafka="k:1", mongo="mongodb://db.example/", host="0.0.0.0")
    stack = Stack(options, announce=print)
    assert stack.build_service_env("intake")["GUANJIA_HOST"] == "0.0.0.0"
    assert stack.build_service_env("simulators")["GUANJIA_HOST"] == LOOPBACK
    elsewhere = Stack(replace(options, host="192.0.2.7"), announce=print)
    assert elsewhere.urls["intake"].startswith("http://192.0.2.7:")
    assert elsewhere.urls["simulators"].startswith(f"http://{LOOPBACK}:")
