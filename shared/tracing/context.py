"""Ids of traces and spans, W3C's `traceparent`, and for whom this task works at the moment."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_RANDOM_HALF = 2**64


@dataclass(frozen=True, slots=True)
class TraceContext:
    """trace_id, span_id: lower-case hex of 16 and 8 bytes; span_id empty: no span of it yet."""

    trace_id: str
    span_id: str = ""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which traces are exported. bound: of the lower half of a trace's id, as OpenTelemetry's
    TraceIdRatioBased has it: each service answers alike without asking another."""

    bound: int

    def takes(self, trace_id: str) -> bool:
        return int(trace_id, 16) % _RANDOM_HALF < self.bound

    def find_span(self, correlation_id: str, event_id: str) -> TraceContext | None:
        """In which an event is made; None where it is not exported."""
        trace_id = derive_trace_id(correlation_id)
        return TraceContext(trace_id, derive_span_id(event_id)) if self.takes(trace_id) else None


def derive_trace_id(correlation_id: str) -> str:
    return hash_to_hex(correlation_id, 16)


def derive_span_id(event_id: str) -> str:
    """Of the span in which an event is made: whoever has the event knows it."""
    return hash_to_hex(event_id, 8)


def hash_to_hex(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def format_traceparent(context: TraceContext) -> str:
    return f"00-{context.trace_id}-{context.span_id}-01"


def parse_traceparent(text: str) -> TraceContext | None:
    """None where it is not as W3C's trace context says."""
    match = TRACEPARENT.fullmatch(text)
    if match is None or match[1] == _NO_TRACE or match[2] == _NO_SPAN:
        return None
    return TraceContext(match[1], match[2])


# --- for whom this task works ---------------------------------------------------------------------

_followed: ContextVar[tuple[str, ...] | TraceContext] = ContextVar("followed", default=())


@contextmanager
def follow(followed: Sequence[str] | TraceContext) -> Iterator[None]:
    """Calls made within are spans of these requests (correlation ids), or of the caller's trace."""
    token = _followed.set(followed if isinstance(followed, TraceContext) else tuple(followed))
    try:
        yield
    finally:
        _followed.reset(token)


def find_followed(sampling: Sampling) -> TraceContext | None:
    """The first that is sampled: one call may be for many requests, and is a span of one trace."""
    followed = _followed.get()
    if isinstance(followed, TraceContext):
        return followed if sampling.takes(followed.trace_id) else None
    trace_ids = map(derive_trace_id, followed)
    return next((TraceContext(id_) for id_ in trace_ids if sampling.takes(id_)), None)
