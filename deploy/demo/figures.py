"""The figures of the four services at one moment, of the topics and of the public log."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.clients import Clients
from services.audit.ledger.balances import list_totals
from services.audit.ledger.replay import replay
from services.audit.ledger.verification import verify_log
from services.audit.tlog.checkpoint import format_root
from shared.contracts.topics import TOPICS
from shared.documents import Document

SERVICES = ("intake", "matching", "notify", "audit")
UNDER_WAY = ("proposed", "accepted", "committed", "delivered")
NOT_YET_SENT = ("created", "sending", "retry")
READ_MS = 300

Json = Document


@dataclass(frozen=True, slots=True)
class Figures:
    """Each service's summary."""

    intake: Json
    matching: Json
    notify: Json
    audit: Json

    def count_matches(self, *states: str) -> int:
        return sum(self.matching["matches"]["by_state"].get(s, 0) for s in states)

    def sum_fen(self, *states: str) -> int:
        by_state = self.matching["matches"]["by_unit"].get("fen", {})
        return sum(by_state.get(s, {}).get("quantity", 0) for s in states)

    def count_requests(self, *states: str) -> int:
        return sum(self.intake["requests"]["by_state"].get(s, 0) for s in states)

    def count_notices(self, *states: str) -> int:
        return sum(self.notify["by_outcome"].get(s, 0) for s in states)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way; a receipt that never comes leaves a notice `sent`."""
        return (
            self.count_matches(*UNDER_WAY) == 0
            and self.count_requests("recorded") == 0
            and self.audit["payable_fen"] == 0
            and self.count_notices(*NOT_YET_SENT) == 0
        )


async def read_figures(clients: Clients) -> Figures:
    return Figures(**await _get_from_all(clients, "/summary"))


@dataclass(frozen=True, slots=True)
class Health:
    """By service: dead letters open, outbox documents unpublished; the simulators' counters."""

    dead_letters: dict[str, int]
    outbox: dict[str, int]
    counters: dict[str, int]


async def read_health(clients: Clients) -> Health:
    letters, outbox, counters = await asyncio.gather(
        _get_from_all(clients, "/dead-letters", limit=1000),
        _get_from_all(clients, "/outbox"),
        clients.open("simulators").get("/simulator/counters"),
    )
    return Health(
        dead_letters={name: len(rows) for name, rows in letters.items()},
        outbox={name: row["waiting"] for name, row in outbox.items()},
        counters=counters,
    )


async def _get_from_all(clients: Clients, path: str, **params: Any) -> Document:
    requests = (clients.open(name, "operator").get(path, **params) for name in SERVICES)
    return dict(zip(SERVICES, await asyncio.gather(*requests), strict=True))


@dataclass(frozen=True, slots=True)
class ReplayedLog:
    """size, root, totals by fund: from the published files alone. broken: what is wrong."""

    size: int
    root: str
    funds: dict[str, dict[str, int]]
    broken: str


def replay_log(log_dir: str, vkey: str) -> ReplayedLog:
    """Blocking."""
    report = verify_log(log_dir, vkey)
    ledger = replay(Path(log_dir))
    checkpoint = report.checkpoint
    return ReplayedLog(
        size=ledger.entries,
        root=format_root(checkpoint.root) if checkpoint else "",
        funds={id_: list_totals(book) for id_, book in ledger.books.funds.items()},
        broken=str(report.broken or ""),
    )


async def read_events(bootstrap: str) -> list[Document]:
    """The distinct events of all topics, from their start until nothing more comes."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(t.name, p) for t in TOPICS for p in range(t.partitions)]
        consumer.assign(partitions)
        end = await consumer.end_offsets(partitions)
        events: dict[tuple[str, str, str], Document] = {}
        while True:
            batches = await consumer.getmany(timeout_ms=READ_MS)
            for record in chain.from_iterable(batches.values()):
                if event := _parse_event(record.value):
                    events.setdefault((event["type"], event["source"], event["id"]), event)
            if not batches and all([await consumer.position(p) >= end[p] for p in partitions]):
                return list(events.values())
    finally:
        await consumer.stop()


def _parse_event(value: bytes) -> Document | None:
    """None where it is no event."""
    try:
        event: Document = json.loads(value)
    except ValueError:
        return None
    return event if {"type", "source", "id"} <= event.keys() else None


def count_types(events: Iterable[Document]) -> Counter[str]:
    return Counter(event["type"] for event in events)
