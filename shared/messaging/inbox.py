"""From raw records and commands to items that can be decided: parse, check, route. No I/O."""

import json
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from shared.contracts import topics
from shared.contracts.envelope import (
    Envelope,
    Event,
    Fact,
    digest_content,
    parse_envelope,
    parse_event,
)
from shared.contracts.events import BY_TYPE
from shared.contracts.values import Value
from shared.errors import Invalid, Problem
from shared.ids import derive_cause_id
from shared.messages import BUG, SEQUENCE_MISSING, TYPE_UNKNOWN, UNREADABLE
from shared.messaging.decision import AnyHandler, Command
from shared.security import SIGNATURE_HEADER, Keyring
from shared.strictness import read_json

AnyInput = Event | Command

_UNLISTED = "（未列出 unlisted）"
"""Instead of a type that is none of ours: what is written there may be a phone."""

_encode_sorted = json.JSONEncoder(sort_keys=True).encode
"""Digests are of this spelling: what was stored by an earlier release is compared with it."""


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
    id. key and digest: what the processor tells repetitions by; both are keyed digests, since an id
    of outside may be somebody's phone. written_key: as keys were stored before they were digests.
    problems: why it can never be decided; `traceback` marks a bug.
    dead_letter: the dead letter this replays or discards.
    sender: the source that is told what became of it, where it is known; message_id: its own id of
    it, where it proved to be the sender.
    """

    incoming: Incoming | None = None
    input: AnyInput | None = None
    handler: AnyHandler | None = None
    stream: str = ""
    sequence: int = 0
    key: str = ""
    written_key: str = ""
    digest: bytes = b""
    problems: tuple[Problem, ...] = ()
    traceback: str = ""
    subject: str = ""
    origin: str = ""
    dead_letter: str = ""
    discard: bool = False
    sender: str = ""
    message_id: str = ""

    @property
    def correlation_id(self) -> str:
        return self.cause[0] if self.input else ""

    @property
    def cause(self) -> tuple[str, str, str]:
        """Correlation id, causation id and traceparent for the events this leads to."""
        if self.origin:
            cause = _derive_cause(self.origin)
            return cause, cause, self.input.traceparent if self.input else ""
        if isinstance(self.input, Event):
            return self.input.correlation_id, self.input.id, self.input.traceparent
        command = self.input
        if command is None:
            return "", "", ""
        cause = _derive_cause(command.key) if command.key else ""
        correlation = command.correlation_id or cause
        return correlation, command.causation_id or cause, command.traceparent

    @property
    def followed_id(self) -> str:
        """The correlation id in whose trace it is worked. Empty for a person's act: it has an id of
        its own, and is seen in the traces of what it changes."""
        if isinstance(self.input, Command):
            return self.input.correlation_id
        return self.correlation_id

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
        self._digest_key = keyring.derive_identity_key("digests")

    def parse_record(self, incoming: Incoming, *, trusted: bool = False) -> Item:
        """trusted: it comes from our own parked or dead letters, where it was checked before."""
        try:
            return self._parse(incoming, trusted)
        except Invalid as invalid:
            problems = invalid.problems
        except Exception as error:
            problems = (UNREADABLE.problem(name=type(error).__name__),)
        sender, message_id = self._find_sender(incoming)
        return Item(incoming=incoming, problems=problems, sender=sender, message_id=message_id)

    def _find_sender(self, incoming: Incoming) -> tuple[str, str]:
        """Of what is no event. He is told by its place alone where he did not prove to be it."""
        source, message_id = read_sender(incoming.value)
        credential = self._keyring.find_credential(source) if source else None
        if credential is None or credential.source != source:
            return "", ""
        try:
            self._keyring.check_record(source, incoming.topic, incoming.value, incoming.signature)
        except Invalid:
            message_id = ""
        return source, message_id

    def make_item(self, command: Command) -> Item:
        handler = self._routes.commands[type(command.data)]
        digest = self._digest(command.data) if command.key else b""
        key = self._derive_key(command.key)
        item = Item(input=command, handler=handler, key=key, written_key=command.key, digest=digest)
        changes = _prepare(handler, command)
        return replace(item, **changes) if changes else item

    def _derive_key(self, written: str) -> str:
        """Of `source|id`: the source stays readable, the id does not. Empty of an empty one."""
        if not written:
            return ""
        source, _, id_ = written.partition("|")
        return f"{source}|{digest_content(id_.encode(), self._digest_key).hex()}"

    def _digest(self, data: Value) -> bytes:
        """The same for a fact that came by HTTP and by a topic."""
        name = data.TYPE if isinstance(data, Fact) else type(data).__name__
        content = _encode_sorted([name, data.model_dump(mode="json")])
        return digest_content(content.encode(), self._digest_key)

    def _parse(self, incoming: Incoming, trusted: bool) -> Item:
        envelope = parse_envelope(incoming.value)
        if not trusted:
            self._keyring.check_record(
                envelope.source, incoming.topic, incoming.value, incoming.signature
            )
        foreign = topics.BY_NAME[incoming.topic].producer == "outside"
        make_item = self._make_foreign_item if foreign else _make_own_item
        item = make_item(incoming, envelope)
        try:
            return self._parse_data(item, envelope)
        except Invalid as invalid:
            return replace(item, problems=invalid.problems)

    def _make_foreign_item(self, incoming: Incoming, envelope: Envelope) -> Item:
        """The digest is of its bytes until it is known to be a fact. Its subject is what somebody
        wrote there, perhaps a name: it stands in the sealed content alone."""
        identity = f"{envelope.source}|{envelope.id}"
        return Item(
            incoming=incoming,
            origin=identity,
            key=self._derive_key(identity),
            written_key=identity,
            digest=digest_content(incoming.value, self._digest_key),
            sender=envelope.source,
            message_id=envelope.id,
        )

    def _parse_data(self, item: Item, envelope: Envelope) -> Item:
        if item.origin:
            read_json(_get_value(item))
        fact = BY_TYPE.get(envelope.type)
        # Who may write to a topic speaks of what travels there, and of nothing else: a partner's
        # key signs no event of ours.
        if fact and item.incoming and item.incoming.topic != fact.TOPIC:
            raise TYPE_UNKNOWN.invalid("type", type=envelope.type)
        handler = self._routes.events.get(fact) if fact else None
        if fact is None or handler is None:
            if fact and fact.IS_ONLY_EVENT and item.sequence == 1:
                return replace(item, stream="", sequence=0)  # nothing will wait for its place
            if item.stream:
                return item  # not for us, yet its place in the sequence counts
            raise TYPE_UNKNOWN.invalid("type", type=envelope.type if fact else _UNLISTED)
        event = parse_event(envelope, fact)
        digest = self._digest(event.data) if item.key else item.digest
        changes: dict[str, Any] = {"input": event, "handler": handler, "digest": digest}
        if handler.own_identity:
            changes |= {"key": "", "written_key": ""}
        return replace(item, **changes | _prepare(handler, event))


def read_sender(value: bytes) -> tuple[str, str]:
    """Source and id, as far as they can be read of what is no event. Raises nothing: what cannot be
    read takes no record of its batch with it."""
    try:
        attributes = json.loads(value)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(attributes, dict):
        return "", ""
    return _take_text(attributes.get("source")), _take_text(attributes.get("id"))


def _take_text(value: object) -> str:
    """Empty for what is no text, or none that can be stored: half a character of two."""
    return value if isinstance(value, str) and value.isprintable() else ""


def _get_value(item: Item) -> bytes:
    assert item.incoming is not None
    return item.incoming.value


def _prepare(handler: AnyHandler, value: AnyInput) -> dict[str, Any]:
    """What an item's input becomes by the handler's `prepare`, or why it cannot be decided; a bug
    in that is its event's bug."""
    if handler.prepare is None:
        return {}
    try:
        return {"input": handler.prepare(value)}
    except Invalid as invalid:
        return {"problems": invalid.problems}
    except Exception as bug:
        return {"problems": (describe_bug(bug),), "traceback": format_traceback(bug)}


def describe_bug(bug: Exception) -> Problem:
    return BUG.problem(name=type(bug).__name__)


def format_traceback(bug: Exception) -> str:
    return "".join(traceback.format_exception(bug))


@lru_cache(maxsize=4096)  # asked for by each event and each new aggregate of an item
def _derive_cause(identity: str) -> str:
    """`source|id`, as a foreign event or a caller's key has it, by the name our events give it."""
    source, _, message_id = identity.partition("|")
    return derive_cause_id(source, message_id)


def _make_own_item(incoming: Incoming, envelope: Envelope) -> Item:
    if not envelope.sequence or not envelope.subject:
        raise SEQUENCE_MISSING.invalid()
    return Item(
        incoming=incoming,
        stream=f"{envelope.source}|{envelope.subject}",
        sequence=int(envelope.sequence),
        subject=envelope.subject or "",
    )


def parse_incoming(record: Any, cluster: str) -> Incoming:
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
