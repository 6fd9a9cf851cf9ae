"""Hands spans to OpenTelemetry, which sends them in batches from a thread of its own.

The collector may be away: what does not fit into the queue is dropped, and nobody waits for it.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Sequence

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from shared.messaging.changes import Changes, Snapshot
from shared.messaging.inbox import Item
from shared.settings import Settings
from shared.tracing.batches import Span, list_spans
from shared.tracing.context import Sampling, TraceContext

log = structlog.get_logger()

EXPORT_EVERY_MS = 1000
EXPORT_S_MAX = 5.0
QUEUE_MAX = 4096
CLOSE_S_MAX = 1.0
_KINDS = {kind.name.lower(): kind for kind in SpanKind}


class _GivenIds(IdGenerator):
    """Ids are derived from the events', so that other services know them; set before each span."""

    trace_id = span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def make_span_id() -> str:
    return secrets.token_hex(8)


class Tracer:
    """Of one process; used from its event loop alone. now_ns: nanoseconds since 1970, UTC."""

    def __init__(
        self, settings: Settings, service: str, now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.sampling = Sampling(TraceIdRatioBased.get_bound_for_rate(settings.traces_share))
        self.now_ns = now_ns
        self._ids = _GivenIds()
        names = {"service.namespace": "guanjia", "service.name": service}
        if settings.instance_id:
            names["service.instance.id"] = settings.instance_id
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # what comes here was chosen before
            resource=Resource(names),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        exporter = OTLPSpanExporter(endpoint=settings.traces_url, timeout=EXPORT_S_MAX)
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter, max_queue_size=QUEUE_MAX, schedule_delay_millis=EXPORT_EVERY_MS
            )
        )
        self._tracer = self._provider.get_tracer("guanjia")

    def record_batch(
        self, items: Sequence[Item], snapshot: Snapshot, changes: Changes, started_ns: int
    ) -> None:
        """After its commit; what fails here must not make anybody decide it again."""
        try:
            self.record(
                list_spans((items, snapshot, changes), self.sampling, make_span_id), started_ns
            )
        except Exception:
            log.exception("trace_failed")

    def record(self, spans: Sequence[Span], started_ns: int) -> None:
        """Those that end now. An event is made at the end of what made it."""
        ended_ns = self.now_ns()
        for span in spans:
            self._record(span, ended_ns if span.kind == "producer" else started_ns, ended_ns)

    def _record(self, span: Span, started_ns: int, ended_ns: int) -> None:
        self._ids.trace_id = int(span.context.trace_id, 16)
        self._ids.span_id = int(span.context.span_id, 16)
        parent = TraceContext(span.context.trace_id, span.parent) if span.parent else None
        recorded = self._tracer.start_span(
            span.name,
            context=_make_parent(parent) if parent else Context(),
            kind=_KINDS[span.kind],
            attributes=span.attributes,
            links=[Link(_make_context(span.link))] if span.link else [],
            start_time=started_ns,
        )
        if span.failed:
            recorded.set_status(Status(StatusCode.ERROR))
        recorded.end(ended_ns)

    async def close(self) -> None:
        """Waits a moment for a collector that is slow; the thread ends with the process."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_S_MAX)


def _make_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _make_parent(context: TraceContext) -> Context:
    return set_span_in_context(NonRecordingSpan(_make_context(context)), Context())
