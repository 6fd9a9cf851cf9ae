"""One decision carried out: what it read, what it came to, and why it failed. No I/O."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.messaging.decision import NOTHING, AnyRef, Decision, Ref, State, States
from shared.messaging.inbox import Item


class UnreadState(RuntimeError):  # noqa: N818 - what it is
    """A decision changes an aggregate that it did not read."""


class TooManyReads(RuntimeError):  # noqa: N818 - what it is
    """A decision still reads something new after many loads."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision and the aggregates that it read, as they were; `NOTHING` when it failed."""

    decision: Decision
    read: Mapping[AnyRef, State | None]
    error: Exception | None = None

    @property
    def writes(self) -> bool:
        """What it writes is checked against the database by version; anything else is not."""
        decision = self.decision
        return bool(decision.states or decision.events or decision.records)

    def is_current(self, view: Mapping[AnyRef, State | None]) -> bool:
        return all(view[ref] is state for ref, state in self.read.items())


def decide(item: Item, view: Mapping[AnyRef, State | None], now: datetime) -> Decided:
    """Raises NotLoaded alone: what the decision raises is its result."""
    assert item.handler is not None
    states, decision, error = States(view), NOTHING, None
    try:
        decision = item.handler.decide(states, item.input, now)
        check_decision(decision, states.read)
    except Exception as failure:
        decision, error = NOTHING, failure
    return Decided(decision, {ref: view[ref] for ref in states.read}, error)


def check_decision(decision: Decision, read: Container[AnyRef]) -> None:
    """Raises UnreadState or ValueError, both bugs of the decision.

    A state that was not read would be written over whatever another decision wrote meanwhile.
    """
    for state in decision.states:
        if Ref(type(state), state.id) not in read:
            raise UnreadState(f"{type(state).__name__} {state.id} is changed and was not read")
    for aggregate, _ in decision.events:
        if aggregate not in decision.states:
            raise ValueError(f"{type(aggregate).__name__} has an event and is not among the states")
