"""Metrics (Prometheus), and one log line an event that carries its correlation id."""

from collections.abc import Iterable
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge, Histogram

log = structlog.get_logger()

ITEMS = Counter("guanjia_items_total", "records and commands worked", ["service", "result"])
CONFLICTS = Counter("guanjia_conflicts_total", "batches decided again", ["service"])
BATCH_SECONDS = Histogram(
    "guanjia_batch_seconds",
    "load, decide and commit one batch",
    ["service"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
OUTBOX_WAITING = Gauge("guanjia_outbox_waiting", "documents not yet published", ["service"])
GAPS_OPEN = Gauge("guanjia_sequence_gaps", "subjects whose gap is open too long", ["service"])
DEAD_LETTERS_OPEN = Gauge("guanjia_dead_letters_open", "dead letters nobody settled", ["service"])


class Emitted(Protocol):
    @property
    def topic(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def correlation_id(self) -> str: ...


def log_emitted(service: str, outgoing: Iterable[Emitted]) -> None:
    """The correlation id leads from the first channel event to the last notification."""
    for record in outgoing:
        log.info(
            "event_emitted",
            service=service,
            topic=record.topic,
            event_id=record.id,
            correlation_id=record.correlation_id,
        )
