"""What the four services say at one moment, and what the topics and the public log say."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.desks import Desks
from services.audit.ledger.balances import totals
from services.audit.ledger.replay import replay
from services.audit.ledger.verification import verify_log
from services.audit.tlog.checkpoint import root_text
from shared.contracts.topics import TOPICS

SERVICES = ("intake", "matching", "notify", "audit")
UNDER_WAY = ("proposed", "accepted", "committed", "delivered")
NOT_YET_TOLD = ("created", "sending", "retry")
READ_MS = 300

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Each service's summary."""

    intake: Said
    matching: Said
    notify: Said
    audit: Said

    def matches(self, *states: str) -> int:
        return sum(self.matching["matches"]["by_state"].get(s, 0) for s in states)

    def fen(self, *states: str) -> int:
        by_state = self.matching["matches"]["by_unit"].get("fen", {})
        return sum(by_state.get(s, {}).get("quantity", 0) for s in states)

    def requests(self, *states: str) -> int:
        return sum(self.intake["requests"]["by_state"].get(s, 0) for s in states)

    def notices(self, *states: str) -> int:
        return sum(self.notify["by_outcome"].get(s, 0) for s in states)

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way; a receipt that never comes leaves a notice `sent`."""
        return (
            self.matches(*UNDER_WAY) == 0
            and self.requests("recorded") == 0
            and self.notices(*NOT_YET_TOLD) == 0
        )


async def look(desks: Desks) -> Figures:
    return Figures(**await _each(desks, "/summary"))


@dataclass(frozen=True, slots=True)
class Health:
    """By service: dead letters open, outbox documents unpublished; the simulators' counters."""

    dead_letters: dict[str, int]
    outbox: dict[str, int]
    counters: dict[str, int]


async def look_at_health(desks: Desks) -> Health:
    letters, outbox, counters = await asyncio.gather(
        _each(desks, "/dead-letters", limit=1000),
        _each(desks, "/outbox"),
        desks.at("simulators").get("/simulator/counters"),
    )
    return Health(
        dead_letters={name: len(found) for name, found in letters.items()},
        outbox={name: found["waiting"] for name, found in outbox.items()},
        counters=counters,
    )


async def _each(desks: Desks, path: str, **params: Any) -> dict[str, Any]:
    asked = (desks.at(name, "operator").get(path, **params) for name in SERVICES)
    return dict(zip(SERVICES, await asyncio.gather(*asked), strict=True))


@dataclass(frozen=True, slots=True)
class Replayed:
    """size, root, totals by fund: from the published files alone. broken: what is wrong."""

    size: int
    root: str
    funds: dict[str, dict[str, int]]
    broken: str


def replayed(log_dir: str, vkey: str) -> Replayed:
    """Blocking."""
    report = verify_log(log_dir, vkey)
    found = replay(Path(log_dir))
    checkpoint = report.checkpoint
    return Replayed(
        size=found.entries,
        root=root_text(checkpoint.root) if checkpoint else "",
        funds={id_: totals(book) for id_, book in found.books.funds.items()},
        broken=str(report.broken or ""),
    )


async def count_events(bootstrap: str) -> Counter[str]:
    """Distinct events by type, over all topics, from their start until nothing more comes."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(t.name, p) for t in TOPICS for p in range(t.partitions)]
        consumer.assign(partitions)
        end = await consumer.end_offsets(partitions)
        seen: set[tuple[str, str, str]] = set()
        while True:
            found = await consumer.getmany(timeout_ms=READ_MS)
            for records in found.values():
                seen.update(_identity(record.value) for record in records)
            if not found and all([await consumer.position(p) >= end[p] for p in partitions]):
                return Counter(kind for kind, _, _ in seen)
    finally:
        await consumer.stop()


def _identity(value: bytes) -> tuple[str, str, str]:
    try:
        event = json.loads(value)
        return event["type"], event["source"], event["id"]
    except (ValueError, KeyError, TypeError):
        return "", "", ""
