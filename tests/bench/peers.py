"""Runs a peer: four processes on a broker and database of their own, and the load on them."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.chaos.wishes import WISH_FEN, make_phone, make_wish
from deploy.local.parts import Part
from deploy.local.stack import Stack
from deploy.local.supervisor import Supervisor
from tests.bench.loop import Load, Say, Throughput, hold
from tests.bench.ours import started
from tests.bench.plan import Plan
from tests.bench.shape import LISTENED, SERVICES, Shape
from tests.bench.tutorial.audit import FUND

PLAN = "plan.json"
PLENTY = 10**12

Value = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Peer:
    """module: runs one service of it."""

    name: str
    module: str
    value: Callable[[Shape], Value]


def _build_zeros(shape: Shape) -> Value:
    value = bytes(shape.sizes[shape.first])
    return lambda _: value


def _build_submission(_: Shape) -> Value:
    def value(number: int) -> bytes:
        request = make_wish("tutorial", number)
        return json.dumps(
            {
                "message_id": _format_id(number),
                "category": request.category,
                "quantity": WISH_FEN,
                "town_code": request.area.town_code,
                "name": "示例",
                "phone": make_phone("tutorial", number),
                "text": request.text,
            }
        ).encode()

    return value


def _format_id(number: int) -> str:
    return f"R-{number:020x}"


BARE = Peer("bare", "tests.bench.bare", _build_zeros)
TUTORIAL = Peer("tutorial", "tests.bench.tutorial", _build_submission)


async def run(peer: Peer, path: Path, shape: Shape, load: Load, say: Say) -> Throughput:
    """Broker, database and simulators are those of the stack, its services are not started."""
    stack = await started(path, ("simulators",))
    try:
        plan = Plan(
            kafka_bootstrap=stack.kafka_bootstrap,
            mongo_uri=stack.mongo_uri,
            prefix=f"bench-{peer.name}",
            intake_url=stack.urls["intake"],
            simulators_url=stack.urls["simulators"],
            secrets_dir=str(stack.secrets_dir),
            shape=shape,
        )
        return await _run(peer, plan, stack, path, load, say)
    finally:
        await stack.stop()


async def _run(
    peer: Peer, plan: Plan, stack: Stack, path: Path, load: Load, say: Say
) -> Throughput:
    plan.save(path / PLAN)
    await plan.create_topics()
    await _prepare_database(plan)
    services = Supervisor([[_build_part(peer, name, path) for name in SERVICES]], announce=print)
    say(f"{peer.name}: starting four processes")
    await services.start()
    try:
        player = Player(plan, peer.value(plan.shape))
        async with player.run():
            return await hold(
                player, load, {**stack.supervisor.list_pids(), **services.list_pids()}, say
            )
    finally:
        await services.stop()


def _build_part(peer: Peer, service: str, path: Path) -> Part:
    log = path / f"{peer.name}-{service}.log"

    async def reads() -> bool:
        return log.exists() and "ready" in log.read_text()

    return Part(
        name=service,
        command=(sys.executable, "-m", peer.module, service, str(path / PLAN)),
        address="",
        log_file=log,
        is_healthy=reads,
        env={"PYTHONPATH": str(Path.cwd())},
        stop_grace_s=5,
    )


async def _prepare_database(plan: Plan) -> None:
    """A fund, donors and an offer, for the peer that looks for them."""
    client: Any = AsyncIOMotorClient(plan.mongo_uri)
    donor = {"_id": "P-donor", "phone": make_phone("tutorial", 9_999_999)}
    offer = {"_id": "O-1", "donor_id": "P-donor", "free": PLENTY}
    fund = {"_id": FUND, "received_fen": PLENTY, "committed_fen": 0, "disbursed_fen": 0}
    await client[f"{plan.prefix}_intake"]["persons"].insert_one(donor)
    await client[f"{plan.prefix}_matching"]["offers"].insert_one(offer)
    await client[f"{plan.prefix}_audit"]["funds"].insert_one(fund)
    client.close()


class Player:
    """A lifecycle has ended when every event of it that the driver listens to has been read."""

    def __init__(self, plan: Plan, value: Value) -> None:
        self._plan, self._value = plan, value
        self._heard: Counter[bytes] = Counter()
        self._first = plan.topic(plan.shape.topics[plan.shape.first])
        self._kind = plan.shape.first.encode()
        self._producer = AIOKafkaProducer(
            bootstrap_servers=plan.kafka_bootstrap, acks="all", max_batch_size=200_000
        )
        self._consumer = AIOKafkaConsumer(
            *(plan.topic(name) for name in LISTENED),
            bootstrap_servers=plan.kafka_bootstrap,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        self.done = 0

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        await self._producer.start()
        await self._consumer.start()
        listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            listening.cancel()
            await self._consumer.stop()
            await self._producer.stop()

    async def submit(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            await self._producer.send(
                self._first,
                self._value(number),
                key=_format_id(number).encode(),
                headers=[("type", self._kind)],
            )
        await self._producer.flush()

    async def _listen(self) -> None:
        wanted = self._plan.shape.listened
        while True:
            batches = await self._consumer.getmany(timeout_ms=200)
            for records in batches.values():
                for record in records:
                    self._heard[record.key] += 1
                    self.done += self._heard[record.key] == wanted
