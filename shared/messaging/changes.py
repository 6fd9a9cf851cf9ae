"""What goes into a fold and what comes out: the snapshot loaded, the changes to write."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Protocol

from shared.contracts.events import RecordAnswered
from shared.errors import Problem
from shared.messaging.decision import Answer, AnyRef, Record, State
from shared.messaging.inbox import Item


@dataclass(frozen=True, slots=True)
class Loaded:
    """An aggregate as found; version 0 and no state is one that is not there.

    is_remembered: as this process wrote it last; another may have written it since. size: about
    the bytes of its document.
    """

    state: State | None
    version: int = 0
    emitted: int = 0
    is_remembered: bool = False
    size: int = 0


class Remembered(Protocol):
    """What needs no load, though another process may have changed it since."""

    def get(self, ref: AnyRef, /) -> Loaded | None: ...


def _remember_nothing() -> Remembered:
    nothing: dict[AnyRef, Loaded] = {}
    return nothing


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A stored idempotency key: what it was used for, and the answer given."""

    digest: bytes
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """states: grows while decisions ask for more. sequences: the last one of each stream;
    revisions: how often that was written. parked: by stream, then by sequence. assumed: streams
    that were not looked for, since they begin or this process remembers how far it worked them.
    """

    states: dict[AnyRef, Loaded]
    sequences: Mapping[str, int]
    revisions: Mapping[str, int]
    keys: Mapping[str, StoredKey]
    parked: Mapping[str, Mapping[int, Item]]
    remembered: Remembered = field(default_factory=_remember_nothing)
    assumed: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One of our events, encoded; `id` and `correlation_id` are for the log line it gets.

    trace_id: of the trace in which it is exported as a span; empty where it is not.
    """

    topic: str
    key: str
    value: bytes
    id: str = ""
    correlation_id: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why an item cannot be worked. `traceback` marks a bug."""

    item: Item
    problems: tuple[Problem, ...]
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an item; `answer` and `error` are for the caller of a command.

    problems, dead_letter: why it cannot be worked, and the id under which it is kept.
    """

    kind: str
    answer: Answer | None = None
    error: Exception | None = None
    problems: tuple[Problem, ...] = ()
    dead_letter: str = ""


@dataclass(slots=True)
class Changes:
    """Everything one transaction writes, and the result of each item worked."""

    states: dict[AnyRef, State] = field(default_factory=dict)
    read: set[AnyRef] = field(default_factory=set)
    emitted: dict[AnyRef, int] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    parked: dict[tuple[str, int], Item] = field(default_factory=dict)
    unparked: set[tuple[str, int]] = field(default_factory=set)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    settled_dead_letters: dict[str, str] = field(default_factory=dict)
    feedback: dict[str, list[tuple[int, RecordAnswered]]] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    bytes: int = 0
