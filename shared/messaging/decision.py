"""The functional core's words: states in, a decision out. No I/O here.

A service author writes, for one event or command,
`touches(input) -> refs` and `decide(states, input, now) -> Decision`;
`shared.messaging.processor` runs them in batches, in one transaction with inbox and outbox.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from shared.answers import Answer as Answer
from shared.contracts.envelope import Fact
from shared.contracts.values import Value
from shared.errors import Problem, refuse


class State(BaseModel):
    """An aggregate: loaded by id, written with its version.

    due_at: its deadline, if any. correlation_id: the first cause of it, kept by the processor;
    whatever it says later belongs to the same story.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    COLLECTION: ClassVar[str]

    id: str
    due_at: datetime | None = None
    correlation_id: str = ""


S = TypeVar("S", bound=State)
T = TypeVar("T")
C = TypeVar("C", bound=Value)


@dataclass(frozen=True, slots=True)
class Ref(Generic[S]):
    """Names an aggregate before it is loaded."""

    state: type[S]
    id: str


AnyRef = Ref[Any]


class States:
    """The aggregates a decision may read: those its input touches. `None` is one that is not."""

    def __init__(self, states: Mapping[AnyRef, State | None]) -> None:
        self._states = states
        self.read: set[AnyRef] = set()

    def get(self, state: type[S], id_: str) -> S | None:
        """Raises KeyError when `touches` did not name it: a bug in the handler."""
        ref = Ref(state, id_)
        self.read.add(ref)
        return cast("S | None", self._states[ref])

    def __contains__(self, ref: AnyRef) -> bool:
        return ref in self._states


@dataclass(frozen=True, slots=True)
class Record:
    """Something appended and never changed, such as a ledger entry. A taken id is a conflict."""

    collection: str
    id: str | int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """states: every changed aggregate; events: (the aggregate that speaks, its fact), in order."""

    states: tuple[State, ...] = ()
    events: tuple[tuple[State, Fact], ...] = ()
    answer: Answer | None = None
    records: tuple[Record, ...] = ()


NOTHING = Decision()


@dataclass(frozen=True, slots=True)
class Command(Generic[C]):
    """Something a person, a partner or a deadline asks for.

    key: idempotency key, unique among all callers (it contains who called); empty for internal
    commands, whose `decide` must itself ignore a repetition.
    """

    data: C
    key: str = ""
    principal: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""


class Due(Value):
    """A deadline has passed; `decide` ignores one that is not the state's."""

    aggregate_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Handler(Generic[T]):
    """How one type of event or command is decided.

    touches: every aggregate, from the input alone. follow: those that only the first ones name
    (a receipt names a dispatch, the dispatch its notice); called with what `touches` named loaded.
    prepare: turns a parsed event into what is decided (intake seals personal data here).
    own_identity: `decide` itself tells a repeated foreign event from a reused id (audit logs it).
    """

    touches: Callable[[T], Iterable[AnyRef]]
    decide: Callable[[States, T, datetime], Decision]
    follow: Callable[[States, T], Iterable[AnyRef]] | None = None
    prepare: Callable[[T], T] | None = None
    own_identity: bool = False


def refusal(status: int, code: str, zh: str, en: str, field: str = "") -> Answer:
    """A command that was understood and is not carried out: 404 unknown, 409 not in this state."""
    return refuse(status, Problem(code, zh, en, field))
