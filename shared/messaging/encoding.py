"""Our own events as they go out: encoded, within their trace; and the notice of a dead letter."""

from collections.abc import Mapping
from datetime import datetime

import orjson

from shared.contracts import topics
from shared.contracts.envelope import Fact, build_cloud_event, format_event_id
from shared.contracts.events import DeadLetterStored
from shared.messaging.changes import DeadLetter, Outgoing
from shared.messaging.decision import State
from shared.messaging.inbox import Item
from shared.tracing.context import (
    TRACEPARENT,
    Sampling,
    derive_span_id,
    derive_trace_id,
    format_traceparent,
)


def trace_parent(cause: str, correlation_id: str, span: str) -> str:
    """W3C trace context of an event that no span is exported of: one trace from the first channel
    event on, one span an event.

    Derived, so that deciding stays pure: a batch decided again says the same.
    """
    parent = TRACEPARENT.fullmatch(cause)
    trace = parent.group(1) if parent else derive_trace_id(correlation_id)
    return f"00-{trace}-{derive_span_id(span)}-01"


def build_outgoing(
    item: Item,
    place: tuple[str, State, int],
    fact: Fact,
    now: datetime,
    sampling: Sampling | None = None,
) -> Outgoing:
    """What a decision on the item emits. place: source, the aggregate that speaks, sequence."""
    source, aggregate, sequence = place
    correlation, causation, caller = item.cause
    correlation_id = aggregate.correlation_id or correlation
    event_id = format_event_id(source, aggregate.id, sequence)
    span = sampling and sampling.find_span(item.followed_id or correlation_id, event_id)
    unexported = trace_parent(caller, correlation_id, f"{aggregate.id}:{sequence}")
    event = build_cloud_event(
        source=source,
        subject=aggregate.id,
        sequence=sequence,
        time=now,
        data=fact,
        correlation_id=correlation_id,
        causation_id=causation,
        traceparent=format_traceparent(span) if span else unexported,
    )
    trace_id = span.trace_id if span else ""
    return Outgoing(fact.TOPIC, aggregate.id, encode(event), event_id, correlation_id, trace_id)


def encode(event: Mapping[str, object]) -> bytes:
    """Without spaces, in UTF-8."""
    return orjson.dumps(event)


def build_dead_letter_notice(source: str, id_: str, letter: DeadLetter, now: datetime) -> Outgoing:
    """Tells the operators' topic: ids only, the content stays with the service."""
    assert letter.item.incoming is not None
    fact = DeadLetterStored(
        service=source.removeprefix("/"),
        topic=letter.item.incoming.topic,
        reason=letter.problems[0].code,
    )
    event = build_cloud_event(
        source=source,
        subject=id_,
        sequence=1,
        time=now,
        data=fact,
        correlation_id=letter.item.correlation_id or id_,
        causation_id=id_,
        traceparent="",
    )
    return Outgoing(topics.DEAD_LETTERS, id_, encode(event))
