"""Our own events as they go out: encoded, within their trace; and the notice of a dead letter."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

import orjson

from shared.contracts import topics
from shared.contracts.envelope import build_cloud_event
from shared.contracts.events import DeadLetterStored
from shared.messaging.changes import DeadLetter, Outgoing

TRACE_CONTEXT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_parent(cause: str, correlation_id: str, span: str) -> str:
    """W3C trace context: one trace from the first channel event on, one span an event.

    Derived, so that deciding stays pure: a batch decided again says the same.
    """
    parent = TRACE_CONTEXT.fullmatch(cause)
    trace = parent.group(1) if parent else _format_hex(correlation_id, 16)
    return f"00-{trace}-{_format_hex(span, 8)}-01"


def _format_hex(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


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
