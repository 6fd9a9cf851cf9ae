"""From raw records and commands to items that can be decided: parse, check, route. No I/O."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.contracts import topics
from shared.contracts.envelope import (
    Envelope,
    Event,
    Fact,
    content_digest,
    parse_envelope,
    parse_event,
)
from shared.contracts.events import BY_TYPE
from shared.contracts.values import Value
from shared.errors import Invalid, Problem
from shared.ids import cause_id
from shared.messages import BUG, SEQUENCE_MISSING, TYPE_UNKNOWN, UNREADABLE
from shared.messaging.decision import AnyRef, Command, Handler
from shared.security import SIGNATURE_HEADER, Keyring

AnyHandler = Handler[Any]
AnyInput = Event[Any] | Command[Any]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as the broker gave it; nothing about it is believed yet."""

    cluster: str
    topic: str
    partition: int
    offset: int
    value: bytes
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide.

    stream and sequence: place among a subject's own events. origin: a foreign event's source and
    id. key and digest: what the processor tells repetitions by.
    refs: the aggregates it touches. problems: why it can never be decided; `traceback` marks a bug.
    dead_letter: the dead letter this replays or discards.
    """

    incoming: Incoming | None = None
    input: AnyInput | None = None
    handler: AnyHandler | None = None
    stream: str = ""
    sequence: int = 0
    key: str = ""
    digest: bytes = b""
    refs: tuple[AnyRef, ...] = ()
    problems: tuple[Problem, ...] = ()
    traceback: str = ""
    subject: str = ""
    origin: str = ""
    dead_letter: str = ""
    discard: bool = False

    @property
    def correlation_id(self) -> str:
        return self.cause[0] if self.input else ""

    @property
    def cause(self) -> tuple[str, str, str]:
        """Correlation id, causation id and traceparent for the events this leads to."""
        if isinstance(self.input, Event) and self.origin:
            known_as = _cause_of(self.origin)
            return known_as, known_as, self.input.traceparent
        if isinstance(self.input, Event):
            return self.input.correlation_id, self.input.id, self.input.traceparent
        assert isinstance(self.input, Command)
        command = self.input
        known_as = _cause_of(command.key) if command.key else ""
        correlation = command.correlation_id or known_as
        return correlation, command.causation_id or known_as, command.traceparent

    @property
    def place(self) -> str:
        """Stable name of what it is, the id of its dead letter."""
        if self.stream:
            return f"{self.stream}|{self.sequence}"
        if self.origin:
            return f"{self.origin}|{self.digest.hex()}"
        assert self.incoming is not None
        i = self.incoming
        return f"{i.cluster}|{i.topic}|{i.partition}|{i.offset}"


@dataclass(frozen=True, slots=True)
class Routes:
    """What a service understands."""

    events: Mapping[type[Fact], AnyHandler]
    commands: Mapping[type[Value], AnyHandler]


class Inbox:
    """Turns records and commands into items; never raises on a record."""

    def __init__(self, routes: Routes, keyring: Keyring) -> None:
        self._routes = routes
        self._keyring = keyring
        self._digest_key = keyring.derived("digests")

    def record(self, incoming: Incoming, *, trusted: bool = False) -> Item:
        """trusted: it comes from our own parked or dead letters, where it was checked before."""
        try:
            return self._parse(incoming, trusted)
        except Invalid as invalid:
            return Item(incoming=incoming, problems=invalid.problems)
        except Exception as error:
            problem = UNREADABLE.problem(name=type(error).__name__)
            return Item(incoming=incoming, problems=(problem,))

    def command(self, command: Command[Any]) -> Item:
        handler = self._routes.commands[type(command.data)]
        digest = self._digest(command.data) if command.key else b""
        item = Item(input=command, handler=handler, key=command.key, digest=digest)
        return _touching(item)

    def _digest(self, data: Value) -> bytes:
        """The same for a fact that came by HTTP and by a topic."""
        name = data.TYPE if isinstance(data, Fact) else type(data).__name__
        content = json.dumps([name, data.model_dump(mode="json")], sort_keys=True)
        return content_digest(content.encode(), self._digest_key)

    def _parse(self, incoming: Incoming, trusted: bool) -> Item:
        envelope = parse_envelope(incoming.value)
        if not trusted:
            self._keyring.check_record(
                envelope.source, incoming.topic, incoming.value, incoming.signature
            )
        foreign = topics.BY_NAME[incoming.topic].producer == "outside"
        item = self._foreign(incoming, envelope) if foreign else _own(incoming, envelope)
        try:
            return self._typed(item, envelope)
        except Invalid as invalid:
            return replace(item, problems=invalid.problems)

    def _foreign(self, incoming: Incoming, envelope: Envelope) -> Item:
        """The digest is of its bytes until it is known to be a fact."""
        identity = f"{envelope.source}|{envelope.id}"
        return Item(
            incoming=incoming,
            origin=identity,
            key=identity,
            digest=content_digest(incoming.value, self._digest_key),
            subject=envelope.subject,
        )

    def _typed(self, item: Item, envelope: Envelope) -> Item:
        fact = BY_TYPE.get(envelope.type)
        handler = self._routes.events.get(fact) if fact else None
        if fact is None or handler is None:
            if item.stream:
                return item  # not for us, yet its place in the sequence counts
            raise TYPE_UNKNOWN.invalid("type", type=envelope.type)
        event = parse_event(envelope, fact)
        digest = self._digest(event.data) if item.key else item.digest
        key = "" if handler.own_identity else item.key
        return _touching(replace(item, input=event, handler=handler, key=key, digest=digest))


def _touching(item: Item) -> Item:
    """With what the handler's `prepare` and `touches` say; a bug in them is its event's bug."""
    assert item.handler is not None
    handler, given = item.handler, item.input
    try:
        prepared = handler.prepare(given) if handler.prepare else given
        refs = tuple(handler.touches(prepared)) if handler.touches else ()
        return replace(item, input=prepared, refs=refs)
    except Invalid as invalid:
        return replace(item, problems=invalid.problems)
    except Exception as bug:
        return replace(item, problems=(bug_problem(bug),), traceback=traceback_of(bug))


def bug_problem(bug: Exception) -> Problem:
    return BUG.problem(name=type(bug).__name__)


def traceback_of(bug: Exception) -> str:
    return "".join(traceback.format_exception(bug))


def _cause_of(identity: str) -> str:
    """`source|id`, as a foreign event or a caller's key has it, by the name our events give it."""
    source, _, message_id = identity.partition("|")
    return cause_id(source, message_id)


def _own(incoming: Incoming, envelope: Envelope) -> Item:
    if not envelope.sequence or not envelope.subject:
        raise SEQUENCE_MISSING.invalid()
    return Item(
        incoming=incoming,
        stream=f"{envelope.source}|{envelope.subject}",
        sequence=int(envelope.sequence),
        subject=envelope.subject,
    )


def incoming_of(record: Any, cluster: str) -> Incoming:
    """An aiokafka ConsumerRecord; its headers are read here only, byte for byte."""
    signature = next((v for k, v in record.headers if k == SIGNATURE_HEADER), None)
    return Incoming(
        cluster=cluster,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        value=record.value or b"",
        signature=signature,
    )
