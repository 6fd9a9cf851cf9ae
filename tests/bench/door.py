"""The door: requests a second by HTTP and by topic, beside a bare handler and a bare consumer.

`python -m tests.bench door`. Intake as `guanjia run` starts it, on embedded broker and database;
the bare ones (`bare_door.py`) are one process each on the same database and broker, measured in
turns in the same run. The load comes from this process over raw sockets and takes its share of the
same cores from either, so the ratio tells more than the rates.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient
from rich.console import Console
from rich.table import Table

from deploy.chaos.wishes import CHANNEL, make_wish
from deploy.local.health import is_listening
from deploy.local.ports import LOOPBACK, find_free_port
from deploy.local.stack import Stack, StackOptions
from shared.contracts import topics
from shared.contracts.envelope import build_foreign_event
from shared.messaging.encoding import encode
from shared.security import SIGNATURE_HEADER, derive_publisher_key, sign_record
from tests.bench.cpu import Snapshot, compute_spent, take_snapshot
from tests.bench.flooder import connect, read_status
from tests.bench.ours import ONE_CHANNEL
from tests.support.eventually import eventually

SETTINGS = {**ONE_CHANNEL, "GUANJIA_RATE_LIMIT_PER_MINUTE": str(10**9)}
BARE_TOPIC = "bench-door"
PARTITIONS = topics.BY_NAME[topics.REQUESTS_INBOUND].partitions
HTTP_AIM, TOPIC_AIM = 3.0, 0.5
DRAINED_S = 120

Count = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Pace:
    """cpu_ms: of the one process that takes the requests, for each of them."""

    per_s: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class DoorRow:
    """aim: how many times the bare rate ours is to be."""

    way: str
    ours: Pace
    bare: Pace
    aim: float


@dataclass(frozen=True, slots=True)
class DoorLoad:
    """seconds: measured by HTTP, each. records: published at once by topic, each."""

    seconds: float
    clients: int
    records: int


async def bench_door(path: Path, load: DoorLoad) -> list[DoorRow]:
    """Each bare one between two halves of ours, so that what the machine did meets both."""
    options = StackOptions(data_dir=path, services=("intake",), settings_env=SETTINGS)
    stack = Stack(options, announce=lambda _: None)
    await stack.start()
    try:
        return [await _bench_http(stack, load), await _bench_topic(stack, load)]
    finally:
        await stack.stop()


# --- by HTTP --------------------------------------------------------------------------------------


async def _bench_http(stack: Stack, load: DoorLoad) -> DoorRow:
    token = (stack.secrets_dir / "channel-village.token").read_text().strip()
    port = find_free_port()
    intake = stack.supervisor.list_pids()["intake"]
    async with _run_bare("http", stack.mongo_uri, str(port)) as process:

        async def listens() -> bool:
            return await is_listening(LOOPBACK, port)

        await eventually(listens, bool)
        bare_url, url = f"http://{LOOPBACK}:{port}", stack.urls["intake"]
        ours, bare = _HttpTarget(url, intake), _HttpTarget(bare_url, process.pid)
        for target in (ours, bare):
            await _measure_http(target, token, replace(load, seconds=1.0), "warm")
        half = replace(load, seconds=load.seconds / 2)
        first = await _measure_http(ours, token, half, "a")
        between = await _measure_http(bare, token, load, "b")
        second = await _measure_http(ours, token, half, "c")
    return DoorRow(f"HTTP, {load.clients} clients", _average(first, second), between, HTTP_AIM)


@dataclass(frozen=True, slots=True)
class _HttpTarget:
    url: str
    pid: int


async def _measure_http(target: _HttpTarget, token: str, load: DoorLoad, run: str) -> Pace:
    bodies = _build_bodies(token, f"{target.url}-{run}")
    before, began = take_snapshot({"it": target.pid}), time.monotonic()
    ends = began + load.seconds
    counts = await asyncio.gather(*(_submit(target.url, bodies, ends) for _ in range(load.clients)))
    return _compute_pace(sum(counts), began, before, target.pid)


def _compute_pace(count: int, began: float, before: Snapshot, pid: int) -> Pace:
    spent = compute_spent(before, take_snapshot({"it": pid}))
    return Pace(count / (time.monotonic() - began), spent.processes["it"] * 1000 / max(1, count))


def _average(first: Pace, second: Pace) -> Pace:
    return Pace((first.per_s + second.per_s) / 2, (first.cpu_ms + second.cpu_ms) / 2)


def _build_bodies(token: str, run: str) -> Iterator[bytes]:
    """Each is another person's, so nothing is a repetition."""
    number = 0
    while True:
        number += 1
        body = make_wish(run, number).model_dump_json(exclude_none=True).encode()
        head = (
            f"POST /requests HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Idempotency-Key: {number}-{time.monotonic_ns()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def _submit(url: str, bodies: Iterator[bytes], ends: float) -> int:
    reader, writer = await connect(url)
    count = 0
    while time.monotonic() < ends:
        writer.write(next(bodies))
        status = await read_status(reader)
        assert status == "201", f"a request is answered {status}"
        count += 1
    writer.close()
    return count


# --- by topic -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _TopicTarget:
    """count: of what is durable."""

    topic: str
    pid: int
    count: Count


async def _bench_topic(stack: Stack, load: DoorLoad) -> DoorRow:
    client: Any = AsyncIOMotorClient(stack.mongo_uri)
    await _create_topic(stack.kafka_bootstrap)
    intake = stack.supervisor.list_pids()["intake"]
    ours = _TopicTarget(topics.REQUESTS_INBOUND, intake, _count_in(client, "guanjia_intake"))
    first = await _drain(stack, load, ours, "a")
    arguments = ("topic", stack.mongo_uri, stack.kafka_bootstrap, BARE_TOPIC)
    async with _run_bare(*arguments) as process:
        assert process.stdout is not None
        await process.stdout.readline()
        bare = _TopicTarget(BARE_TOPIC, process.pid, _count_in(client, "bench_door"))
        between = await _drain(stack, load, bare, "b")
    second = await _drain(stack, load, ours, "c")
    client.close()
    way = f"topic, {load.records:,} records"
    return DoorRow(way, _average(first, second), between, TOPIC_AIM)


async def _drain(stack: Stack, load: DoorLoad, target: _TopicTarget, run: str) -> Pace:
    """From the first that is published to the last that is durable."""
    topic = target.topic
    root = (stack.secrets_dir / "root.key").read_bytes()
    records = list(_build_records(root, topic, f"{topic}-{run}", load.records))
    count_before = await target.count()
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_bootstrap, acks="all", max_batch_size=256_000
    )
    await producer.start()
    before, began = take_snapshot({"it": target.pid}), time.monotonic()
    for key, value, headers in records:
        await producer.send(topic, value, key=key, headers=headers)
    await producer.flush()
    await eventually(target.count, lambda n: n >= count_before + load.records, within_s=DRAINED_S)
    pace = _compute_pace(load.records, began, before, target.pid)
    await producer.stop()
    return pace


def _build_records(
    root: bytes, topic: str, run: str, count: int
) -> Iterator[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    key = derive_publisher_key(root, CHANNEL)
    for number in range(count):
        message_id = f"{run}-{number}-{time.monotonic_ns()}"
        event = build_foreign_event(
            source=CHANNEL,
            message_id=message_id,
            time=datetime.now(UTC),
            data=make_wish(run, number),
        )
        value = encode(event)
        yield message_id.encode(), value, [(SIGNATURE_HEADER, sign_record(key, topic, value))]


def _count_in(client: Any, database: str) -> Count:
    async def count() -> int:
        return int(await client[database]["requests"].estimated_document_count())

    return count


async def _create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(BARE_TOPIC, PARTITIONS, replication_factor=1)])
    await admin.close()


# --- both -----------------------------------------------------------------------------------------


@asynccontextmanager
async def _run_bare(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-m", "tests.bench.bare_door", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


def print_door(rows: list[DoorRow], console: Console) -> None:
    table = Table("requests a second", "Guanjia", "bare", "ratio", "aim", "CPU ms each", "bare")
    for row in rows:
        table.add_row(
            row.way,
            f"{row.ours.per_s:,.0f}",
            f"{row.bare.per_s:,.0f}",
            f"{row.ours.per_s / row.bare.per_s:.2f}",
            f"{row.aim:.1f}",
            f"{row.ours.cpu_ms:.2f}",
            f"{row.bare.cpu_ms:.2f}",
        )
    console.print(table)
