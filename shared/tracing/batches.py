"""A batch as spans: one for each item that was decided, one for each event that came of it. Pure.

In a trace of many days each act of a person begins anew: its span has no parent. What an event led
to has the event's span as its parent, which the event names by its `traceparent`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from shared.contracts.envelope import Event
from shared.documents import Document
from shared.messaging.changes import Changes, Outgoing, Snapshot
from shared.messaging.decision import Command
from shared.messaging.inbox import Item
from shared.tracing.context import Sampling, TraceContext, derive_trace_id, parse_traceparent

Kind = Literal["internal", "server", "client", "producer", "consumer"]
NOT_WORKED = frozenset({"parked", "repeated"})
FAILED = frozenset({"bug", "dead_letter"})


@dataclass(frozen=True, slots=True)
class Span:
    """parent: its span's id, empty where there is none. link: a trace of somebody else."""

    name: str
    kind: Kind
    context: TraceContext
    parent: str = ""
    link: TraceContext | None = None
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """An item that a batch decided. result: as its `Result` has it."""

    item: Item
    result: str


_Place = tuple[str, str]
"""(causation id, trace id): what made some events, and in which trace."""


def list_spans(
    batch: tuple[Sequence[Item], Snapshot, Changes],
    sampling: Sampling,
    make_span_id: Callable[[], str],
) -> list[Span]:
    """batch: what was decided, what was loaded for it, and what was written."""
    items, snapshot, changes = batch
    events = _group_events(changes.outgoing)
    worked = list(_list_worked(items, snapshot, changes))
    by_cause = {each.item.cause[1]: each for each in worked}
    places: dict[_Place, Worked | None] = {}
    for each in worked:
        trace_id = derive_trace_id(each.item.followed_id)
        if each.item.followed_id and sampling.takes(trace_id):
            places[each.item.cause[1], trace_id] = each
    for causation, trace_id in events:
        places.setdefault((causation, trace_id), by_cause.get(causation))
    spans = []
    for place, decided in places.items():
        span = _describe_item(TraceContext(place[1], make_span_id()), decided)
        spans.append(span)
        spans += [_describe_event(event, span.context.span_id) for event in events.get(place, ())]
    return spans


def _group_events(outgoing: Sequence[Outgoing]) -> dict[_Place, list[Document]]:
    events: dict[_Place, list[Document]] = defaultdict(list)
    for record in outgoing:
        if record.trace_id:
            event = orjson.loads(record.value) | {"topic": record.topic}
            events[event["causationid"], record.trace_id].append(event)
    return events


def _list_worked(items: Sequence[Item], snapshot: Snapshot, changes: Changes) -> Iterator[Worked]:
    """Those of the batch, and those that had waited for one of them."""
    for item, result in zip(items, changes.results, strict=False):
        if result.kind not in NOT_WORKED:
            yield Worked(item, result.kind)
        elif result.kind == "parked" and item.sequence <= changes.sequences.get(item.stream, 0):
            yield Worked(item, "applied")
    for stream, sequence in sorted(changes.unparked):
        waited = snapshot.parked.get(stream, {}).get(sequence)
        if waited is not None:
            yield Worked(waited, "applied")


def _describe_item(context: TraceContext, worked: Worked | None) -> Span:
    """worked: None where several commands without a cause were decided together."""
    if worked is None or worked.item.input is None:
        return Span("decide", "internal", context)
    item, content = worked.item, worked.item.input
    caller = parse_traceparent(content.traceparent)
    is_ours = caller is not None and caller.trace_id == context.trace_id
    is_event, name = isinstance(content, Event), _name_input(content)
    attributes = {"guanjia.result": worked.result}
    if item.followed_id:
        attributes["guanjia.correlation_id"] = item.followed_id
    return Span(
        f"{'process' if is_event else 'decide'} {name}",
        "consumer" if is_event else "internal",
        context,
        parent=caller.span_id if caller and is_ours else "",
        link=None if is_ours else caller,
        attributes=attributes | (_describe_cause(item, name) if is_event else {}),
        failed=worked.result in FAILED,
    )


def _name_input(content: Event[Any] | Command[Any]) -> str:
    """By its type, or as what it was prepared to."""
    return str(getattr(content.data, "TYPE", type(content.data).__name__))


def _describe_cause(item: Item, name: str) -> dict[str, str]:
    """An id or a subject of outside may be somebody's phone."""
    incoming, event = item.incoming, item.input
    assert incoming is not None
    assert isinstance(event, Event)
    ids = {} if item.origin else {"event_id": event.id, "event_subject": event.subject}
    fields = {"event_source": event.source, "event_type": name, **ids}
    topic = {"messaging.system": "kafka", "messaging.destination.name": incoming.topic}
    return topic | {f"cloudevents.{key}": value for key, value in fields.items()}


def _describe_event(event: Document, parent: str) -> Span:
    context = parse_traceparent(event["traceparent"])
    assert context is not None, "a sampled event names its span"
    fields = {f"event_{name}": event[name] for name in ("id", "source", "type", "subject")}
    return Span(
        f"create {event['type']}",
        "producer",
        context,
        parent=parent,
        attributes={
            "guanjia.correlation_id": event["correlationid"],
            "messaging.system": "kafka",
            "messaging.destination.name": event["topic"],
        }
        | {f"cloudevents.{name}": value for name, value in fields.items()},
    )
