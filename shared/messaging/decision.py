"""The vocabulary of decisions: states in, a decision out. No I/O here.

A service author writes one pure function for one event or command,
`decide(states, input, now) -> Decision`. It reads aggregates from `states`; the processor loads
what it reads. `shared.messaging.processor` runs decisions in batches, in one transaction with inbox
and outbox.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, cast, overload

from pydantic import ConfigDict
from typing_extensions import TypeVar

from shared.answers import Answer as Answer
from shared.contracts.envelope import Fact
from shared.contracts.frozen import Frozen
from shared.contracts.values import Value


class State(Frozen):
    """An aggregate: loaded by id, written with its version.

    due_at: its deadline, if any. correlation_id: the first cause of it, kept by the processor;
    whatever it says later belongs to the same story. HAS_DEADLINES: whether it is found by its
    deadline (`mongo.find_due`): only then is that indexed. RETIRED_FIELDS: of earlier releases;
    they are removed from stored documents. Other unknown fields stay: a later release wrote them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    COLLECTION: ClassVar[str]
    HAS_DEADLINES: ClassVar[bool] = False
    RETIRED_FIELDS: ClassVar[frozenset[str]] = frozenset()

    id: str
    due_at: datetime | None = None
    correlation_id: str = ""

    @property
    def deadline(self) -> datetime:
        """Of a state that was found by it (`mongo.find_due`). ValueError where it has none."""
        if self.due_at is None:
            raise ValueError(f"{type(self).__name__} {self.id} has no deadline")
        return self.due_at


S = TypeVar("S", bound=State)
S2 = TypeVar("S2", bound=State)
S3 = TypeVar("S3", bound=State)
S4 = TypeVar("S4", bound=State)
S5 = TypeVar("S5", bound=State)
T = TypeVar("T")
# Without a parameter, a Ref is one of any state, a Command of any value.
S_co = TypeVar("S_co", bound=State, covariant=True, default=State)
V = TypeVar("V", bound=Value)
C_co = TypeVar("C_co", bound=Value, covariant=True, default=Value)


class Ref(NamedTuple, Generic[S_co]):
    """Names an aggregate before it is loaded.

    A tuple, which is hashed and compared without a call into Python: a record asks for it a hundred
    and fifty times.
    """

    state: type[S_co]
    id: str


AnyRef = Ref[State]


class NotLoaded(BaseException):
    """A decision reads what is not loaded yet: the processor loads it and decides again.

    No `Exception`: a decision that catches its own failures must not catch this.
    """

    def __init__(self, refs: Iterable[AnyRef]) -> None:
        super().__init__()
        self.refs = tuple(refs)


class StateMissing(LookupError):  # noqa: N818 - the architecture's word
    """A decision requires an aggregate that does not exist: a bug."""


class States:
    """The aggregates as a decision sees them. Reading one declares that the decision needs it.

    A decision may run several times before it is carried out: each run reads until something is
    not loaded. What is asked for in one call is loaded at once, so a decision names in one call
    all that it can name.
    """

    def __init__(self, states: Mapping[AnyRef, State | None]) -> None:
        self._states = states
        self.read: set[AnyRef] = set()

    def get(self, state: type[S], id_: str) -> S | None:
        """The aggregate, or None if there is none."""
        (value,) = self._read(Ref(state, id_))
        return cast("S | None", value)

    def require(self, state: type[S], id_: str) -> S:
        """The aggregate. Raises StateMissing, a bug: use it where it cannot be absent."""
        value = self.get(state, id_)
        if value is None:
            raise StateMissing(f"{state.__name__} {id_} does not exist")
        return value

    @overload
    def get_each(
        self, first: tuple[type[S], str], second: tuple[type[S2], str], /
    ) -> tuple[S | None, S2 | None]: ...

    @overload
    def get_each(
        self,
        first: tuple[type[S], str],
        second: tuple[type[S2], str],
        third: tuple[type[S3], str],
        /,
    ) -> tuple[S | None, S2 | None, S3 | None]: ...

    @overload
    def get_each(
        self,
        first: tuple[type[S], str],
        second: tuple[type[S2], str],
        third: tuple[type[S3], str],
        fourth: tuple[type[S4], str],
        /,
    ) -> tuple[S | None, S2 | None, S3 | None, S4 | None]: ...

    @overload
    def get_each(
        self,
        first: tuple[type[S], str],
        second: tuple[type[S2], str],
        third: tuple[type[S3], str],
        fourth: tuple[type[S4], str],
        fifth: tuple[type[S5], str],
        /,
    ) -> tuple[S | None, S2 | None, S3 | None, S4 | None, S5 | None]: ...

    def get_each(self, *named: tuple[type[State], str]) -> tuple[State | None, ...]:
        """Several aggregates of any types, loaded at once: `(Commitment, a), (Fund, b)`."""
        return self._read(*(Ref(state, id_) for state, id_ in named))

    def get_many(self, state: type[S], ids: Iterable[str]) -> dict[str, S]:
        """All aggregates of one type that exist, by id, loaded at once."""
        ids = list(ids)
        values = self._read(*(Ref(state, id_) for id_ in ids))
        return {
            id_: cast("S", value)
            for id_, value in zip(ids, values, strict=True)
            if value is not None
        }

    def prefetch(self, *refs: AnyRef) -> None:
        """Loads these at once, for the reads that follow."""
        self._read(*refs)

    def _read(self, *refs: AnyRef) -> tuple[State | None, ...]:
        """Raises NotLoaded with all that are not there."""
        self.read.update(refs)
        states = self._states
        try:
            return tuple([states[ref] for ref in refs])
        except KeyError:
            raise NotLoaded([ref for ref in refs if not self._is_there(ref)]) from None

    def _is_there(self, ref: AnyRef) -> bool:
        try:
            self._states[ref]
        except KeyError:
            return False
        return True

    def __contains__(self, ref: AnyRef) -> bool:
        return ref in self._states


@dataclass(frozen=True, slots=True)
class Record:
    """Something appended and never changed, such as a ledger entry. A taken id is a conflict."""

    collection: str
    id: str | int
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Decision:
    """states: every changed aggregate; events: (the aggregate that speaks, its fact), in order."""

    states: tuple[State, ...] = ()
    events: tuple[tuple[State, Fact], ...] = ()
    answer: Answer | None = None
    records: tuple[Record, ...] = ()


NOTHING = Decision()


@dataclass(frozen=True, slots=True)
class Command(Generic[C_co]):
    """Something a person, a partner or a deadline asks for.

    key: idempotency key, unique among all callers (it contains who called); empty for internal
    commands, whose `decide` must itself ignore a repetition.
    """

    data: C_co
    key: str = ""
    principal: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""

    def with_data(self, data: V) -> "Command[V]":
        """The same person's, with the same key: sealed, or turned to what it stands for."""
        return replace(cast("Command[Any]", self), data=data)


class Due(Value):
    """A deadline has passed; `decide` ignores one that is not the state's."""

    aggregate_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Handler(Generic[T]):
    """How one type of event or command is decided.

    prepare: turns a parsed event into what is decided (intake seals personal data here).
    own_identity: `decide` itself tells a repeated foreign event from a reused id (audit logs it).
    """

    decide: Callable[[States, T, datetime], Decision]
    prepare: Callable[[T], T] | None = None
    own_identity: bool = False


AnyHandler = Handler[Any]
"""A table of handlers says at each row of what it is; a handler itself is typed by its `decide`."""
