"""Notices a second handed to a provider that answers after 50 ms, beside a bare loop.

`python -m tests.bench notices`. Notify, intake and the simulators as `guanjia run` starts them, on
embedded broker and database: facts are published for persons who are registered, and each ends as
an SMS with its receipt. The bare one (`bare_notices.py`) signs and posts the same bodies, as many
at a time, to the same simulators, between two halves of ours. All share the same cores.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from rich.console import Console
from rich.table import Table

from deploy.local.stack import AT_ONCE, Stack, StackOptions
from services.notify.model import Notice
from services.notify.settings import NotifySettings
from services.notify.templates import TEMPLATES
from shared.contracts.envelope import build_cloud_event
from shared.messaging.encoding import encode
from shared.security import SIGNATURE_HEADER, Keyring
from tests.bench.cpu import compute_spent, take_snapshot
from tests.bench.door import Pace
from tests.notify.decisions import make_opened
from tests.support.eventually import eventually

ANSWER_S = 0.05
RATIO_AIM, CPU_MS_AIM = 0.6, 2.0
PURPOSE = "request_opened"
DRAINED_S = 240
PAGE = 100
WARM = 100


@dataclass(frozen=True, slots=True)
class NoticesLoad:
    """calls: to the provider at one time, of either."""

    notices: int
    calls: int


@dataclass(frozen=True, slots=True)
class NoticesRow:
    """ours: handed a second, and CPU of notify for each, receipts and all decisions included."""

    ours: Pace
    bare: Pace
    in_flight_max: float
    processes: dict[str, float]


async def bench_notices(path: Path, load: NoticesLoad) -> NoticesRow:
    env = {
        **AT_ONCE,
        "GUANJIA_SIMULATORS_ANSWER_DELAY_S": str(ANSWER_S),
        "GUANJIA_SEND_CONCURRENCY": str(load.calls),
        "GUANJIA_RATE_LIMIT_PER_MINUTE": str(10**9),
    }
    services = ("simulators", "intake", "notify")
    options = StackOptions(data_dir=path, services=services, settings_env=env)
    stack = Stack(options, announce=lambda _: None)
    await stack.start()
    try:
        bench = _Bench(stack, load)
        persons = await bench.register(load.notices + WARM)
        await bench.tell(persons[:WARM])
        half = load.notices // 2
        first = await bench.tell(persons[WARM : WARM + half])
        bare = await bench.run_bare()
        second = await bench.tell(persons[WARM + half :])
    finally:
        await stack.stop()
    ours = Pace(
        (first.pace.per_s + second.pace.per_s) / 2, (first.pace.cpu_ms + second.pace.cpu_ms) / 2
    )
    processes = {
        name: (first.processes[name] + second.processes[name]) / 2 for name in first.processes
    }
    return NoticesRow(ours, bare, load.calls / ANSWER_S, processes)


@dataclass(frozen=True, slots=True)
class _Told:
    pace: Pace
    processes: dict[str, float]


class _Bench:
    def __init__(self, stack: Stack, load: NoticesLoad) -> None:
        self._stack, self._load = stack, load
        self._keyring = Keyring(stack.secrets_dir)
        client: Any = AsyncIOMotorClient(stack.mongo_uri)
        self._notices = client["guanjia_notify"][Notice.COLLECTION]

    async def register(self, count: int) -> list[str]:
        token = (self._stack.secrets_dir / "operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        ids: list[str] = []
        async with httpx.AsyncClient(
            base_url=self._stack.urls["intake"], headers=headers, timeout=60, trust_env=False
        ) as intake:
            for start in range(0, count, PAGE):
                rows = [
                    {
                        "idempotency_key": uuid4().hex,
                        "party": {"name": "张三", "phone": f"+86138{number:08d}"},
                    }
                    for number in range(start, min(count, start + PAGE))
                ]
                answer = await intake.post("/parties/batch", json=rows)
                answer.raise_for_status()
                ids += [row["person_id"] for row in answer.json()["answers"]]
        return ids

    async def tell(self, persons: Sequence[str]) -> _Told:
        """From the first fact to the last notice handed over; CPU until all receipts are in."""
        handed_before = await self._count_handed()
        delivered_before = await self._notices.count_documents({"state": "delivered"})
        before, began = take_snapshot(self._stack.supervisor.list_pids()), time.monotonic()
        await self._publish(persons)
        count = len(persons)
        await eventually(self._count_handed, lambda n: n >= handed_before + count, DRAINED_S)
        per_s = count / (time.monotonic() - began)

        async def count_delivered() -> int:
            return int(await self._notices.count_documents({"state": "delivered"}))

        await eventually(count_delivered, lambda n: n >= delivered_before + count, DRAINED_S)
        spent = compute_spent(before, take_snapshot(self._stack.supervisor.list_pids())).ms_each(
            count
        )
        return _Told(Pace(per_s, spent["notify"]), spent)

    async def run_bare(self) -> Pace:
        settings = NotifySettings(secrets_dir=self._stack.secrets_dir)
        key = self._keyring.reveal_provider_secret(
            settings.tencent_secret_key, "tencent.secret_key"
        )
        url, calls = f"{self._stack.urls['simulators']}/", str(self._load.calls)
        arguments = (url, key, calls, TEMPLATES[PURPOSE].sms_id, str(self._load.notices // 2))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.bare_notices", *arguments),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        return Pace(**json.loads(output))

    async def _publish(self, persons: Sequence[str]) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._stack.kafka_bootstrap, acks="all", max_batch_size=256_000
        )
        await producer.start()
        for person in persons:
            fact = make_opened().model_copy(update={"person_id": person})
            subject = f"R-{uuid4().hex[:20]}"
            event = build_cloud_event(
                source="/intake",
                subject=subject,
                sequence=1,
                time=datetime.now(UTC),
                data=fact,
                correlation_id="C-1",
                causation_id="",
                traceparent="",
            )
            value = encode(event)
            signature = self._keyring.sign_record("/intake", fact.TOPIC, value)
            await producer.send(
                fact.TOPIC, value, key=subject.encode(), headers=[(SIGNATURE_HEADER, signature)]
            )
        await producer.flush()
        await producer.stop()

    async def _count_handed(self) -> int:
        handed = {"attempts.outcome": {"$in": ["sent"]}}
        return int(await self._notices.count_documents(handed))


def print_notices(row: NoticesRow, console: Console) -> None:
    table = Table("notices", "Guanjia", "bare", "ratio", "aim")
    ratio = row.ours.per_s / row.bare.per_s
    rates = (f"{row.ours.per_s:,.0f}", f"{row.bare.per_s:,.0f}")
    table.add_row("handed a second", *rates, f"{ratio:.2f}", f"{RATIO_AIM:.1f}")
    cpu = (f"{row.ours.cpu_ms:.2f}", f"{row.bare.cpu_ms:.2f}")
    table.add_row("CPU ms each, of the sender", *cpu, "", f"{CPU_MS_AIM:.1f}")
    for name, ms in sorted(row.processes.items()):
        table.add_row(f"CPU ms each, {name}", f"{ms:.2f}", "", "", "")
    console.print(table)
    console.print(f"At {ANSWER_S * 1000:.0f} ms an answer no more than {row.in_flight_max:,.0f}/s.")
