"""Appending inside a decision: the head moves on, leaves are kept, events tell of each."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from services.audit.ledger.entries import Draft, Fact, seal
from services.audit.model import Entry, LogHead, entry_id
from shared.contracts.events import LedgerFact
from shared.messaging.decision import Answer, Decision, Record, State, States

L = TypeVar("L", bound=LedgerFact)
HERE = "/audit"
"""The source of what audit itself is the first to say."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry appended."""

    log: str
    index: int
    text: str

    def told(self, fact: type[L], **said: Any) -> L:
        return fact(log=self.log, index=self.index, entry=self.text, **said)

    @property
    def place(self) -> dict[str, Any]:
        """For the state that the entry is about."""
        return {"log": self.log, "entry": self.index}


@dataclass(slots=True)
class Writer:
    """What one decision writes. An aggregate that changes twice is kept as it is at last.

    The first thing written in a new year begins the new year's log.
    """

    head: LogHead
    now: datetime
    _states: dict[tuple[type[State], str], State] = field(default_factory=dict)
    _told: list[tuple[State, LedgerFact]] = field(default_factory=list)
    _records: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, states: States, foundation: str, now: datetime) -> "Writer":
        head = states.get(LogHead, foundation)
        assert head is not None, "every foundation's log is founded before anything is read"
        return cls(head.in_year_of(now), now)

    def append(self, draft: Draft) -> Leaf:
        head = self.head
        grown, sealed = seal(head.for_writing(), draft, self.now)
        kept = {"log": head.origin, "index": sealed.index, "leaf": sealed.raw}
        self._records.append(Record(Entry.COLLECTION, entry_id(head.origin, sealed.index), kept))
        self.head = head.grown_to(grown)
        return Leaf(head.origin, sealed.index, sealed.raw.decode())

    def here(self, what: str, subject: str, since: datetime | None = None) -> Fact:
        """A fact of our own. what: with the subject, unique in the log."""
        return Fact({"id": f"{what}:{subject}", "source": HERE}, subject, since or self.now)

    def keep(self, *states: State) -> None:
        self._states |= {(type(state), state.id): state for state in states}

    def tell(self, speaker: State, fact: LedgerFact) -> None:
        """Keeps the speaker too."""
        self.keep(speaker)
        self._told.append((speaker, fact))

    def decision(self, *states: State, answer: Answer | None = None) -> Decision:
        self.keep(*states)
        events = tuple((self._states[type(s), s.id], fact) for s, fact in self._told)
        return Decision((self.head, *self._states.values()), events, answer, tuple(self._records))
